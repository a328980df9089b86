/** Reading the versions of a merge from git, which may fail at any moment. */
import { expect, test } from "bun:test";
import { judgeMerge, type MergeChanges } from "../../src/settlement/merge-check.ts";
import { openTestRepo } from "../git/harness.ts";

const id = "1".repeat(40);
const none: ReadonlyMap<string, string> = new Map();
const trees = { base: id, ours: id, theirs: id, merged: id };

test("B17 files of a merge are read from git when a rule needs them, so a failure has a reader", async () => {
  await using g = await openTestRepo({});
  const broken = { ...g.r, commonDir: `${g.scratch}/gone` };
  const added = new Map([["a.py", id]]);
  const adds: MergeChanges = {
    trees,
    base: none,
    ours: none,
    theirs: added,
    merged: added,
    leftOut: 0,
  };
  await expect(judgeMerge(broken, adds)).rejects.toThrow("gone");
  // No rule reads a deleted file. A failed reading without a reader would change the exit code of the process.
  const old = new Map([["a.bin", id]]);
  const deletes: MergeChanges = {
    trees,
    base: old,
    ours: old,
    theirs: none,
    merged: none,
    leftOut: 0,
  };
  expect(await judgeMerge(broken, deletes)).toMatchObject({ findings: [], notes: [] });
});
