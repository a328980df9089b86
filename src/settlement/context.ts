/** The dependencies of a settlement (review, autofix and gates), and the caches its gates share. */
import { dirname, join, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { childVariables } from "../config/execution-policy.ts";
import { hasOpenGates } from "../config/gates.ts";
import type { Identity, Oid } from "../git/objects.ts";
import { type RefSnapshot, snapshotRefs } from "../git/ref-snapshot.ts";
import { headOf } from "../git/refs.ts";
import { prefixOf, projectDirOf, type Repository } from "../git/repository.ts";
import { childEnvironment } from "../process/environment.ts";
import { MachineSlots } from "../process/machine-slots.ts";
import { openSandbox, type Sandbox } from "../sandbox/sandbox.ts";
import { isInsideFolder } from "../sandbox/view.ts";
import { once } from "../std/once.ts";
import { SharedLock } from "../std/shared-lock.ts";
import { userFolder } from "../std/user-folders.ts";
import { type FileMetrics, fileMetricsVersion } from "../structure/file-metrics.ts";
import { type CoverageBaselineReading, readCoverageBaseline } from "./coverage/baseline.ts";
import type { FileCoverage } from "./coverage/report.ts";
import { type DigestCache, digestCache } from "./digest-cache.ts";
import { openSeal } from "./seal.ts";
import { type CachedImport, importsVersion } from "./tests/tree-imports.ts";
import { type CopiedFiles, readCopiedFiles } from "./trees/copied-files.ts";
import { type DependencyWatch, dependencyWatch } from "./trees/dependency-watch.ts";
import { type Ground, openGround, type WarmWorktree } from "./trees/layers/ground.ts";
import { type LayerStore, layerStore } from "./trees/layers/store.ts";
import { editableInstalls } from "./trees/python-editable-installs.ts";
import { type GateSlots, gateSlots } from "./trees/slots.ts";
import type { GateProgress, JudgedTree } from "./verdict.ts";
import { type VerdictCache, verdictCache } from "./verdict-cache.ts";

export interface SettlementContext {
  repository: Repository;
  projectRoot: string;
  /** The project's folder relative to the repository's root: "" or `packages/app`. */
  projectDir: string;
  /** The same as a prefix of paths: "" or `packages/app/`. */
  projectPrefix: string;
  config: Config;
  /** Environment of gates, hooks and setup commands. */
  environment: Record<string, string>;
  identity: Identity;
  /** The confinement of commands, found at the first call. Rejects with ENVIRONMENT when it is required and missing. */
  sandbox(): Promise<Sandbox>;
  /** The refs that gates with history see, read at the first call. */
  refs(): Promise<RefSnapshot>;
  /** The operator's ignored files that trees get, read at the first call. */
  copied(): Promise<CopiedFiles>;
  /** The operator's dependency folders, which are copied into trees. */
  dependencies: DependencyWatch;
  slots: GateSlots;
  /** Layered trees, found at the first call; null where they cannot be mounted. */
  ground(): Promise<Ground | null>;
  /** Warm dependencies of the worktrees of live attempts, by their paths. */
  warm: Map<string, WarmWorktree>;
  /** Slots of the trees in which commands run. */
  machineSlots: MachineSlots;
  /** Held by every command of a gate and by the setup of gate trees. */
  commandLock: SharedLock;
  /** Verdicts by everything they depend on. */
  cache: VerdictCache;
  /** Folder of the key that seals the caches. */
  keyFolder: string;
  /** Trees that the gates of earlier runs passed. */
  judged: DigestCache<JudgedTree>;
  /** Imports of source files, by `<language>:<blob id>`. */
  imports: DigestCache<CachedImport[]>;
  /** Metrics of source files, by `<language>:<blob id>`. */
  fileMetrics: DigestCache<FileMetrics>;
  /** Read when the settlement is opened, before any worker's code runs. */
  coverageBaseline: CoverageBaselineReading;
  /** Coverage of measured trees, by a digest of tree and command. */
  coverageFigures: DigestCache<FileCoverage[]>;
  /** Folders of the checkout from which Python environments on PATH have packages installed in place. */
  editableInstalls(): readonly string[];
  signal: AbortSignal;
  /** Reports progress; entries of one call are recorded in one transaction. */
  report(...progress: GateProgress[]): void;
  /** Stores a gate's output and returns its digest. */
  putOutput(bytes: string): string;
}

export interface SettlementOptions {
  repository: Repository;
  projectRoot: string;
  config: Config;
  /** Variables of this process. Gates, hooks and setup get those that `childEnvironment` lets through. */
  env: Record<string, string | undefined>;
  identity: Identity;
  /** Branch that gates with history see; null when none is checked out. */
  target: string | null;
  /** Commit whose `.worktreeinclude` counts; default HEAD. */
  tip?: Oid;
  /** Default: the one of the checkout. */
  coverageBaseline?: CoverageBaselineReading;
  /** Folder of the gate trees; the caches are files beside it. */
  slotsRoot: string;
  /** Folder of the layers below gate trees. */
  layersRoot: string;
  /** True when a first layer may be built: by runs, whose gates judge the base first. */
  buildsLayers: boolean;
  signal: AbortSignal;
  report: SettlementContext["report"];
  putOutput: SettlementContext["putOutput"];
}

/** Variables of this process, as far as they name folders. */
type Variables = Record<string, string | undefined>;

/** Opens the cache of file metrics in the folder of a repository's caches. */
export function fileMetricsCache(folder: string, env: Variables): DigestCache<FileMetrics> {
  const seal = openSeal(stateFolder(env));
  const name = `metrics ${folder}`;
  return digestCache(join(folder, "structure.jsonl"), { name, version: fileMetricsVersion, seal });
}

/** Opens the settlement of a project. Throws NOT_A_REPOSITORY when the project lies outside the repository. */
export function openSettlement(o: SettlementOptions): SettlementContext {
  const { env, slotsRoot, target, tip, ...rest } = o;
  const { maxGates, jobs } = o.config.run;
  const projectDir = projectDirOf(o.repository, o.projectRoot);
  const environment = childEnvironment(env, childVariables(o.config));
  const folder = dirname(slotsRoot);
  const seal = openSeal(stateFolder(env));
  const cache = <T>(name: string, version: string): DigestCache<T> =>
    digestCache(join(folder, `${name}.jsonl`), { name: `${name} ${folder}`, version, seal });
  const sandbox = once(() =>
    openSandbox({
      config: o.config,
      environment,
      env,
      closed: [o.repository.topLevel, o.repository.commonDir, folder],
    }),
  );
  return {
    ...rest,
    environment,
    projectDir,
    projectPrefix: prefixOf(projectDir),
    sandbox,
    refs: once(() => snapshotRefs(o.repository, target)),
    copied: once(async () =>
      readCopiedFiles({
        repository: o.repository,
        projectPrefix: prefixOf(projectDir),
        config: o.config,
        commit: tip ?? (await headOf(o.repository)).commit,
      }),
    ),
    dependencies: dependencyWatch(o.projectRoot),
    // More than the gates that run at once, so that a failing gate can borrow a second tree for its base.
    ground: once(async () => {
      const { level, overlays } = await sandbox();
      if (level !== "namespaces" || !overlays || hasOpenGates(o.config)) return null;
      const { layersRoot, buildsLayers } = o;
      return openGround({
        right: "user_namespace",
        store: openLayers(layersRoot, env),
        builds: buildsLayers,
        ...o.config.sandbox,
        treesMax: maxGates + Math.max(1, jobs),
      });
    }),
    slots: gateSlots(slotsRoot, maxGates + Math.max(1, jobs)),
    warm: new Map(),
    machineSlots: new MachineSlots(lockFolders(env, dirname(slotsRoot))),
    commandLock: new SharedLock(),
    cache: verdictCache(environment),
    keyFolder: stateFolder(env),
    judged: cache("judged", "1"),
    imports: cache("imports", importsVersion),
    fileMetrics: fileMetricsCache(folder, env),
    coverageBaseline: o.coverageBaseline ?? readCoverageBaseline(o.projectRoot),
    coverageFigures: cache("coverage", "1"),
    editableInstalls: once(() =>
      editableInstalls(environment["PATH"] ?? "", o.repository.topLevel),
    ),
  };
}

/**
 * True when no command of workers or gates can read the key of the caches, so that a sealed value which decides
 * something was made by dgov. A service behind a socket, such as docker's, reads files for the command.
 */
export async function mayTrustSealed(
  c: Pick<SettlementContext, "sandbox" | "config" | "keyFolder" | "environment">,
): Promise<boolean> {
  const { level } = await c.sandbox();
  const { sandbox, gates } = c.config;
  if (level === "off" || hasOpenGates(c.config)) return false;
  const sockets = [...sandbox.sockets, ...gates.flatMap((gate) => gate.sockets)];
  if (sockets.length > 0 || (level === "landlock" && sandbox.unixSockets)) return false;
  const home = c.environment["HOME"] ?? "/";
  const seen = sandbox.read.map((path) => resolve(path.replace(/^~(?=\/|$)/, home)));
  return !seen.some((path) => isInsideFolder(c.keyFolder, path));
}

/** Opens the layers of gate trees in a folder. */
export function openLayers(root: string, env: Variables): LayerStore {
  return layerStore(root, openSeal(stateFolder(env)));
}

/** dgov's folder for state of the user, outside every repository. */
function stateFolder(env: Variables): string {
  return join(userFolder("state", env), "dgov");
}

/** Folders for the locks of slots: the user's state folder, or one beside all repositories' gate trees. */
function lockFolders(env: Variables, repositoryFolder: string): string[] {
  return [join(stateFolder(env), "slots"), join(dirname(repositoryFolder), "machine-slots")];
}
