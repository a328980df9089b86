/**
 * The state that workers share with the operator: git's configuration, the dependencies that are copied or
 * used in place, and the refs. It is read before the first worker and compared before each landing and at the end.
 */
import { treesOfCommits } from "../git/commit.ts";
import {
  type AttemptCommits,
  type ForeignCommit,
  foreignCommits,
  newCommits,
  type OperatorRefs,
  operatorRefs,
} from "../git/foreign-commits.ts";
import { encodeRefPart, listRefs } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { describeFingerprintChange, repositoryFingerprint } from "../git/repository-fingerprint.ts";
import type { SettlementContext } from "../settlement/context.ts";
import { snakeCase } from "../std/case.ts";
import { short } from "../std/text.ts";
import type { RunMemory } from "./attempt/state.ts";
import type { RunRecord } from "./records.ts";

interface Watched {
  repository: Repository;
  run: string;
  /** Tip of the target when the run started. */
  before: string;
  settlement: Pick<SettlementContext, "dependencies">;
  memory: Pick<RunMemory, "reviewed">;
}

export class SharedState {
  readonly #o: Watched;
  readonly #fingerprint: string;
  #refs: OperatorRefs;
  /** Commits that dgov landed or is landing in this run. */
  readonly #own = new Set<string>();

  private constructor(o: Watched, fingerprint: string, refs: OperatorRefs) {
    this.#o = o;
    this.#fingerprint = fingerprint;
    this.#refs = refs;
  }

  /** Reads the state as it is now; `watchDependencies` has recorded the dependency folders. */
  static async read(o: Watched): Promise<SharedState> {
    const fingerprint = await repositoryFingerprint(o.repository);
    return new SharedState(o, fingerprint, await operatorRefs(o.repository));
  }

  /** Adds a commit that dgov is about to land. */
  addOwn(commit: string): void {
    this.#own.add(commit);
  }

  /**
   * Compares the state. `diff` has a line for each change after which nothing may land, "" without any; `records`
   * are to be appended: the changes, and the commits that appeared since the last call and that dgov did not land.
   */
  async check(): Promise<{ diff: string; records: RunRecord[] }> {
    const { repository, settlement } = this.#o;
    const now = await repositoryFingerprint(repository, this.#fingerprint);
    await settlement.dependencies.compareInPlace();
    const { found } = settlement.dependencies;
    const foreign = await this.#foreign();
    const diff = [
      ...(now === this.#fingerprint ? [] : [describeFingerprintChange(this.#fingerprint, now)]),
      ...(found === null ? [] : [found]),
      ...foreign.flatMap(({ commit, ref, madeFrom }) =>
        madeFrom === null ? [] : [`${ref}: +${short(commit)}, made from ${madeFrom}`],
      ),
    ].join("\n");
    const ofRun = { unit: null, attempt: null };
    const commits = foreign.map((commit) => snakeCase(commit));
    const records: RunRecord[] = [];
    if (commits.length > 0) records.push({ ...ofRun, type: "commits.appeared", data: { commits } });
    if (diff !== "") records.push({ ...ofRun, type: "repository.changed", data: { diff } });
    return { diff, records };
  }

  async #foreign(): Promise<ForeignCommit[]> {
    const { repository, before } = this.#o;
    const known = this.#refs;
    this.#refs = await operatorRefs(repository);
    const own = this.#own;
    const commits = await newCommits(repository, known, this.#refs, own);
    if (commits.every(({ commit }) => own.has(commit))) return [];
    const common = await treesOfCommits(repository, [before, ...own]);
    const attempts = await attemptCommits(this.#o, own);
    return foreignCommits(commits, { own, attempts, commonTrees: new Set(common) });
  }
}

/** Kept work, reviewed commits and candidates of a run, without those that landed. */
async function attemptCommits(
  { repository, run, memory }: Watched,
  landed: ReadonlySet<string>,
): Promise<AttemptCommits> {
  const name = encodeRefPart(run);
  const refs = [
    ...(await listRefs(repository, `refs/dgov/keep/${name}`)),
    ...(await listRefs(repository, `refs/dgov/candidate/${name}`)),
    ...[...memory.reviewed].map(([unit, { commit }]) => ({ oid: commit, ref: `work of ${unit}` })),
  ].filter(({ oid }) => !landed.has(oid));
  const trees = await treesOfCommits(
    repository,
    refs.map(({ oid }) => oid),
  );
  return new Map(refs.map(({ oid, ref }, i) => [oid, { name: ref, tree: trees[i] ?? "" }]));
}
