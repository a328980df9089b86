/** Level `landlock`: a view as rules on the machine's own paths. Pure. */
import type { LandlockRules } from "../process/confine.ts";
import type { CommandView } from "./view.ts";

/** Device files that any program may use. */
const commonDevices = ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "fd"];

/**
 * The rules of a view. There are no overlays at this level, so that stores are the user's own and can be changed. The
 * folder of devices may be listed, and only common ones used.
 */
export function landlockRules(
  view: CommandView,
  o: { abi: number; ports: number[]; unixSockets: boolean },
): LandlockRules {
  const mounted = (write: boolean): string[] =>
    view.mounts.filter((mount) => mount.write === write).map(({ from }) => from);
  return {
    abi: o.abi,
    read: [...view.system, "/proc", "/sys/devices/system/cpu", ...mounted(false), ...view.objects],
    write: [
      ...[view.tree.path, ...mounted(true), ...view.stores],
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
