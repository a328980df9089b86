/**
 * B5: kill -9 at every lifecycle event and at every fault point, of the runner alone and of its process
 * group; every continued run reaches the same landed tree. Needs the binary, which is fast enough for an
 * exhaustive test.
 */

import { describe, expect, test } from "bun:test";
import { done } from "../../src/demo/script.ts";
import { faultPoints } from "../../src/process/fault-injection.ts";
import { markedProcesses } from "../../src/process/tree.ts";
import { eventOf } from "../../src/runner/records.ts";
import { scaled } from "../harness/limits.ts";
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

/** Paths and contents of the target outside dgov's own folder. */
async function landedTree(p: TestProject): Promise<string> {
  const listing = await p.repo.git("ls-tree", "-r", "main");
  return listing
    .split("\n")
    .filter((line) => !line.includes("\t.dgov/"))
    .join("\n");
}

/** Continues the run until it is complete, at most three times. */
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
  // The fault point was reached less often than ordered, so nothing crashed.
  if (crashed.exitCode !== 137) return null;
  await settle(p);
  const label = `${order.fault}${order.group ? " (group)" : ""}`;
  const runs = new Set(p.events().map(({ run }) => run));
  const left = [...runs].flatMap((run) => markedProcesses(`${run}/`));
  expect([label, left]).toEqual([label, []]);
  expect([label, await landedTree(p)]).toEqual([label, wanted.tree]);
  expect([label, (await p.landed()).sort()]).toEqual([label, keys.map(unit)]);
  expect([label, await p.repo.git("status", "--porcelain", "--untracked-files=all")]).toEqual([
    label,
    "",
  ]);
  return label;
}

// Several hundred runs, only with DGOV_TEST_LONG=1.
describe.skipIf(process.env["DGOV_TEST_LONG"] !== "1")("crash and continue", () => {
  test(
    "B5 a crash at every lifecycle event and fault point, alone or with the group, continues to the same tree",
    async () => {
      let tree = "";
      let events = 0;
      {
        await using p = await project();
        expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
        tree = await landedTree(p);
        // Fault points lie between events that the kernel applied; changes are recorded with those events.
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
    },
    scaled(240_000),
  );
});
