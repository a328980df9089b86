/** Ignored files of the operator's checkout that match patterns in the syntax of `.gitignore`. Git does the matching. */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRepository, must, nulSplit } from "./git.ts";
import type { Oid } from "./objects.ts";
import { inPrivate, type PrivateGit, withPrivateGit } from "./private-dir.ts";
import type { Repository } from "./repository.ts";
import { ignoredPaths } from "./working-tree.ts";

interface PatternMatches {
  /** Untracked paths that match; a nested repository ends in "/". */
  matched: string[];
  /** Those that git ignores. */
  ignored: ReadonlySet<string>;
  /** Patterns, as given, that match no path. */
  unused: string[];
}

/** Patterns that are tried one by one, to name those that match nothing. */
const namedPatternsMax = 100;

/**
 * Matches the untracked paths of the checkout against patterns, of which later ones take precedence. `commit` tells which
 * paths are tracked. More than `pathsMax` matches are only counted: `ignored` and `unused` are empty then.
 */
export async function matchUntracked(
  r: Repository,
  o: { commit: Oid | null; patterns: readonly string[]; pathsMax: number },
): Promise<PatternMatches> {
  const found = await withPrivateGit(r, { near: tmpdir(), workTree: r.topLevel }, async (g) => {
    const index = join(g.dir, "index");
    const read = ["read-tree", ...(o.commit === null ? ["--empty"] : [o.commit])];
    await must(inPrivate(g, read, { index }), "reading HEAD");
    const matched = await matching(g, o.patterns, []);
    if (matched.length > o.pathsMax) return { matched, unused: [] };
    const unused: string[] = [];
    for (const pattern of o.patterns.slice(0, namedPatternsMax)) {
      if (!isPositive(pattern)) continue;
      const uses = matched.length > 0 && (await matching(g, [pattern], matched)).length > 0;
      if (!uses) unused.push(pattern);
    }
    return { matched, unused };
  });
  const isBounded = found.matched.length <= o.pathsMax;
  const ignored = isBounded ? await ignoredPaths(r, found.matched) : new Set<string>();
  return { ...found, ignored };
}

/** True for a pattern that can match: no comment, blank line or exception. */
function isPositive(pattern: string): boolean {
  return pattern.trim() !== "" && !/^[#!]/.test(pattern);
}

async function matching(
  g: PrivateGit,
  patterns: readonly string[],
  among: readonly string[],
): Promise<string[]> {
  const file = join(g.dir, "include");
  writeFileSync(file, `${patterns.join("\n")}\n`);
  const args = ["ls-files", "-z", "-o", "-i", `--exclude-from=${file}`];
  const paths = among.length === 0 ? [] : ["--", ...among];
  const output = inPrivate(g, [...args, ...paths], { index: join(g.dir, "index") });
  return nulSplit(await must(output, "looking for ignored files")).map(String);
}

/** Those of these texts, each of one line, that a text file of a tree contains outside the excluded folders. */
export async function textsInTree(
  r: Repository,
  tree: Oid,
  o: { texts: readonly string[]; excluded: readonly string[] },
): Promise<Set<string>> {
  if (o.texts.length === 0) return new Set();
  const args = ["grep", "-z", "-o", "-I", "-F", "--no-textconv", "--full-name", "-f", "-", tree];
  const output = await inRepository(r, args, { stdin: `${o.texts.join("\n")}\n` });
  // Exit code 1: nothing was found.
  const text = output.code > 1 ? "" : output.stdout.toString();
  const matches = text.split("\n").flatMap((line) => {
    const [name = "", match] = line.slice(tree.length + 1).split("\0");
    return match === undefined || o.excluded.some((folder) => name.startsWith(folder))
      ? []
      : [match];
  });
  // Of two texts at one place, git names the longer one.
  return new Set(o.texts.filter((one) => matches.some((match) => match.includes(one))));
}
