/** The pages that `dgov watch` reads, on a log with events of several runs and plans. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Follow, newEvents } from "../../src/cli/commands/history/watch.ts";
import { openEventLog } from "../../src/log/event-log.ts";
import { RunLog } from "../harness/run-log.ts";

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** A log with a run of plan `p`, then runs of others with `others` events, then a second run of `p`. */
function project(others: number): string {
  const root = mkdtempSync(join(tmpdir(), "dgov-watch-"));
  roots.push(root);
  using log = openEventLog(root, { clock: { now: () => 0 } });
  const units = [{ unit: "a" }];
  log.append(new RunLog({ run: "r1", plan: "p", units }).finished("failed").news);
  const other = new RunLog({ run: "r2", plan: "q", units });
  while (other.news.length < others) other.phase("a", "working");
  if (others > 0) log.append(other.news);
  log.append(new RunLog({ run: "r3", plan: "p", units }).news);
  return root;
}

/** Runs and sequence numbers of all pages. */
function pages(root: string, follow: Partial<Follow>, pageSize: number): string[][] {
  const next = newEvents(root, { all: false, plan: undefined, since: null, ...follow }, pageSize);
  const read: string[][] = [];
  for (let page = next(); page.length > 0; page = next()) {
    read.push(page.map(({ run, seq }) => `${run} ${seq}`));
  }
  return read;
}

test.each([1, 2, 3, 4, 5])(
  "watch --plan goes on behind %i events of another plan, with pages of two",
  (others) => {
    const read = pages(project(others), { plan: "p", since: 0 }, 2);
    expect(read.flat()).toEqual(["r1 1", "r1 2", `r3 ${others + 3}`]);
  },
);

test("watch --plan without --since begins with the newest run of the plan", () => {
  expect(pages(project(3), { plan: "p" }, 2).flat()).toEqual(["r3 6"]);
  expect(pages(project(3), { plan: "q" }, 2).flat()).toEqual(["r2 3", "r2 4", "r2 5"]);
});

test("watch follows the newest run, and then every run after it", () => {
  const root = project(2);
  const next = newEvents(root, { all: false, plan: undefined, since: null }, 2);
  expect([next().map(({ run }) => run), next()]).toEqual([["r3"], []]);
  using log = openEventLog(root, { clock: { now: () => 0 } });
  log.append(new RunLog({ run: "r4", plan: "q", units: [] }).news);
  expect(next().map(({ run }) => run)).toEqual(["r4"]);
  expect(next()).toEqual([]);
});

test("watch --all reads every run in pages of at most the size given", () => {
  const read = pages(project(3), { all: true }, 2);
  expect(read.map((page) => page.length)).toEqual([2, 2, 2]);
  expect(pages(project(3), { all: true, since: 2 }, 9).flat()).toEqual([
    "r2 3",
    "r2 4",
    "r2 5",
    "r3 6",
  ]);
});
