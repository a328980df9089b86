import { expect, test } from "bun:test";
import { foreignCommits, type NewCommit } from "./foreign-commits.ts";

function commit(id: string, more: Partial<NewCommit> = {}): NewCommit {
  const fields = { tree: `tree of ${id}`, parents: ["start"], author: "A <a@x>", subject: "s" };
  return { commit: id, ...fields, ref: "refs/heads/x", ...more };
}

const attempts = new Map([["kept", { name: "refs/dgov/keep/r/a/1", tree: "tree of a" }]]);

test.each<[string, NewCommit, string | null]>([
  ["another commit", commit("x"), null],
  ["a commit with an attempt's tree", commit("x", { tree: "tree of a" }), "refs/dgov/keep/r/a/1"],
  ["a commit on an attempt's", commit("x", { parents: ["kept"] }), "refs/dgov/keep/r/a/1"],
  ["a merge of an attempt's", commit("x", { parents: ["m", "kept"] }), "refs/dgov/keep/r/a/1"],
  ["an attempt's own commit", commit("kept"), "refs/dgov/keep/r/a/1"],
])("C19 %s is foreign", (_name, one, madeFrom) => {
  const o = { own: new Set(["landed"]), attempts, commonTrees: new Set<string>() };
  expect(foreignCommits([one, commit("landed")], o)).toMatchObject([
    { commit: one.commit, madeFrom },
  ]);
});

test("C19 an attempt without a change has the tree of its base, which is no sign of it", () => {
  const o = { own: new Set<string>(), attempts, commonTrees: new Set(["tree of a"]) };
  const found = foreignCommits([commit("x", { tree: "tree of a" })], o);
  expect(found).toMatchObject([{ commit: "x", madeFrom: null }]);
});
