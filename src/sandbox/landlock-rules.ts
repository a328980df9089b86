/** Level `landlock`: a view as rules on the machine's own paths. Pure. */
import type { LandlockRules } from "../process/confine.ts";
import { landlockScope } from "../process/landlock.ts";
import type { CommandView } from "./view.ts";

/**
 * Device files that any program may use, and the folder of shared memory, in which Python makes its locks. Terminals
 * are not among them: those of the operator could be read and written.
 */
const commonDevices = ["null", "zero", "full", "random", "urandom", "shm"];

/**
 * The rules of a view. There are no overlays at this level, so that stores can be read only: what a command wrote to
 * them would be used by the operator's own programs. A socket of the file system cannot be granted alone: with one, all
 * can be connected to.
 */
export function landlockRules(
  view: CommandView,
  o: { abi: number; ports: number[]; unixSockets: boolean },
): LandlockRules {
  const mounted = (write: boolean): string[] =>
    view.mounts.filter((mount) => mount.write === write).map(({ from }) => from);
  return {
    abi: o.abi,
    read: [
      ...[...view.system, "/proc", "/sys/devices/system/cpu", "/sys/fs/cgroup"],
      ...[...mounted(false), ...view.stores, ...view.objects],
    ],
    write: [
      ...[view.tree.path, ...mounted(true)],
      ...(view.git === null ? [] : [view.git.dir]),
      ...(view.temporary === null ? [] : [view.temporary]),
      ...commonDevices.map((name) => `/dev/${name}`),
      ...[...view.sockets, ...view.devices],
    ],
    hidden: view.hidden.map(({ path }) => path),
    ports: view.network === "host" ? null : o.ports,
    unixSockets: o.unixSockets || view.sockets.length > 0,
  };
}

/** The parts of the level that an ABI of Landlock does not offer, as text; null when there are none. Pure. */
export function landlockGaps(abi: number): string | null {
  const { tcp, signals } = landlockScope(abi);
  const gaps = [
    ...(tcp ? [] : ["TCP is not limited (Linux 6.7 can)"]),
    ...(signals ? [] : ["processes outside can be signalled (Linux 6.12 prevents it)"]),
  ];
  return gaps.length === 0 ? null : gaps.join(", ");
}
