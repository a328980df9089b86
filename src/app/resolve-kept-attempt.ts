/** Finds a unit whose work is kept, and what is needed to open it. */

import type { Context } from "../cli/command.ts";
import type { Config } from "../config/config.ts";
import { DgovError } from "../error.ts";
import type { Identity } from "../git/objects.ts";
import type { Repository } from "../git/repository.ts";
import type { UnitHistory } from "../runner/history.ts";
import type { RunPaths } from "../runner/paths.ts";

export interface KeptAttempt {
  repository: Repository;
  config: Config;
  paths: RunPaths;
  plan: string;
  entry: UnitHistory;
  tip: string;
  identity: Identity;
}

/** Looks in the plan named, or in that of the newest run. NOT_FOUND with suggestions otherwise. */
export async function resolveKeptAttempt(
  context: Context,
  projectRoot: string,
  unit: string,
  planName: string | undefined,
): Promise<KeptAttempt> {
  const { openRepository, configuredIdentity } = await import("../git/repository.ts");
  const { openEventLogForReading } = await import("../log/event-log.ts");
  const { requireConfig } = await import("../config/load.ts");
  const { resolveUnit } = await import("../plan/locate.ts");
  const { planHistory } = await import("../runner/history.ts");
  const { runPaths } = await import("../runner/paths.ts");
  const { resolveTarget } = await import("../runner/preconditions.ts");
  const repository = await openRepository(projectRoot);
  const config = requireConfig(projectRoot);
  using log = openEventLogForReading(projectRoot);
  const plan = planName ?? log?.runs({ limit: 1 })[0]?.plan;
  if (log === null || plan === undefined) {
    throw new DgovError("NOT_FOUND", "nothing has run here yet");
  }
  const history = planHistory(log, plan);
  const entry = history.get(resolveUnit([...history.keys()], unit));
  const identity = await configuredIdentity(repository);
  if (entry === undefined || identity === null) {
    throw new DgovError("ENVIRONMENT", "git user.name and user.email are not set", {
      hint: "git config --global user.name NAME",
    });
  }
  const { tip } = await resolveTarget(repository, undefined);
  const paths = runPaths({
    repositoryId: repository.id,
    configured: config.worktree.root,
    env: context.env,
  });
  return { repository, config, paths, plan, entry, tip, identity };
}
