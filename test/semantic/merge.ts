/** Text merge of the two sides of a case, file by file, as git does it. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scaled } from "../harness/limits.ts";
import type { Case, Tree } from "./corpus.ts";

/** The merged tree, and the paths that could not be merged (which it leaves out). */
export interface TextMerge {
  readonly tree: Tree;
  readonly conflicts: readonly string[];
}

const environment = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  LC_ALL: "C",
  HOME: tmpdir(),
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

/** Merges `ours` and `theirs` of a case over its base. Runs git; throws when git fails. */
export function mergeText({
  base,
  ours,
  theirs,
}: Pick<Case, "base" | "ours" | "theirs">): TextMerge {
  const tree = new Map<string, string>();
  const conflicts: string[] = [];
  for (const path of [...new Set([...base.keys(), ...ours.keys(), ...theirs.keys()])].sort()) {
    const merged = mergeFile(base.get(path), ours.get(path), theirs.get(path));
    if (merged === "conflict") conflicts.push(path);
    else if (merged.text !== undefined) tree.set(path, merged.text);
  }
  return { tree, conflicts };
}

type Text = string | undefined;

/** Merges one file; an undefined text is a missing file. */
function mergeFile(base: Text, ours: Text, theirs: Text): { text: Text } | "conflict" {
  if (ours === theirs || theirs === base) return { text: ours };
  if (ours === base) return { text: theirs };
  if (base === undefined || ours === undefined || theirs === undefined) return "conflict";
  const folder = mkdtempSync(join(tmpdir(), "dgov-corpus-"));
  try {
    const files = Object.entries({ ours, base, theirs }).map(([side, text]) => {
      const file = join(folder, side);
      writeFileSync(file, text);
      return file;
    });
    const run = Bun.spawnSync(["git", "merge-file", "-p", ...files], {
      cwd: folder,
      env: environment,
      timeout: scaled(10_000),
    });
    if (run.exitCode === 0) return { text: run.stdout.toString() };
    // An exit code from 1 to 127 counts the conflicts; any other is a failure of git.
    if (run.exitCode > 0 && run.exitCode < 128) return "conflict";
    throw new Error(`git merge-file failed: ${run.stderr.toString()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
