/** Environment of a run or an undo: repository, configuration, directories and log, without a plan. */
import { randomBytes } from "node:crypto";
import { accessSync, constants, mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import type { Config } from "../config/config.ts";
import { isLocal } from "../config/find.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError } from "../error.ts";
import { recoverLanding } from "../git/landing/land.ts";
import { notesRef } from "../git/landing/notes.ts";
import type { Identity, Oid } from "../git/objects.ts";
import { userFilters } from "../git/private-dir.ts";
import { isCheckedOut } from "../git/refs.ts";
import {
  type FilterConfig,
  prefixOf,
  projectDirOf,
  type Repository,
  requireIdentity,
} from "../git/repository.ts";
import { ignoredPaths } from "../git/working-tree.ts";
import { databasePath, setAsidePythonLog } from "../log/database.ts";
import { type EventLog, openEventLogWhenFree, type RecordedEvent } from "../log/event-log.ts";
import {
  openSettlement,
  type SettlementContext,
  type SettlementOptions,
} from "../settlement/context.ts";
import { coverageBaselineAt } from "../settlement/coverage/baseline.ts";
import { systemClock } from "../std/clock.ts";
import { appendToFile, readText } from "../std/files.ts";
import { errorMessage, plural } from "../std/text.ts";
import { cleanEndedRuns } from "./operator/clean.ts";
import { type RunPaths, restoreAccess, runPaths } from "./paths.ts";
import { type Confirm, ensureFirstCommit } from "./preconditions.ts";
import { type RecoveredRun, recoverCrashedRuns, restoreNotes } from "./recovery.ts";

export interface RunEnvironment {
  /** Id of the run or the undo. */
  run: string;
  repository: Repository;
  projectRoot: string;
  /** The project's folder below the repository's root, "" or like `packages/app`. */
  projectDir: string;
  /** The prefix of paths below it: "" or like `packages/app/`. */
  projectPrefix: string;
  config: Config;
  identity: Identity;
  paths: RunPaths;
  filters: FilterConfig;
  log: EventLog;
}

/** The part of a request that opening needs. */
interface EnvironmentRequest {
  projectRoot: string;
  env: Record<string, string | undefined>;
  yes: boolean;
  confirm: Confirm | null;
  status(text: string): void;
  onRecord(record: RecordedEvent): void;
}

/**
 * Opens the environment and recovers crashed landings and runs. That comes before the checkout is looked at, since a
 * landing cut short may have left it dirty. Call while holding the run lock.
 */
export async function openRunEnvironment(
  request: EnvironmentRequest,
  repository: Repository,
  run: string,
  interrupt: AbortSignal,
): Promise<RunEnvironment> {
  const { projectRoot } = request;
  const config = requireConfig(projectRoot);
  const projectDir = projectDirOf(repository, projectRoot);
  const projectPrefix = prefixOf(projectDir);
  await recoverLanding(repository);
  const local = isLocal(projectRoot);
  await ensureFirstCommit(repository, { prefix: projectPrefix, local }, { ...request, config });
  const identity = await requireIdentity(repository);
  const configured = config.worktree.root;
  const paths = runPaths({ repositoryId: repository.id, configured, env: request.env });
  requireWritable(paths);
  const filters = await userFilters(repository);
  await setPythonLogAside(repository, request);
  const opened = await openEventLogWhenFree(projectRoot, { waiting: request.status, interrupt });
  const log = observed(opened, request.onRecord);
  const recovered = await recoverCrashedRuns({
    log,
    repository,
    paths,
    identity,
    keepBytesMax: config.worktree.keepMibMax * 1024 * 1024,
  });
  for (const one of recovered) request.status(recoveryText(one));
  const restored = await restoreNotes({ log, repository, identity }, systemClock.now());
  if (restored > 0) {
    request.status(`wrote ${plural(restored, "missing note")} of landed commits (${notesRef})`);
  }
  await cleanEndedRuns({ repository, paths, log, identity, config });
  return {
    run,
    repository,
    projectRoot,
    projectDir,
    projectPrefix,
    config,
    identity,
    paths,
    filters,
    log,
  };
}

/** Creates the folders of runs and gate trees. Throws ENVIRONMENT when they cannot be written. */
export function requireWritable(paths: RunPaths): void {
  restoreAccess(paths);
  for (const folder of [paths.runs, paths.slots]) {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch (cause) {
      throw new DgovError(
        "ENVIRONMENT",
        `the folder for worktrees cannot be written: ${folder} (${errorMessage(cause)})`,
        {
          cause,
          hint: "set [worktree] root, XDG_CACHE_HOME or HOME to a folder that you can write",
        },
      );
    }
  }
}

/**
 * Sets the database of the Python program aside, with a notice. Its own `.gitignore` does not cover the new name, so
 * this clone's ignore rules do.
 */
async function setPythonLogAside(
  repository: Repository,
  { projectRoot, status }: EnvironmentRequest,
): Promise<void> {
  const moved = setAsidePythonLog(databasePath(projectRoot));
  if (moved === null) return;
  const [from, to] = [databasePath(projectRoot), moved].map((path) => relative(projectRoot, path));
  status(`moved ${from} of the Python program to ${to}; dgov keeps a log of its own`);
  const path = `${prefixOf(projectDirOf(repository, projectRoot))}${to}`;
  if (isLocal(projectRoot) || (await ignoredPaths(repository, [path])).size > 0) return;
  const excludes = join(repository.commonDir, "info", "exclude");
  const text = readText(excludes) ?? "";
  appendToFile(excludes, `${text === "" || text.endsWith("\n") ? "" : "\n"}/${path}\n`);
}

/**
 * The settlement of a run or an undo on `target`, whose tip is `tip`: warm gate trees, outputs of gates as blobs of
 * the log, and the coverage baseline of that branch.
 */
export async function settlementIn(
  { repository, projectRoot, projectPrefix, config, identity, paths, log }: RunEnvironment,
  o: Pick<SettlementOptions, "env" | "signal" | "report"> & { target: string; tip: Oid },
): Promise<SettlementContext> {
  const { target, tip: commit, ...rest } = o;
  const elsewhere = !isCheckedOut(repository, target) && !isLocal(projectRoot);
  return openSettlement({
    ...rest,
    target,
    tip: commit,
    ...(elsewhere && {
      coverageBaseline: await coverageBaselineAt(repository, { commit, projectPrefix }),
    }),
    repository,
    projectRoot,
    config,
    identity,
    slotsRoot: paths.slots,
    layersRoot: paths.layers,
    buildsLayers: true,
    putOutput: (bytes) => log.putBlob(bytes),
  });
}

/** The log, which also passes every record to `onRecord`: for the live view and `--stream`. */
function observed(log: EventLog, onRecord: (record: RecordedEvent) => void): EventLog {
  const seen = (records: RecordedEvent[]): RecordedEvent[] => {
    for (const record of records) onRecord(record);
    return records;
  };
  return {
    ...log,
    append: (events) => seen(log.append(events)),
    appendWhenFree: async (events) => seen(await log.appendWhenFree(events)),
    appendSoon: (events) => seen(log.appendSoon(events)),
    note(event) {
      log.note(event);
      onRecord({ ...event, seq: 0, ts: new Date().toISOString(), kind: "telemetry" });
    },
  };
}

function recoveryText({ run, plan, interrupted, landed, kept }: RecoveredRun): string {
  const parts = [
    ...landed.map((unit) => `${unit} had landed`),
    ...kept.map(({ unit, ref }) => `work of ${unit} kept as ${ref}`),
  ];
  const more = parts.length > 0 ? `: ${parts.join("; ")}` : "";
  return `recovered ${interrupted ? "interrupted" : "crashed"} run ${run} of plan ${plan}${more}`;
}

/** A run id like `20260102-030405-1a2b`: it sorts by time and is a valid ref component. */
export function newRunId(now: number): string {
  const time = new Date(now).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${time}-${randomBytes(2).toString("hex")}`;
}
