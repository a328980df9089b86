/** The conflict radar: conflicts are predicted while the workers run. */
import { describe, expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { testProject, unit, untilEvent } from "../harness/project.ts";

describe("conflict radar", () => {
  test.concurrent("a rename by one worker and a call by another are predicted as a conflict while both run", async () => {
    const predicted = Promise.withResolvers<void>();
    const write = (key: string, path: string, content: string) => ({
      unit: unit(key),
      turns: [
        call("write_file", { path, content }),
        { ...done("ok"), until: () => predicted.promise },
      ],
    });
    await using p = await testProject({
      files: { "price.ts": "export function price(n: number) {\n  return n;\n}\n" },
      tasks: { a: { files: { edit: ["price.ts"] } }, b: { files: { create: ["shop.ts"] } } },
      plan: { max_retries: 0 },
      script: {
        rules: [
          write("a", "price.ts", "export function cost(n: number) {\n  return n;\n}\n"),
          write(
            "b",
            "shop.ts",
            'import { price } from "./price.ts";\nexport const one = price(1);\n',
          ),
        ],
      },
    });
    const running = p.dgov(["run", "p", "--json"]);
    await untilEvent(p, "conflict.predicted");
    predicted.resolve();
    const { radar, units } = JSON.parse((await running).stdout);
    const phases = units.map((one: { phase: string }) => one.phase).sort();
    expect(phases).toEqual(["failed", "landed"]);
    const [prediction] = radar.predictions;
    expect([prediction.kind, prediction.symbol, prediction.outcome]).toEqual([
      "stale_reference",
      "price",
      "true",
    ]);
    expect([radar.predictions.length, radar.came_true, radar.missed]).toEqual([1, 1, 0]);
  });

  test.concurrent("A23 nothing is predicted for a unit whose neighbour breaks itself", async () => {
    const looked = Promise.withResolvers<void>();
    const write = (key: string, path: string, content: string) => ({
      unit: unit(key),
      turns: [
        call("write_file", { path, content }),
        { ...done("ok"), until: () => looked.promise },
      ],
    });
    await using p = await testProject({
      files: {
        "price.ts": "export function price(n: number) {\n  return n;\n}\n",
        "shop.ts": 'import { price } from "./price.ts";\nexport const one = price(1);\n',
        "other.ts": "export const two = 2;\n",
      },
      tasks: { x: { files: { edit: ["price.ts"] } }, y: { files: { edit: ["other.ts"] } } },
      plan: { max_retries: 0 },
      script: {
        rules: [
          write("x", "price.ts", "export function cost(n: number) {\n  return n;\n}\n"),
          write("y", "other.ts", "export const two = 3;\n"),
        ],
      },
    });
    const running = p.dgov(["run", "p", "--json"]);
    const both = (e: { type: string; data: Record<string, unknown> }): boolean =>
      e.type === "radar.looked" && (e.data["units"] as string[]).length === 2;
    while (!p.telemetry().some(both)) await Bun.sleep(20);
    looked.resolve();
    const { radar, units } = JSON.parse((await running).stdout);
    expect(units.map((one: { unit: string; phase: string }) => [one.unit, one.phase])).toEqual([
      [unit("x"), "failed"],
      [unit("y"), "landed"],
    ]);
    expect(radar.predictions).toEqual([]);
  });

  test.concurrent("a conflict of an attempt with a new commit on the target is predicted while it runs", async () => {
    const predicted = Promise.withResolvers<void>();
    await using p = await testProject({
      files: { "doc.txt": "one\n" },
      tasks: { a: { files: { edit: ["doc.txt"] } } },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [
              call("write_file", { path: "doc.txt", content: "the worker's\n" }),
              { ...done("ok"), until: () => predicted.promise },
            ],
          },
        ],
      },
    });
    const running = p.dgov(["run", "p", "--json"]);
    await untilEvent(p, "worker.started");
    await Bun.write(`${p.root}/doc.txt`, "the operator's\n");
    await p.repo.git("commit", "-qam", "mine");
    await untilEvent(p, "conflict.predicted");
    predicted.resolve();
    const run = await running;
    const { radar, status } = JSON.parse(run.stdout);
    expect(status).toBe("complete");
    expect(radar).toEqual({
      predictions: [
        {
          at: expect.any(String),
          unit: unit("a"),
          with: null,
          kind: "text_conflict",
          path: "doc.txt",
          symbol: null,
          message: "both change doc.txt",
          outcome: "true",
        },
      ],
      came_true: 1,
      came_false: 0,
      missed: 0,
    });
    expect(run.stderr).toContain("conflict predicted with the target: both change doc.txt");
  });
});
