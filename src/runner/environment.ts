/** What a run stands on before it has a plan: repository, configuration, places, log; crashed runs closed. */

import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { requireConfig } from "../config/load.ts";
import type { Identity } from "../git/objects.ts";
import { userFilters } from "../git/private-dir.ts";
import {
  type FilterConfig,
  prefixOf,
  projectDirOf,
  type Repository,
  requireIdentity,
} from "../git/repository.ts";
import { type EventLog, openEventLog, type RecordedEvent } from "../log/event-log.ts";
import {
  openSettlement,
  type SettlementContext,
  type SettlementOptions,
} from "../settlement/context.ts";
import { type RunPaths, runPaths, scratchFolder } from "./paths.ts";
import { type Confirm, ensureFirstCommit } from "./preconditions.ts";
import { type RecoveredRun, recoverCrashedRuns, recoverCrashedUndo } from "./recovery.ts";

/** What does not depend on the plan. */
export interface RunEnvironment {
  run: string;
  repository: Repository;
  projectRoot: string;
  /** The project's folder below the repository's root, "" or like `packages/app`. */
  projectDir: string;
  /** The prefix of paths below it: "" or like `packages/app/`. */
  projectPrefix: string;
  config: Config;
  identity: Identity;
  places: RunPaths;
  filters: FilterConfig;
  log: EventLog;
}

/** What opening needs to know of the command line. */
export interface EnvironmentRequest {
  projectRoot: string;
  env: Record<string, string | undefined>;
  yes: boolean;
  confirm: Confirm | null;
  status(text: string): void;
  onRecord(record: RecordedEvent): void;
}

/** Opens everything, and closes what crashed: a landing cut short may have left the tree dirty. */
export async function openRunEnvironment(
  request: EnvironmentRequest,
  repository: Repository,
  run: string,
): Promise<RunEnvironment> {
  const { projectRoot } = request;
  const config = requireConfig(projectRoot);
  const projectDir = projectDirOf(repository, projectRoot);
  const projectPrefix = prefixOf(projectDir);
  await ensureFirstCommit(repository, projectPrefix, request);
  const identity = await requireIdentity(repository);
  const configured = config.worktree.root;
  const places = runPaths({ repositoryId: repository.id, configured, env: request.env });
  mkdirSync(places.runs, { recursive: true });
  const filters = await userFilters(repository);
  const log = observed(openEventLog(projectRoot), request.onRecord);
  await recoverCrashedUndo(repository);
  const recovered = await recoverCrashedRuns({
    log,
    repository,
    places,
    identity,
    keepBytesMax: config.worktree.keepMibMax * 1024 * 1024,
  });
  for (const recovery of recovered) request.status(recoveryText(recovery));
  return {
    run,
    repository,
    projectRoot,
    projectDir,
    projectPrefix,
    config,
    identity,
    places,
    filters,
    log,
  };
}

/** The settlement of a run or an undo: warm gate trees, outputs as blobs of the log. */
export function settlementIn(
  { repository, projectRoot, config, identity, places, run, log }: RunEnvironment,
  o: Pick<SettlementOptions, "env" | "signal" | "report">,
): SettlementContext {
  return openSettlement({
    ...o,
    repository,
    projectRoot,
    config,
    identity,
    slotsRoot: places.slots,
    scratch: scratchFolder(places, run),
    putOutput: (bytes) => log.putBlob(bytes),
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

function recoveryText(recovery: RecoveredRun): string {
  const parts = [
    ...recovery.landed.map((unit) => `${unit} had landed`),
    ...recovery.kept.map(({ unit, ref }) => `work of ${unit} kept as ${ref}`),
  ];
  return `closed run ${recovery.run} of ${recovery.plan}, which had ended without saying so${parts.length > 0 ? `: ${parts.join("; ")}` : ""}`;
}

// ------------------------------------------------------------
// Names of runs.

/** `20260102-030405-1a2b`: sorts by time, and is a valid ref component. */
export function newRunId(now: number): string {
  const time = new Date(now).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${time}-${randomBytes(2).toString("hex")}`;
}
