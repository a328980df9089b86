/** What a run stands on before it has a plan: repository, configuration, places, log; crashed runs closed. */
import { mkdirSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError } from "../error.ts";
import type { Identity } from "../git/objects.ts";
import { type FilterConfig, userFilters } from "../git/private-dir.ts";
import { configuredIdentity, type Repository } from "../git/repository.ts";
import { type EventLog, openEventLog, type RecordedEvent } from "../log/event-log.ts";
import { type Confirm, ensureFirstCommit, projectDirOf } from "./checks.ts";
import { type Places, placesOf } from "./places.ts";
import { closeCrashedRuns, type Recovery } from "./recover.ts";
import { closeCrashedUndo } from "./undo-crashed.ts";

/** What does not depend on the plan. */
export interface Ground {
  run: string;
  repository: Repository;
  projectRoot: string;
  projectDir: string;
  config: Config;
  identity: Identity;
  places: Places;
  filters: FilterConfig;
  log: EventLog;
}

/** What opening needs to know of the command line. */
export interface GroundRequest {
  projectRoot: string;
  env: Record<string, string | undefined>;
  yes: boolean;
  confirm: Confirm | null;
  status(text: string): void;
  onRecord(record: RecordedEvent): void;
}

/** Opens everything, and closes what crashed: a landing cut short may have left the tree dirty. */
export async function openGround(
  request: GroundRequest,
  repository: Repository,
  run: string,
): Promise<Ground> {
  const { projectRoot } = request;
  const config = requireConfig(projectRoot);
  const projectDir = projectDirOf(repository, projectRoot);
  await ensureFirstCommit(repository, projectDir, request);
  const identity = await requireIdentity(repository);
  const configured = config.worktree.root;
  const places = placesOf({ repositoryId: repository.id, configured, env: request.env });
  mkdirSync(places.runs, { recursive: true });
  const filters = await userFilters(repository);
  const log = observed(openEventLog(projectRoot), request.onRecord);
  await closeCrashedUndo(repository);
  const recovered = await closeCrashedRuns({
    log,
    repository,
    places,
    identity,
    keepBytesMax: config.worktree.keepMibMax * 1024 * 1024,
  });
  for (const recovery of recovered) request.status(recoveryText(recovery));
  return { run, repository, projectRoot, projectDir, config, identity, places, filters, log };
}

async function requireIdentity(repository: Repository): Promise<{ name: string; email: string }> {
  const identity = await configuredIdentity(repository);
  if (identity !== null) return identity;
  throw new DgovError("ENVIRONMENT", "git does not know who you are", {
    hint: "git config --global user.name NAME; git config --global user.email ADDRESS",
  });
}

/** The log, telling somebody of every record: the live view and `--stream` read along. */
function observed(log: EventLog, onRecord: (record: RecordedEvent) => void): EventLog {
  return {
    ...log,
    append(events) {
      const records = log.append(events);
      for (const record of records) onRecord(record);
      return records;
    },
    note(event) {
      log.note(event);
      onRecord({ ...event, seq: 0, ts: new Date().toISOString(), kind: "telemetry" });
    },
  };
}

function recoveryText(recovery: Recovery): string {
  const parts = [
    ...recovery.landed.map((unit) => `${unit} had landed`),
    ...recovery.kept.map(({ unit, ref }) => `work of ${unit} kept as ${ref}`),
  ];
  return `closed run ${recovery.run} of ${recovery.plan}, which had ended without saying so${parts.length > 0 ? `: ${parts.join("; ")}` : ""}`;
}
