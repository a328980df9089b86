/**
 * B5: kill -9 at every lifecycle event and at every named fault point, of the runner alone and of its
 * whole group; every continuation reaches the same landed tree. Against the binary only: it is the
 * program people run, and fast enough to be exhaustive.
 */
import { describe, expect, test } from "bun:test";
import { done } from "../../src/demo/script.ts";
import { faultPoints } from "../../src/process/fault.ts";
import { eventOf } from "../../src/runner/records.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const keys = ["a", "b", "c", "d", "e", "f"];
const lanes = 3;

function project(): Promise<TestProject> {
  return testProject({
    files: { "check.sh": "#!/bin/sh\nexec test -e readme.txt\n" },
    tasks: {
      a: {},
      b: {},
      c: { depends_on: ["a"] },
      d: { depends_on: ["a", "b"] },
      e: {},
      f: { depends_on: ["e"] },
    },
    config: { project: { test_cmd: "sh check.sh" }, run: { jobs: 2 } },
    script: {
      rules: keys.map((key) => ({
        unit: unit(key),
        turns: [
          {
            calls: [
              { tool: "write_file", args: { path: `${key}.txt`, content: `${key}\n` } },
              { tool: "done", args: { status: "complete", summary: key } },
            ],
          },
          done(key),
        ],
      })),
    },
  });
}

/** What a person sees of the target: every path outside dgov's own folder, with its content. */
async function landedTree(p: TestProject): Promise<string> {
  const listing = await p.repo.git("ls-tree", "-r", "main");
  return listing
    .split("\n")
    .filter((line) => !line.includes("\t.dgov/"))
    .join("\n");
}

/** Continues until nothing is left to do; a few runs at the most. */
async function settle(p: TestProject): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    const run = await p.dgov(["run", "p", "--continue", "--json"]);
    if (run.exitCode === 0) return;
    if (tries === 2) throw new Error(`not settled: ${run.exitCode}\n${run.stdout}\n${run.stderr}`);
  }
}

interface Order {
  fault: string;
  group: boolean;
}

async function crashAndContinue(order: Order, wanted: { tree: string }): Promise<string | null> {
  await using p = await project();
  const env = { DGOV_FAULT: order.fault, ...(order.group ? { DGOV_FAULT_GROUP: "1" } : {}) };
  const crashed = await p.dgov(["run", "p"], env);
  // The point was not reached as often as ordered: nothing crashed.
  if (crashed.exitCode !== 137) return null;
  await settle(p);
  const label = `${order.fault}${order.group ? " (group)" : ""}`;
  expect([label, await landedTree(p)]).toEqual([label, wanted.tree]);
  expect([label, (await p.landed()).sort()]).toEqual([label, keys.map(unit)]);
  expect([label, await p.repo.git("status", "--porcelain", "--untracked-files=all")]).toEqual([
    label,
    "",
  ]);
  return label;
}

// Some hundred runs: asked for with DGOV_TEST_LONG=1, as the whole check does.
describe.skipIf(process.env["DGOV_TEST_LONG"] !== "1")("B5 crash anywhere, continue", () => {
  test("every lifecycle event and every fault point, alone and with the whole group", async () => {
    let tree = "";
    let events = 0;
    {
      await using p = await project();
      expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
      tree = await landedTree(p);
      // The points lie between events the kernel took in; each records its own changes with it.
      events = p.events().filter((record) => eventOf(record) !== null).length;
    }
    const named = faultPoints.filter((point) => !point.startsWith("recover."));
    const orders: Order[] = [];
    for (const group of [false, true]) {
      for (let n = 1; n <= events; n++) orders.push({ fault: `event.recorded@${n}`, group });
      for (const point of named) {
        const nth = /^(lock|finish)\./.test(point) ? 1 : 2;
        orders.push({ fault: `${point}@${nth}`, group });
      }
    }
    const crashed: string[] = [];
    const lane = async (): Promise<void> => {
      for (let order = orders.shift(); order !== undefined; order = orders.shift()) {
        const label = await crashAndContinue(order, { tree });
        if (label !== null) crashed.push(label);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    console.log(`B5: ${crashed.length} crashes recovered, ${events} lifecycle events`);
    expect(crashed.length).toBeGreaterThan(events);
  }, 240_000);
});
