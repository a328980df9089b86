/** P1: only changes that passed every gate on exactly the landed tree land; all others are reported. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type TaskSpec, testProject, unit } from "../harness/project.ts";

/** Passes when every name in uses.txt is defined in defs.txt. */
const check = `#!/bin/sh
while read -r name; do
  grep -qx "$name" defs.txt || { echo "undefined: $name"; exit 1; }
done < uses.txt
echo fine
`;

describe("conditions of landing", () => {
  test.concurrent("A1 of two tasks that pass alone and fail together, the second is rejected and the target stays valid", async () => {
    // Both must have started before either continues: on their common base, each is valid.
    const begun = { rename: Promise.withResolvers<void>(), caller: Promise.withResolvers<void>() };
    const both = (key: keyof typeof begun) => () => {
      begun[key].resolve();
      return Promise.all([begun.rename.promise, begun.caller.promise]);
    };
    await using p = await testProject({
      files: { "check.sh": check, "defs.txt": "old\n", "uses.txt": "old\n" },
      tasks: {
        rename: { files: ["defs.txt", "uses.txt"] },
        caller: { files: ["uses2/**", "check.sh"], depends_on: [] },
      },
      plan: { max_retries: 0 },
      config: { project: { test_cmd: "sh check.sh" }, run: { jobs: 2 } },
      script: {
        rules: [
          {
            unit: unit("rename"),
            turns: [
              {
                until: both("rename"),
                calls: [
                  {
                    tool: "edit_file",
                    args: { path: "defs.txt", old_text: "old\n", new_text: "new\n" },
                  },
                  {
                    tool: "edit_file",
                    args: { path: "uses.txt", old_text: "old\n", new_text: "new\n" },
                  },
                ],
              },
              done("renamed"),
            ],
          },
          {
            // Requires `old` to be defined: true on its own base, false after the rename.
            unit: unit("caller"),
            turns: [
              {
                until: both("caller"),
                ...call("edit_file", {
                  path: "check.sh",
                  old_text: "echo fine\n",
                  new_text:
                    "grep -qx old defs.txt || { echo 'undefined: old'; exit 1; }\necho fine\n",
                }),
              },
              done("added a caller"),
            ],
          },
        ],
      },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    const document = JSON.parse(run.stdout);
    expect(document.status).toBe("partial");
    expect(run.exitCode).toBe(1);
    const landed = await p.landed();
    expect(landed).toHaveLength(1);
    const prepared = p.events().filter((e) => e.type === "attempt.prepared");
    expect(prepared.map((e) => [e.attempt, e.data["base"]])).toEqual([
      [1, prepared[0]?.data["base"]],
      [1, prepared[0]?.data["base"]],
    ]);
    const loser = landed[0] === unit("rename") ? "caller" : "rename";
    const rejected = p
      .events()
      .filter((e) => e.type === "attempt.rejected" && e.unit === unit(loser));
    expect(JSON.stringify(rejected.map((e) => e.data))).toContain("undefined: ");
    const green = Bun.spawnSync(["sh", "check.sh"], { cwd: p.repo.path, env: p.env });
    expect(green.exitCode).toBe(0);
  });

  test.concurrent("A2 the landed commit is the validated candidate, and gates ran on its tree", async () => {
    await using p = await testProject({
      files: { "check.sh": "#!/bin/sh\nexit 0\n" },
      tasks: { a: {}, b: {} },
      config: { project: { test_cmd: "sh check.sh" } },
      script: {
        rules: ["a", "b"].map((key) => ({
          unit: unit(key),
          turns: [call("write_file", { path: `${key}.txt`, content: key }), done("ok")],
        })),
      },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    const events = p.events();
    for (const landing of events.filter((e) => e.type === "landing.finished")) {
      const commit = String(landing.data["commit"]);
      const built = events.find((e) => e.type === "candidate.built" && e.data["commit"] === commit);
      const tree = await p.repo.git("rev-parse", `${commit}^{tree}`);
      expect(built?.data["tree"]).toBe(tree);
      const gates = events.filter(
        (e) => e.type === "gates.finished" && e.data["tree"] === tree && e.seq < landing.seq,
      );
      expect(gates.map((e) => e.data["verdicts"])).toContainEqual(
        expect.objectContaining({ tests: "passed" }),
      );
      expect(await p.repo.git("merge-base", "--is-ancestor", commit, "main")).toBe("");
    }
    expect(await p.landed()).toHaveLength(2);
  });

  test.concurrent("A3 a run with skipped units is not complete", async () => {
    await using p = await testProject({
      tasks: { a: {}, b: { depends_on: ["a"] } },
      script: { rules: [{ unit: unit("a"), turns: [done("cannot", { status: "blocked" })] }] },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    const document = JSON.parse(run.stdout);
    expect(document.status).toBe("failed");
    expect(document.units.map((u: { unit: string; phase: string }) => [u.unit, u.phase])).toEqual([
      [unit("a"), "failed"],
      [unit("b"), "skipped"],
    ]);
    expect(run.exitCode).toBe(1);
  });

  const cannot = done("cannot", { status: "blocked" });
  const no = done("read it", { result: { approved: false, issues: ["wrong"] } });
  test.concurrent.each<[string, Record<string, TaskSpec>, ModelTurn[], [string, string][]]>([
    [
      "violates its read scope",
      { a: { files: { create: ["a.txt"], read: ["readme.txt"] } } },
      [call("run_bash", { command: "echo x >> readme.txt; echo a > a.txt" }), done("ok")],
      [["a", "failed"]],
    ],
    [
      "is a researcher without an answer",
      { a: { role: "researcher" } },
      [cannot],
      [["a", "failed"]],
    ],
    [
      "times out",
      { a: { timeout_s: 1 }, b: { depends_on: ["a"] } },
      [{ ...cannot, fault: { kind: "hang_before_headers" } }],
      [
        ["a", "timed_out"],
        ["b", "skipped"],
      ],
    ],
  ])("A3 a run with a unit that %s is not complete", async (_what, tasks, turns, phases) => {
    await using p = await testProject({
      tasks,
      plan: { max_retries: 1 },
      config: { run: { timeout_retries: 0 } },
      script: { rules: [{ unit: unit("a"), turns }] },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    const document = JSON.parse(run.stdout);
    expect([document.status, run.exitCode]).toEqual(["failed", 1]);
    const units: { unit: string; phase: string }[] = document.units;
    expect(units.map((u) => [u.unit, u.phase])).toEqual(
      phases.map(([key, phase]) => [unit(key), phase]),
    );
    expect(existsSync(join(p.root, ".dgov/plans/p/_root.toml"))).toBe(true);
    expect(JSON.parse((await p.dgov(["status", "--json"])).stdout)).toMatchObject({
      runs: [{ phase: "failed" }],
    });
  });

  test.concurrent("A3 a run is not complete when a reviewer rejects after all landings", async () => {
    await using p = await testProject({
      tasks: { a: {}, r: { role: "reviewer", depends_on: ["a"] } },
      script: {
        rules: [
          { unit: unit("r"), turns: [no] },
          { turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")] },
        ],
      },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(await p.landed()).toEqual([unit("a")]);
    expect([JSON.parse(run.stdout).status, run.exitCode]).toEqual(["partial", 1]);
  });

  test.concurrent.each([
    ["reports done with an empty diff", done("all good"), "empty_diff"],
    ["reports incomplete", done("half way", { status: "incomplete" }), "incomplete"],
    ["reports blocked", done("no way", { status: "blocked" }), "blocked"],
  ])("A15 a worker that %s does not land", async (_name, turn, verdict) => {
    await using p = await testProject({
      tasks: { a: {} },
      plan: { max_retries: 1 },
      script: { rules: [{ unit: unit("a"), turns: [turn] }] },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(JSON.parse(run.stdout).status).toBe("failed");
    expect(await p.landed()).toEqual([]);
    const verdicts = p
      .events()
      .filter((e) => e.type === "attempt.rejected")
      .map((e) => e.data["verdict"]);
    expect(verdicts[0]).toBe(verdict);
  });

  test.concurrent("E1 the details of a rejection are in run, JSON, review, watch, and the retry's prompt", async () => {
    await using p = await testProject({
      files: {
        "check.sh":
          "#!/bin/sh\n[ ! -e a.txt ] || grep -q right a.txt || { echo 'assertion of a failed: 17'; exit 3; }\n",
      },
      tasks: { a: {} },
      plan: { max_retries: 1 },
      config: { project: { test_cmd: "sh check.sh" } },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [call("write_file", { path: "a.txt", content: "wrong\n" }), done("tests pass")],
            attempt: 1,
          },
          { unit: unit("a"), turns: [done("still fine")] },
        ],
      },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    const wanted = ["tests", "sh check.sh", "3", "assertion of a failed: 17"];
    for (const text of wanted) {
      expect(run.stderr).toContain(text);
      expect(run.stdout).toContain(text);
    }
    const review = await p.dgov(["plan", "review", "p"]);
    const watch = await p.dgov(["watch", "--all", "--once"]);
    for (const text of wanted) {
      expect(review.stdout).toContain(text);
      expect(watch.stdout).toContain(text);
    }
    const retry = p.model.requests.find((r) => r.conversation.attempt === 2);
    for (const text of wanted) expect(JSON.stringify(retry?.body)).toContain(text);
  });
});
