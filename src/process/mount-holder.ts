/**
 * A mount namespace of dgov's own: a process that holds it and sleeps, until its stdin closes. Linux only.
 *
 * Layered trees are mounted in it, so that they end with it, however this process ends, and nothing outside sees
 * them. This process reaches its files through `/proc/<pid>/root`; commands enter it with `nsenter`. A normal user
 * gets the right to mount from a user namespace of the holder's; root needs none.
 */
import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { removeFolder } from "../std/files.ts";
import { once } from "../std/once.ts";
import { describeExit, succeeded } from "./exit-result.ts";
import { ownChild } from "./orphans.ts";
import { runProcess } from "./spawn.ts";

/** The right to mount: of a user namespace, or of the root user. */
export type MountRight = "user_namespace" | "root";

/** An overlay to mount. All paths are relative to the holder's folder. */
export interface Overlay {
  /** Read-only folders, the topmost first. */
  lowers: readonly string[];
  /** Folders for what is written, on one file system; they are created. */
  upper: string;
  work: string;
  at: string;
}

export interface MountHolder {
  readonly pid: number;
  /** Command line before a command that is to run in the namespace. */
  readonly enter: readonly string[];
  /** The folder in which its mounts are. */
  readonly folder: string;
  /** A path in the folder, as this process reaches it. */
  path(relative: string): string;
  /** A path in the folder, as a process in the namespace names it. */
  inside(relative: string): string;
  /** Mounts overlays. Throws ENVIRONMENT when the system refuses one. */
  mount(overlays: readonly Overlay[]): Promise<void>;
  /** Unmounts places, and removes folders, whatever their permissions. */
  unmount(places: readonly string[], remove?: readonly string[]): Promise<void>;
  /** Removes folders, whatever their permissions. */
  remove(folders: readonly string[]): Promise<void>;
  /** Free bytes of the file system on which uppers are. */
  freeBytes(): number;
  /** Ends the namespace with all its mounts. */
  end(): Promise<void>;
}

/** Name of the folder in which a holder mounts. */
const mountFolder = "mnt";

/** Limit of one call of `mount`, `umount` or `rm`. */
const stepTimeoutMs = 120_000;

/** Limit of the time until a holder answers. */
const startTimeoutMs = 20_000;

/** Longest list of lower folders in bytes: mount(2) reads one page of options. */
export const lowersBytesMax = 3500;

/**
 * Starts a holder on a folder, which is created. Its uppers are in memory, at most `memoryBytes`, or on disk, in a
 * folder of their own below it, when that is null. Throws ENVIRONMENT when the system does not allow it.
 */
export async function holdMounts(o: {
  folder: string;
  right: MountRight;
  memoryBytes: number | null;
}): Promise<MountHolder> {
  const { folder, right } = o;
  mkdirSync(join(folder, mountFolder), { recursive: true });
  const onDisk = o.memoryBytes === null ? `disk-${process.pid}-${++holders}` : null;
  if (onDisk !== null) mkdirSync(join(folder, onDisk));
  const mounted =
    onDisk === null
      ? `mount -t tmpfs -o size=${o.memoryBytes},nr_inodes=0,mode=755 dgov ${mountFolder}`
      : `mount --bind ${onDisk} ${mountFolder}`;
  const user = right === "user_namespace" ? ["-Ur"] : [];
  const child = ownChild(
    Bun.spawn(
      [
        "unshare",
        ...user,
        "-m",
        "sh",
        "-c",
        `cd "$1" && ${mounted} && echo ready && exec cat`,
        "sh",
        folder,
      ],
      { cwd: "/", env: plainEnvironment(), stdio: ["pipe", "pipe", "pipe"], detached: true },
    ),
  );
  const ended = once(async () => {
    try {
      await child.stdin.end();
    } catch {
      // It has ended already.
    }
    await child.exited;
    // The work folder of an overlay has no permissions.
    if (onDisk !== null) removeFolder(join(folder, onDisk));
  });
  const answer = await firstLine(child.stdout, () => child.kill("SIGKILL"));
  if (answer !== "ready") {
    const said = (await new Response(child.stderr).text()).trim();
    await ended();
    throw new DgovError("ENVIRONMENT", `no mount namespace: ${said || "unshare did not answer"}`);
  }
  const enter = ["nsenter", "-t", `${child.pid}`, ...(user.length > 0 ? ["-U"] : []), "-m"];
  if (user.length > 0) enter.push("--preserve-credentials");
  enter.push("--");
  const path = (relative: string): string => `/proc/${child.pid}/root${join(folder, relative)}`;
  const step = async (doing: string, script: string, args: readonly string[]): Promise<void> => {
    const run = await runProcess({
      argv: [...enter, "sh", "-c", `cd "$1" || exit; shift; ${script}`, "sh", folder, ...args],
      cwd: "/",
      env: plainEnvironment(),
      timeoutMs: stepTimeoutMs,
      outputBytesMax: 64 * 1024,
    });
    if (succeeded(run.result)) return;
    const said = run.combined.trim().split("\n").at(-1) ?? "";
    throw new DgovError("ENVIRONMENT", `${doing}: ${said || describeExit(run.result)}`);
  };
  return {
    pid: child.pid,
    enter,
    folder,
    path,
    inside: (relative) => join(folder, relative),
    mount(overlays) {
      const attributes = right === "user_namespace" ? ",userxattr" : "";
      const args = overlays.flatMap(({ lowers, upper, work, at }) => {
        const options = `lowerdir=${lowers.join(":")},upperdir=${upper},workdir=${work}${attributes}`;
        return [options, upper, work, at];
      });
      return step("mounting a layered tree", mountScript, args);
    },
    unmount: (places, folders = []) =>
      step("unmounting a layered tree", unmountScript, [`${places.length}`, ...places, ...folders]),
    remove: (folders) => step("removing layers", removeScript, folders),
    freeBytes() {
      const { bavail, bsize } = statfsSync(path(mountFolder));
      return bavail * bsize;
    },
    end: ended,
  };
}

let holders = 0;

/** Mounts overlays; each is four arguments: options, upper, work folder, place. */
const mountScript = `while [ $# -gt 0 ]; do
mkdir -p -- "$2" "$3" "$4" && mount -t overlay -o "$1" dgov "$4" || exit
shift 4
done`;

/** A path in the folder of a holder's mounts, relative to the holder's folder. */
export function mountPath(...parts: string[]): string {
  return join(mountFolder, ...parts);
}

/** Removes its arguments. The work folder of an overlay has no permissions, nor may what commands made. */
const removeScript =
  '[ $# -eq 0 ] || rm -rf -- "$@" 2>/dev/null || { chmod -R u+rwx -- "$@"; rm -rf -- "$@"; }';

/** Unmounts as many of its arguments as the first says, and removes the rest. */
const unmountScript = `left=$1; shift
while [ $left -gt 0 ]; do
umount -- "$1" || exit
shift; left=$((left - 1))
done
${removeScript}`;

function plainEnvironment(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
}

/** The first line of a stream, "" at its end or when the limit is reached, after `giveUp`. */
async function firstLine(stream: ReadableStream<Uint8Array>, giveUp: () => void): Promise<string> {
  const reader = stream.getReader();
  const timer = setTimeout(giveUp, startTimeoutMs);
  let text = "";
  try {
    while (!text.includes("\n")) {
      const { done, value } = await reader.read();
      if (done) break;
      text += Buffer.from(value).toString();
    }
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
  return text.split("\n")[0] ?? "";
}
