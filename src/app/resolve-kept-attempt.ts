/** Finds a unit whose work was kept, with what opening that work needs. */
import type { Config } from "../config/config.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError } from "../error.ts";
import type { Identity } from "../git/objects.ts";
import { branchTip } from "../git/refs.ts";
import { openRepository, type Repository, requireIdentity } from "../git/repository.ts";
import { openEventLogForReading } from "../log/event-log.ts";
import { resolveUnit } from "../plan/locate.ts";
import { planHistory, targetOf, type UnitHistory } from "../runner/history/runs.ts";
import { type RunPaths, runPaths } from "../runner/paths.ts";
import { resolveTarget } from "../runner/preconditions.ts";

export interface KeptAttempt {
  repository: Repository;
  config: Config;
  paths: RunPaths;
  plan: string;
  entry: UnitHistory;
  /** The branch of the run that kept the work; the one that a run would land on when it no longer exists. */
  target: string;
  tip: string;
  identity: Identity;
}

/**
 * Looks `unit` up (a full id or a unique suffix) in the history of `plan`, or of the newest run's plan.
 * Throws NOT_FOUND when nothing has run or the plan has no such unit, ENVIRONMENT without a git identity.
 */
export async function resolveKeptAttempt(o: {
  projectRoot: string;
  env: Record<string, string | undefined>;
  unit: string;
  plan: string | undefined;
}): Promise<KeptAttempt> {
  const repository = await openRepository(o.projectRoot);
  const config = requireConfig(o.projectRoot);
  using log = openEventLogForReading(o.projectRoot);
  const plan = o.plan ?? log?.runs({ limit: 1 })[0]?.plan;
  if (log === null || plan === undefined) {
    throw new DgovError("NOT_FOUND", "nothing has run here yet");
  }
  const history = planHistory(log, plan);
  const id = resolveUnit([...history.keys()], o.unit);
  const entry = history.get(id);
  if (entry === undefined) {
    throw new DgovError("NOT_FOUND", `no work of ${id} is kept`, { hint: "dgov plan review" });
  }
  const identity = await requireIdentity(repository);
  const last = targetOf(log, entry.run);
  const there = last !== null && (await branchTip(repository, last)) !== null;
  const branches = { ...config.run, protected: [] };
  const { target, tip } = await resolveTarget(repository, there ? last : undefined, branches);
  const configured = config.worktree.root;
  const paths = runPaths({ repositoryId: repository.id, configured, env: o.env });
  return { repository, config, paths, plan, entry, target, tip, identity };
}
