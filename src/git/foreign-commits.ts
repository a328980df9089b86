/**
 * Commits that appear on the operator's refs during a run and that dgov did not make: those of the operator, of a
 * fetch, or of a worker that reached into the repository.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inRepository, must } from "./git.ts";
import type { Oid } from "./objects.ts";
import type { Repository } from "./repository.ts";

/** Refs outside `refs/dgov/` and detached HEADs, by name. */
export type OperatorRefs = ReadonlyMap<string, Oid>;

/** A commit as `newCommits` reads it. */
export interface NewCommit {
  commit: Oid;
  tree: Oid;
  parents: Oid[];
  /** `Name <address>`. */
  author: string;
  subject: string;
  /** A ref that it is reachable from. */
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
  return refs;
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
 * Commits reachable from `now` and not from `before`, at most 1,000. Refs that moved to one of `own` are left out:
 * what they reach was compared before dgov landed it.
 */
export async function newCommits(
  r: Repository,
  before: OperatorRefs,
  now: OperatorRefs,
  own: ReadonlySet<Oid>,
): Promise<NewCommit[]> {
  const moved = [...now].filter(([ref, oid]) => before.get(ref) !== oid && !own.has(oid));
  if (moved.length === 0) return [];
  const commits: NewCommit[] = [];
  const seen = new Set<Oid>();
  const known = await commitsAmong(r, [...before.values(), ...moved.map(([, oid]) => oid)]);
  const old = [...new Set(before.values())].filter((oid) => known.has(oid));
  const negative = old.map((oid) => `^${oid}\n`).join("");
  const refsOf = Map.groupBy(moved, ([, oid]) => oid);
  for (const [oid, [first]] of refsOf) {
    if (commits.length >= commitsMax) break;
    if (!known.has(oid)) continue;
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
async function commitsAmong(r: Repository, oids: readonly Oid[]): Promise<Set<Oid>> {
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
