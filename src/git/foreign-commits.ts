/**
 * Commits that appear on the operator's refs during a run and that dgov did not make: those of the operator, of a
 * fetch, or of a worker that reached into the repository.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { inRepository, must } from "./git.ts";
import type { Oid } from "./objects.ts";
import type { Repository } from "./repository.ts";

export interface OperatorRefs {
  /** Refs outside `refs/dgov/` and detached HEADs, by name. */
  tips: ReadonlyMap<string, Oid>;
  /** Sizes of the logs of refs, by file. */
  logs: ReadonlyMap<string, number>;
}

/** A commit as `newCommits` reads it. */
export interface NewCommit {
  commit: Oid;
  tree: Oid;
  parents: Oid[];
  /** `Name <address>`. */
  author: string;
  subject: string;
  /** A ref that it is reachable from, or was, according to its log. */
  ref: string;
}

/** A commit that dgov did not make. */
export interface ForeignCommit extends Pick<NewCommit, "commit" | "author" | "subject" | "ref"> {
  /** The attempt's commit that it has the tree of, or is based on; null for none. */
  madeFrom: string | null;
}

/** Commits of attempts and candidates that have not landed, by id: a name for messages, and their tree. */
export type AttemptCommits = ReadonlyMap<Oid, { name: string; tree: Oid }>;

/** Commits that are read at once; of a larger fetch, the newest. */
const commitsMax = 1000;

/** Entries that are read of what was added to one log; the newest. */
const logEntriesMax = 200;

/** The operator's refs. Some may name other objects than commits, or objects that are missing. */
export async function operatorRefs(r: Repository): Promise<OperatorRefs> {
  const args = ["for-each-ref", "--format=%(objectname) %(refname)"];
  const text = (await must(inRepository(r, args), "reading the refs")).toString();
  const refs = new Map<string, Oid>();
  for (const line of text.split("\n")) {
    const [oid = "", ref = ""] = line.split(" ");
    if (ref !== "" && !ref.startsWith("refs/dgov/")) refs.set(ref, oid);
  }
  for (const [name, oid] of detachedHeads(r)) refs.set(name, oid);
  return { tips: refs, logs: logSizes(r) };
}

function logSizes({ commonDir }: Repository): Map<string, number> {
  const files = ["logs/**", "worktrees/*/logs/HEAD"].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: commonDir, dot: true }),
  ]);
  // Branches come before HEAD, which has their moves, too.
  return new Map(
    files
      .sort()
      .reverse()
      .flatMap((file) => {
        const size = statSync(join(commonDir, file), { throwIfNoEntry: false })?.size;
        return size === undefined ? [] : [[file, size]];
      }),
  );
}

