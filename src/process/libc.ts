/** Process control of Linux that Bun does not offer. Each function does nothing elsewhere. */
import { dlopen, ptr } from "bun:ffi";
import { once } from "../std/once.ts";

/** musl answers to the first name as well; its own comes second in case a version does not. */
const libraries = [
  "libc.so.6",
  `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`,
];

/** Functions of the C library; null where it cannot be loaded. */
export const linuxCalls = once(() => {
  if (process.platform !== "linux") return null;
  for (const library of libraries) {
    try {
      return dlopen(library, {
        poll: { args: ["ptr", "u64", "int"], returns: "int" },
        prctl: { args: ["int", "u64", "u64", "u64", "u64"], returns: "int" },
        socketpair: { args: ["int", "int", "int", "ptr"], returns: "int" },
        syscall: { args: ["i64", "i64", "i64", "i64", "i64"], returns: "i64" },
        waitpid: { args: ["int", "ptr", "int"], returns: "int" },
      }).symbols;
    } catch {
      // Try the next name.
    }
  }
  return null;
});

export type LinuxCalls = NonNullable<ReturnType<typeof linuxCalls>>;

/** Options of `prctl`. */
const prctlOptions = { setDumpable: 4, setChildSubreaper: 36 } as const;

/**
 * Makes this process undumpable, so that other processes of the same user cannot read its memory or
 * environment. Linux only; a failure is ignored.
 */
export function makeUndumpable(): void {
  linuxCalls()?.prctl(prctlOptions.setDumpable, 0, 0, 0, 0);
}

/** Makes orphaned descendants children of this process. False where the system cannot. */
export function becomeSubreaper(): boolean {
  return linuxCalls()?.prctl(prctlOptions.setChildSubreaper, 1, 0, 0, 0) === 0;
}

const [afUnix, sockStream, sockCloexec, sockNonblock] = [1, 1, 0o2000000, 0o4000];

/** Two connected sockets, closed when another program starts; null where there are none. */
export function socketPair(o: { blocking: boolean }): [number, number] | null {
  const fds = new Int32Array(2);
  const type = sockStream | sockCloexec | (o.blocking ? 0 : sockNonblock);
  const [one = -1, other = -1] =
    linuxCalls()?.socketpair(afUnix, type, 0, ptr(fds)) === 0 ? fds : [];
  return one < 0 ? null : [one, other];
}

/** `pidfd_open` has the same number on every architecture. */
const pidfdOpenNumber = 434;

/** A descriptor that is readable once the process has ended; -1 on failure. */
export function pidfdOpen(calls: LinuxCalls, pid: number): number {
  return Number(calls.syscall(BigInt(pidfdOpenNumber), BigInt(pid), 0n, 0n, 0n));
}
