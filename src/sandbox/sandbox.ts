/** The sandbox of a project: what every confined command sees, and the confinement of one command. */
import {
  type Dirent,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Config } from "../config/config.ts";
import type { CommandLimits, Confine } from "../process/confine.ts";
import { landlockAbi } from "../process/landlock.ts";
import { seccompProgram } from "../process/seccomp.ts";
import { userFolder } from "../std/user-folders.ts";
import { landlockRules } from "./landlock-rules.ts";
import { type FoundLevel, findLevel, insideUser, requireLevel, systemFolders } from "./levels.ts";
import { namespacesArgv } from "./namespaces.ts";
import { homeLinks, makePrivateHome } from "./private-home.ts";
import { type ToolchainFolders, toolchainFolders } from "./toolchains.ts";
import { type CommandView, gitInside, isInsideFolder, type Mount, treeInside } from "./view.ts";

export interface Sandbox extends FoundLevel {
  /** Limits of each command; null at level `off`. */
  limits: CommandLimits | null;
  /** At level `landlock`, let commands use sockets of the file system. */
  unixSockets: boolean;
  /** The part of the machine that all commands see; null at level `off`. */
  host: HostView | null;
}

interface HostView extends ToolchainFolders {
  home: string;
  system: string[];
  hidden: CommandView["hidden"];
  /** Sockets and devices that the project grants to all commands. */
  sockets: string[];
  devices: string[];
}

/** The part of a view that differs from command to command. */
export interface ConfineRequest {
  /** The tree that the command may change, where it is. */
  root: string;
  holder?: { pid: number } | null;
  /** Other folders or files that the command sees. */
  mounts?: Mount[];
  /** Folder in which the command starts, relative to the tree. */
  cwd: string;
  /** The git dir of a mounted tree, which commands see at its fixed place; null for other trees. */
  gitDir: string | null;
  /** The folders in which git finds objects. */
  objects: string[];
  /** Folder for temporary files; null for one in memory. */
  temporary: string | null;
  network: "none" | "host";
  /** TCP ports of the tree, for a level that shares the machine's loopback. */
  ports: number[];
  sockets?: readonly string[];
  devices?: readonly string[];
}

/** Opens the sandbox of a project. Throws ENVIRONMENT when it is required and missing. */
export async function openSandbox(o: {
  config: Pick<Config, "sandbox">;
  /** The environment of commands. */
  environment: Record<string, string>;
  /** Variables of this process. */
  env: Record<string, string | undefined>;
  /** Folders that no command may see: the checkout, its git dir, dgov's folders. */
  closed: string[];
}): Promise<Sandbox> {
  const { mode } = o.config.sandbox;
  if (mode === "off") return { ...off, reason: '[sandbox] mode = "off"' };
  const found = await findLevel();
  requireLevel(mode, found);
  if (found.level === "off") return { ...off, ...found };
  const { memoryGib, processes, fileGib, unixSockets } = o.config.sandbox;
  const open = found.level === "landlock" && unixSockets ? " (open sockets)" : "";
  return {
    ...found,
    reason: `${found.reason}${open}`,
    host: hostView(o),
    limits: { memoryGib, processes, fileGib },
    unixSockets,
  };
}

const off = {
  ...({ level: "off", hint: null, programs: null, overlays: false } as const),
  ...{ host: null, limits: null, unixSockets: false },
};

/** The confinement of one command; undefined leaves it unconfined. */
export function confinement(sandbox: Sandbox, o: ConfineRequest): Confine | undefined {
  const { programs, host, limits } = sandbox;
  if (host === null || limits === null) return undefined;
  const view = commandView(sandbox, host, o);
  if (programs !== null) {
    const wrap = namespacesArgv(view, programs);
    return { level: "namespaces", wrap, seccomp: filter(), limits };
  }
  const { unixSockets } = sandbox;
  const rules = landlockRules(view, { abi: landlockAbi(), ports: o.ports, unixSockets });
  return { level: "landlock", rules, limits };
}

/** The places of a tree and of temporary files as a command sees them. */
export function insidePaths(
  sandbox: Sandbox,
  o: { root: string; temporary: string | undefined },
): { root: string; temporary: string | undefined } {
  return sandbox.programs === null ? o : { root: treeInside, temporary: "/tmp" };
}

/**
 * The variables that a confined command gets at level `landlock`: its home folder is a private one below its temporary
 * files, since the operator's cannot be covered there.
 */
export function landlockVariables(sandbox: Sandbox, temporary: string): Record<string, string> {
  const { host } = sandbox;
  if (host === null || sandbox.level !== "landlock") return {};
  const home = join(temporary, "home");
  makePrivateHome(home, homeLinks(host.home, host));
  const folder = (name: string): string => join(home, name);
  return {
    ...{ HOME: home, TMPDIR: temporary, XDG_CACHE_HOME: folder(".cache") },
    ...{ XDG_CONFIG_HOME: folder(".config"), XDG_DATA_HOME: folder(".local/share") },
    XDG_STATE_HOME: folder(".local/state"),
  };
}