/** The content of a log; empty when it was removed with its ref. */
function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Values that refs had between two readings, as far as git logs them and has not removed the log with its ref. */
function loggedMoves(
  r: Repository,
  before: OperatorRefs,
  now: OperatorRefs,
): [ref: string, oid: Oid][] {
  return [...now.logs].flatMap(([file, size]) => {
    const known = before.logs.get(file) ?? 0;
    if (size <= known) return [];
    const name = file.replace(/^logs\//, "").replace(/^worktrees\/(.*)\/logs\/HEAD$/, "HEAD of $1");
    const added = bytesOf(join(r.commonDir, file)).subarray(known).toString();
    const entries = [...added.matchAll(/^[0-9a-f]+ ([0-9a-f]{40,64}) /gm)].slice(-logEntriesMax);
    return entries.reverse().map(([, oid = ""]): [string, Oid] => [`${name} (moved since)`, oid]);
  });
}

/** Detached HEADs of the checkouts of the repository. */
function detachedHeads(r: Repository): [name: string, oid: Oid][] {
  const linked = join(r.commonDir, "worktrees");
  let names: string[] = [];
  try {
    names = readdirSync(linked);
  } catch {
    // There is no other worktree.
  }
  const files: [string, string][] = [
    ["HEAD", join(r.commonDir, "HEAD")],
    ...names.map((name): [string, string] => [`HEAD of ${name}`, join(linked, name, "HEAD")]),
  ];
  return files.flatMap(([name, file]) => {
    try {
      const oid = /^[0-9a-f]{40,64}$/.exec(readFileSync(file, "utf8").trim())?.[0];
      return oid === undefined ? [] : [[name, oid] as [string, Oid]];
    } catch {
      return [];
    }
  });
}

/**
 * Commits reachable from `now`, or from a value that a ref had in between, and not from `before`, at most 1,000. Refs
 * that moved to one of `own` are left out: what they reach was compared before dgov landed it.
 */
export async function newCommits(
  r: Repository,
  before: OperatorRefs,
  now: OperatorRefs,
  own: ReadonlySet<Oid>,
): Promise<NewCommit[]> {
  const changed = [...now.tips].filter(([ref, oid]) => before.tips.get(ref) !== oid);
  const moved = [...changed, ...loggedMoves(r, before, now)].filter(([, oid]) => !own.has(oid));
  if (moved.length === 0) return [];
  const commits: NewCommit[] = [];
  const seen = new Set<Oid>();
  const known = await commitsAmong(r, [...before.tips.values(), ...moved.map(([, oid]) => oid)]);
  const old = [...new Set(before.tips.values())].filter((oid) => known.has(oid));
  const negative = old.map((oid) => `^${oid}\n`).join("");
  const refsOf = Map.groupBy(moved, ([, oid]) => oid);
  for (const [oid, [first]] of refsOf) {
    if (commits.length >= commitsMax) break;
    if (!known.has(oid) || seen.has(oid)) continue;
    const format = "%H%x00%T%x00%P%x00%an <%ae>%x00%s";
    const args = ["log", "--stdin", "--ignore-missing", `--format=${format}`];
    const limited = [...args, `--max-count=${commitsMax - commits.length}`];
    const log = inRepository(r, limited, { stdin: `${oid}\n${negative}` });
    const text = (await must(log, "reading new commits")).toString();
    for (const line of text.split("\n").filter(Boolean)) {
      const [commit = "", tree = "", parents = "", author = "", subject = ""] = line.split("\0");
      if (seen.has(commit)) continue;
      seen.add(commit);
      const ref = first?.[0] ?? "";
      commits.push({ commit, tree, parents: parents.split(" "), author, subject, ref });
    }
  }
  return commits;
}

/** Those of some objects that exist and are commits, or tags of commits. */
export async function commitsAmong(r: Repository, oids: readonly Oid[]): Promise<Set<Oid>> {
  const unique = [...new Set(oids)];
  const stdin = unique.map((oid) => `${oid}^{commit}\n`).join("");
  const check = inRepository(r, ["cat-file", "--batch-check=%(objecttype)"], { stdin });
  const answers = (await must(check, "reading the refs")).toString().split("\n");
  return new Set(unique.filter((_, i) => answers[i] === "commit"));
}

/** The commits that dgov did not make, with the attempt that one was made from. Pure. */
export function foreignCommits(
  commits: readonly NewCommit[],
  o: {
    /** Commits that dgov made on the operator's refs. */
    own: ReadonlySet<Oid>;
    attempts: AttemptCommits;
    /** Trees of commits that are on the operator's refs without an attempt's doing. */
    commonTrees: ReadonlySet<Oid>;
  },
): ForeignCommit[] {
  const byTree = new Map([...o.attempts.values()].map(({ tree, name }) => [tree, name]));
  return commits
    .filter(({ commit }) => !o.own.has(commit))
    .map(({ commit, tree, parents, author, subject, ref }) => {
      const related = [commit, ...parents].map((id) => o.attempts.get(id)?.name);
      const sameTree = o.commonTrees.has(tree) ? undefined : byTree.get(tree);
      const madeFrom = related.find((name) => name !== undefined) ?? sameTree ?? null;
      return { commit, author, subject, ref, madeFrom };
    });
}
