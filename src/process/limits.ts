/**
 * Limits of a confined command and everything that it starts. Memory and processes are limited by a control group
 * where this process may make one, in either version. Where it may not, processes are limited by a resource limit,
 * which does not bind root, and memory is not limited. The limits of the kernel hold whatever the command does.
 */
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { once } from "../std/once.ts";
import type { CommandLimits } from "./confine.ts";
import { processStart } from "./tree.ts";

/** The control group of one command. */
export interface ControlGroup {
  /** Folders, one for each hierarchy. A process joins by its pid in their `cgroup.procs`. */
  folders: string[];
  /** The limits that it holds. */
  memory: boolean;
  processes: boolean;
}

type Controller = "memory" | "pids";

const bytesPerGib = 1024 ** 3;
/** Files of limits, in version 2 and in version 1. */
const limitFiles: Record<Controller, string[]> = {
  memory: ["memory.max", "memory.limit_in_bytes"],
  pids: ["pids.max"],
};
const groupPrefix = "dgov-";
/** A limit that both controllers accept. */
const probeValue = 1_000_000;

/**
 * Folders in which the group of a command may be possible for a controller, best first, from `/proc/self/cgroup`
 * and `/proc/self/mountinfo`. In version 2 a group with processes cannot limit groups inside, so the parent of this
 * process's group is better: a user's session manager delegates it. Pure.
 */
export function groupParents(controller: Controller, groups: string, mounts: string): string[] {
  const found: string[] = [];
  for (const line of groups.split("\n")) {
    const [, names, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined) continue;
    const unified = names === "";
    if (!unified && !names.split(",").includes(controller)) continue;
    const root = mountOf(unified ? null : controller, mounts);
    if (root === null) continue;
    if (unified) found.push(resolve(root, `.${dirname(path)}`), resolve(root, `.${path}`));
    else found.push(resolve(root, `.${path}`));
  }
  return [...new Set(found)];
}

/** The mount point of a controller's hierarchy; null for that of version 2. */
function mountOf(controller: Controller | null, mounts: string): string | null {
  for (const line of mounts.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [kind, , options = ""] = after.split(" ");
    const fits =
      controller === null
        ? kind === "cgroup2"
        : kind === "cgroup" && options.split(",").includes(controller);
    if (fits) return before.split(" ")[4] ?? null;
  }
  return null;
}

let groups = 0;

/** A control group for a command; null where none can be made, or there is nothing to limit. */
export function openControlGroup(limits: CommandLimits): ControlGroup | null {
  const name = `${groupPrefix}${process.pid}-${++groups}`;
  const wanted: [Controller, number][] = [];
  if (limits.memoryGib !== null)
    wanted.push(["memory", Math.round(limits.memoryGib * bytesPerGib)]);
  if (limits.processes !== null) wanted.push(["pids", limits.processes]);
  const held = new Map<Controller, string>();
  for (const [controller, value] of wanted) {
    const parent = parentFor(controller);
    if (parent !== null && limitGroup(join(parent, name), controller, value)) {
      held.set(controller, join(parent, name));
    }
  }
  if (held.size === 0) return null;
  const folders = [...new Set(held.values())];
  return { folders, memory: held.has("memory"), processes: held.has("pids") };
}

/** Removes the group. Its processes have ended; the kernel may need a moment to forget the last. */
export function closeControlGroup(group: ControlGroup): void {
  for (const folder of group.folders) removeGroup(folder);
}

/** The folder in which groups can be made for a controller, found by trying; null for none. */
function parentFor(controller: Controller): string | null {
  return controller === "memory" ? memoryParent() : processesParent();
}
const memoryParent = once(() => findParent("memory"));
const processesParent = once(() => findParent("pids"));

function findParent(controller: Controller): string | null {
  if (process.platform !== "linux") return null;
  try {
    const read = (name: string): string => readFileSync(`/proc/self/${name}`, "utf8");
    for (const parent of groupParents(controller, read("cgroup"), read("mountinfo"))) {
      const tried = join(parent, `${groupPrefix}${process.pid}-probe`);
      const works = mayMoveInto(parent) && limitGroup(tried, controller, probeValue);
      removeGroup(tried);
      if (!works) continue;
      removeStaleGroups(parent);
      return parent;
    }
  } catch {
    // No control groups.
  }
  return null;
}

/** True when processes can be moved below a folder, which version 2 decides by their common ancestor. */
function mayMoveInto(parent: string): boolean {
  try {
    accessSync(join(parent, "cgroup.procs"), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Makes a group with a limit. False where that is refused. */
function limitGroup(folder: string, controller: Controller, value: number): boolean {
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    return false;
  }
  for (const file of limitFiles[controller]) {
    try {
      // Without `create`: a file system without this controller has no such file.
      writeFileSync(join(folder, file), `${value}`, { flag: "r+" });
      return true;
    } catch {
      // The other version, or not limited here.
    }
  }
  removeGroup(folder);
  return false;
}

function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Processes are in it still. A later run removes it.
  }
}

/** Removes groups of processes that have ended without removing them. */
function removeStaleGroups(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = /^dgov-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && processStart(Number(owner)) === null)
      removeGroup(join(parent, name));
  }
}

/** POSIX counts the size of files in units of 512 bytes. */
const fileUnit = 512;

/**
 * The arguments in front of a command that limit it; none without a limit. `tasks` is the number of tasks on the
 * machine: the resource limit counts all of the user's, whatever command they belong to. Pure.
 */
export function limitArguments(
  limits: CommandLimits,
  group: ControlGroup | null,
  tasks: number,
): string[] {
  const steps = ["ulimit -c 0"];
  if (limits.fileGib !== null) {
    steps.push(`ulimit -f ${Math.round((limits.fileGib * bytesPerGib) / fileUnit)}`);
  }
  if (limits.processes !== null && group?.processes !== true) {
    // dash and busybox name it p, bash u.
    const most = limits.processes + tasks;
    steps.push(`{ ulimit -u ${most} 2>/dev/null || ulimit -p ${most}; }`);
  }
  for (const folder of group?.folders ?? []) steps.push(`echo $$ >'${folder}/cgroup.procs'`);
  return ["/bin/sh", "-c", `${steps.join(" && ")} && exec "$@"`, "sh"];
}

/** Tasks of the machine, as an upper bound of the user's own. */
export function tasksOfMachine(): number {
  try {
    const [, total] = /\d+\/(\d+)/.exec(readFileSync("/proc/loadavg", "utf8")) ?? [];
    return Number(total ?? 0);
  } catch {
    return 0;
  }
}