function commandView(sandbox: Sandbox, host: HostView, o: ConfineRequest): CommandView {
  const { read } = host;
  // A holder has mounted what commands see in the places of the stores.
  const stores = o.holder ? [] : host.stores;
  const ownMounts = o.mounts ?? [];
  const keepsStores = sandbox.overlays || sandbox.level === "landlock";
  return {
    tree: { path: o.root, at: treeInside },
    holder: o.holder ?? null,
    cwd: o.cwd,
    system: host.system,
    mounts: [
      ...read.map((path) => ({ from: path, at: path, write: false })),
      ...(keepsStores ? [] : stores.map((path) => ({ from: path, at: path, write: false }))),
      ...ownMounts,
    ],
    stores: keepsStores ? stores : [],
    hidden: host.hidden,
    git: o.gitDir === null ? null : { dir: o.gitDir, at: gitInside },
    objects: o.objects,
    temporary: o.temporary,
    home: host.home,
    network: o.network,
    sockets: [...host.sockets, ...(o.sockets ?? [])].flatMap(realPath),
    devices: [...host.devices, ...(o.devices ?? [])].filter((path) => existsSync(path)),
    user: insideUser(),
  };
}

let program: Uint8Array | null = null;

/** The system call filter; null on architectures that have none. */
function filter(): Uint8Array | null {
  const { arch } = process;
  if (arch !== "x64" && arch !== "arm64") return null;
  program ??= seccompProgram({ arch, namespaces: true, network: false, localIpc: false });
  return program;
}

function hostView(o: Parameters<typeof openSandbox>[0]): HostView {
  const home = o.environment["HOME"] ?? "/dgov/home";
  const closed = [
    ...new Set([...o.closed, ...ownFolders(o.env)].flatMap((p) => [p, ...realPath(p)])),
  ];
  const system = systemFolders.filter((path) => existsSync(path));
  const { read: further, sockets, devices } = o.config.sandbox;
  const environment = o.environment;
  const found = toolchainFolders({ env: environment, home, system, closed }, probe);
  const added = further.map((path) => path.replace(/^~(?=\/)/, home)).filter(isAbsolute);
  // Recipes and the demo's tests run dgov, wherever it is installed.
  const own = [process.execPath].filter(
    (path) => ![...system, ...found.read].some((folder) => isInsideFolder(path, folder)),
  );
  return {
    ...found,
    home: isInsideFolder("/usr", home) || home === "/" ? "/dgov/home" : home,
    system: [...system, ...nameServers()],
    read: [...found.read, ...own, ...added.filter((path) => existsSync(path))],
    hidden: [
      ...closed
        .filter((path) => system.some((folder) => isInsideFolder(path, folder)))
        .filter((path) => existsSync(path))
        .map((path) => ({ path, folder: statSync(path).isDirectory() })),
      ...(process.getuid?.() === 0 ? privateFiles("/etc") : []),
    ],
    sockets,
    devices,
  };
}

/** Folders of dgov: keys, approvals of endpoints, caches, worktrees. */
function ownFolders(env: Record<string, string | undefined>): string[] {
  return (["config", "state", "cache"] as const).map((kind) => join(userFolder(kind, env), "dgov"));
}

/** Files that a link in /etc leads to and that resolving names needs. */
function nameServers(): string[] {
  return realPath("/etc/resolv.conf").filter((path) => !path.startsWith("/etc/"));
}

/** Files and folders below a folder that only their owner or group may read: root could read them inside. */
function privateFiles(root: string): CommandView["hidden"] {
  const found: CommandView["hidden"] = [];
  const look = (folder: string): void => {
    for (const entry of entriesOf(folder)) {
      if (entry.isSymbolicLink()) continue;
      const path = join(folder, entry.name);
      const { mode } = lstatSync(path);
      const isFolder = entry.isDirectory();
      if ((mode & (isFolder ? 0o5 : 0o4)) === 0) found.push({ path, folder: isFolder });
      else if (isFolder) look(path);
    }
  };
  look(root);
  return found;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** The real path of a file; none when it does not exist. */
function realPath(path: string): string[] {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
}

const probe = {
  exists: (path: string) => existsSync(path),
  real: (path: string) => realPath(path)[0] ?? null,
  linksIn: (folder: string) =>
    entriesOf(folder)
      .filter((entry) => entry.isSymbolicLink())
      .map((entry) => join(folder, entry.name)),
  text: (path: string) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return null;
    }
  },
};
