/** Level `namespaces`: a view as the command line of bubblewrap. Pure. */
import { join } from "node:path";
import { compareText } from "../std/order.ts";
import type { CommandView } from "./view.ts";

/** Absolute paths of the programs of this level. */
export interface NamespacePrograms {
  bwrap: string;
  unshare: string;
  nsenter: string;
  mount: string;
  mkdir: string;
  /** bubblewrap 0.8 and later can forbid further user namespaces; the system call filter does it as well. */
  disableUserns: boolean;
}

/**
 * The arguments before the command. bubblewrap 0.8 cannot mount overlays. A holder has them at the paths of the
 * stores; without one `unshare` starts bubblewrap in a mount namespace where they are.
 */
export function namespacesArgv(view: CommandView, programs: NamespacePrograms): string[] {
  const once = programs.disableUserns ? ["--disable-userns"] : [];
  const bubblewrap = [programs.bwrap, ...once, ...bubblewrapArguments(view)];
  if (view.holder !== null) {
    const { nsenter } = programs;
    const namespaces = ["-t", `${view.holder.pid}`, "-U", "-m", "--preserve-credentials"];
    return [nsenter, ...namespaces, "--", ...bubblewrap];
  }
  if (view.stores.length === 0) return bubblewrap;
  const { unshare, mount, mkdir } = programs;
  return [
    ...[unshare, "--user", "--map-root-user", "--mount", "--", "/bin/sh", "-c", mountStores],
    ...["sh", mount, mkdir, `${view.stores.length}`, ...view.stores, ...bubblewrap],
  ];
}

/**
 * Mounts an overlay over each store and starts bubblewrap. What commands write is kept in memory, below a folder
 * that every system has and no command sees, and is gone with them.
 */
const mountStores = `set -e
mount=$1 mkdir=$2 left=$3
shift 3
"$mount" -t tmpfs -o mode=0700 dgov /sys
while [ $left -gt 0 ]; do
"$mkdir" /sys/$left /sys/$left/upper /sys/$left/work
"$mount" -t overlay -o "lowerdir=$1,upperdir=/sys/$left/upper,workdir=/sys/$left/work,userxattr" dgov "$1"
left=$((left - 1))
shift
done
exec "$@"`;

/** Options that are the same for every command. Nothing inside outlives bubblewrap, or has a capability. */
const always = [
  ...["--die-with-parent", "--unshare-user", "--unshare-pid", "--unshare-ipc"],
  ...["--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"],
];

/** Arguments of bubblewrap. Later mounts cover earlier ones, so what lies below a folder follows it. */
function bubblewrapArguments(view: CommandView): string[] {
  const { tree, git, user } = view;
  const mounts: [at: string, ...args: string[]][] = [
    ...view.system.map((path) => readOnly(path, path)),
    // As root, a /proc of its own would let commands write the kernel's settings.
    ["/proc", "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"],
    ["/dev", "--dev", "/dev"],
    ["/run", "--perms", "0755", "--tmpfs", "/run"],
    view.temporary === null
      ? ["/tmp", "--perms", "1777", "--tmpfs", "/tmp"]
      : writable(view.temporary, "/tmp"),
    [view.home, "--perms", "0700", "--tmpfs", view.home],
    ...view.stores.map((path) => writable(path, path)),
    ...view.mounts.map(({ from, at, write }) => (write ? writable : readOnly)(from, at)),
    writable(tree.path, tree.at),
    ...(git === null ? [] : [writable(git.dir, git.at)]),
    ...view.objects.map((path) => readOnly(path, path)),
    ...view.sockets.map((path) => writable(path, path)),
    ...view.devices.map((path): [string, ...string[]] => [path, "--dev-bind", path, path]),
    ...view.hidden.map(({ path, folder }) => covered(path, folder)),
  ];
  return [
    ...always,
    ...["--uid", `${user.uid}`, "--gid", `${user.gid}`],
    ...(view.network === "none" ? ["--unshare-net"] : []),
    ...mounts.sort(([a], [b]) => depth(a) - depth(b) || compareText(a, b)).flatMap(withoutPlace),
    ...["--symlink", "../run", "/var/run", "--symlink", "../tmp", "/var/tmp"],
    ...view.hidden.filter(({ folder }) => folder).flatMap(({ path }) => ["--remount-ro", path]),
    ...["--remount-ro", "/", "--chdir", join(tree.at, view.cwd)],
  ];
}

function readOnly(from: string, at: string): [string, ...string[]] {
  return [at, "--ro-bind", from, at];
}

function writable(from: string, at: string): [string, ...string[]] {
  return [at, "--bind", from, at];
}

function covered(path: string, folder: boolean): [string, ...string[]] {
  if (!folder) return [path, "--ro-bind", "/dev/null", path];
  return [path, "--perms", "0555", "--tmpfs", path];
}

function depth(path: string): number {
  return path.split("/").filter((name) => name !== "").length;
}

function withoutPlace([, ...args]: [string, ...string[]]): string[] {
  return args;
}
