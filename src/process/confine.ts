/** Confinement of one command as plain data: what `spawn.ts` puts around it. `src/sandbox/` makes it. */

/** Limits of a command and of all processes that it starts, together. Null for none. */
export interface CommandLimits {
  /** Memory. Needs a control group that this process may make. */
  memoryGib: number | null;
  /** Processes and threads. As root it needs a control group. */
  processes: number | null;
  /** Size of one file. */
  fileGib: number | null;
}

/** Access of a command at level `landlock`. Everything that is not listed is refused. */
export interface LandlockRules {
  /** The ABI of Landlock to use; a kernel with an older one uses its own. */
  abi: number;
  /** Files and folders that may be read and executed. */
  read: string[];
  /** Files and folders that may also be written. */
  write: string[];
  /** Files and folders below those that are refused all the same. */
  hidden: string[];
  /** TCP ports that may be bound and connected to; null for all of them. */
  ports: number[] | null;
  /** True when sockets of the file system may be connected to. */
  unixSockets: boolean;
}

/** Confinement by namespaces of the command's own: bubblewrap is the command's parent. */
export interface NamespacesConfine {
  level: "namespaces";
  /** The arguments before `--` and the command; bubblewrap is the last program in them. */
  wrap: string[];
  /** A seccomp program for the command, in the form of the kernel; null for none. */
  seccomp: Uint8Array | null;
  limits?: CommandLimits;
}

/** Confinement by Landlock and a system call filter, which the command's supervisor applies to itself. */
export interface LandlockConfine {
  level: "landlock";
  rules: LandlockRules;
  limits?: CommandLimits;
}

/** Undefined in place of it leaves a command unconfined (level `off`). */
export type Confine = NamespacesConfine | LandlockConfine;

/** A confinement as JSON. */
export type WireConfine =
  | (Omit<NamespacesConfine, "seccomp"> & { seccomp: number[] | null })
  | Exclude<Confine, NamespacesConfine>;

export function toWire(confine: Confine): WireConfine {
  if (confine.level !== "namespaces") return confine;
  return { ...confine, seccomp: confine.seccomp === null ? null : [...confine.seccomp] };
}

export function fromWire(confine: WireConfine): Confine {
  if (confine.level !== "namespaces") return confine;
  const { seccomp } = confine;
  return { ...confine, seccomp: seccomp === null ? null : Uint8Array.from(seccomp) };
}

/** Lines that bubblewrap writes to its status descriptor. */
export interface NamespacesStatus {
  /** The first process of the command's pid namespace, as this process sees it; null when there was none. */
  init: { pid: number; namespace: number } | null;
  /** Null when the command was not started, or bubblewrap was killed. */
  exitCode: number | null;
}

/** Reads the status lines of bubblewrap. Pure. */
export function parseStatus(text: string): NamespacesStatus {
  const number = (name: string): number | null => {
    const found = new RegExp(`"${name}": *(\\d+)`).exec(text)?.[1];
    return found === undefined ? null : Number(found);
  };
  const pid = number("child-pid");
  return {
    init: pid === null ? null : { pid, namespace: number("pid-namespace") ?? 0 },
    exitCode: number("exit-code"),
  };
}

/**
 * The signal in an exit code that bubblewrap reports. It writes 128 + n for a command that signal n ended. Codes of
 * SIGHUP and SIGINT are left alone: git exits with 129 when its arguments are wrong, shells with 130. Pure.
 */
export function signalOf(exitCode: number): string | null {
  return signals[exitCode - 128] ?? null;
}

const signals: Record<number, string> = {
  ...{ 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL" },
  ...{ 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS" },
};

/** True when bubblewrap set everything up, but there is no such program inside. Pure. */
export function isMissingInside(stderr: string): boolean {
  return /^bwrap: execvp /m.test(stderr);
}
