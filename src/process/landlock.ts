/**
 * Level `landlock`: restricts this process, and everything that it starts from now on, to what a command may
 * reach. The kernel's rules are a pure function of the rules and of its ABI, so that older kernels are tested by
 * pretending. Linux only.
 */
import { ptr } from "bun:ffi";
import { closeSync, constants, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { once } from "../std/once.ts";
import type { LandlockRules } from "./confine.ts";
import { type LinuxCalls, linuxCalls } from "./libc.ts";
import { type SeccompArch, seccompProgram } from "./seccomp.ts";

/** The oldest ABI with which the level is available: Linux 6.2. Older ones let files be truncated. */
export const landlockAbiMin = 3;

/** The parts of the level that depend on the ABI of the kernel. */
export interface LandlockScope {
  /** TCP ports are limited: Linux 6.7. */
  tcp: boolean;
  /** Device files cannot be controlled: Linux 6.10. */
  devices: boolean;
  /** Processes outside cannot be signalled, abstract sockets outside not be connected to: Linux 6.12. */
  signals: boolean;
}

/** The parts of the level that an ABI offers. Pure. */
export function landlockScope(abi: number): LandlockScope {
  return { tcp: abi >= 4, devices: abi >= 5, signals: abi >= 6 };
}

/** Rights on files, as bits. */
const fsRight = {
  execute: 1n << 0n,
  writeFile: 1n << 1n,
  readFile: 1n << 2n,
  readFolder: 1n << 3n,
  removeFolder: 1n << 4n,
  removeFile: 1n << 5n,
  makeCharacterDevice: 1n << 6n,
  makeFolder: 1n << 7n,
  makeFile: 1n << 8n,
  makeSocket: 1n << 9n,
  makePipe: 1n << 10n,
  makeBlockDevice: 1n << 11n,
  makeLink: 1n << 12n,
  refer: 1n << 13n,
  truncate: 1n << 14n,
  controlDevice: 1n << 15n,
} as const;

/** Rights that a rule of a file may carry; the kernel refuses a rule with any other. */
const ofFiles =
  fsRight.execute | fsRight.writeFile | fsRight.readFile | fsRight.truncate | fsRight.controlDevice;
const toRead = fsRight.execute | fsRight.readFile | fsRight.readFolder;
const devicesMade = fsRight.makeCharacterDevice | fsRight.makeBlockDevice;
/** Rights of bind and connect. */
const bothTcp = 3n;
/** Scopes of abstract sockets and of signals. */
const bothScopes = 3n;

/** A ruleset in the kernel's terms. */
export interface KernelRuleset {
  handledFs: bigint;
  handledNet: bigint;
  scoped: bigint;
  paths: { path: string; access: bigint }[];
  ports: { port: bigint; access: bigint }[];
}

/** Facts about a path; null when it cannot be named. */
type Look = (path: string) => { folder: boolean } | null;

/** The ruleset for an ABI: everything that the ABI knows is handled, so all that is not granted is refused. Pure. */
export function kernelRuleset(rules: LandlockRules, abi: number, look: Look): KernelRuleset {
  const scope = landlockScope(abi);
  const known = fsRight.controlDevice * (scope.devices ? 2n : 1n) - 1n;
  const toWrite = known & ~devicesMade;
  const granted = (list: readonly string[], access: bigint): KernelRuleset["paths"] =>
    list.flatMap((path) => {
      const found = look(path);
      if (found === null) return [];
      return [{ path, access: found.folder ? access : access & ofFiles }];
    });
  const limitsPorts = scope.tcp && rules.ports !== null;
  return {
    handledFs: known,
    handledNet: limitsPorts ? bothTcp : 0n,
    scoped: scope.signals ? bothScopes : 0n,
    paths: [...granted(rules.read, toRead), ...granted(rules.write, toWrite)],
    ports: limitsPorts
      ? (rules.ports ?? []).map((port) => ({ port: BigInt(port), access: bothTcp }))
      : [],
  };
}

/**
 * A folder as the list of what it contains, so that a grant leaves out hidden entries. `hidden` are paths
 * at any depth; folders above them are listed as well. Entries that appear later are not granted. Pure.
 */
export function withoutHidden(
  path: string,
  hidden: readonly string[],
  list: (folder: string) => string[],
): string[] {
  if (hidden.includes(path)) return [];
  if (!hidden.some((inside) => inside.startsWith(`${path}/`))) return [path];
  return list(path).flatMap((name) => withoutHidden(join(path, name), hidden, list));
}

const calls64 = { createRuleset: 444n, addRule: 445n, restrictSelf: 446n } as const;
const [rulePath, rulePort] = [1n, 2n];
const versionFlag = 1n;

/**
 * The ABI of Landlock in this kernel; 0 where there is none. `DGOV_LANDLOCK_ABI` lowers it, for tests of older
 * kernels; child processes never get the variable.
 */
export const landlockAbi = once((): number => {
  const answer = linuxCalls()?.syscall(calls64.createRuleset, 0n, 0n, versionFlag, 0n);
  const found = Math.max(0, Number(answer ?? 0));
  const pretended = process.env["DGOV_LANDLOCK_ABI"];
  return pretended === undefined ? found : Math.min(found, Number(pretended));
});

const prctl = { capabilityDrop: 24, noNewPrivileges: 38, seccomp: 22, ambient: 47 } as const;
const [ambientClear, seccompFilter] = [4n, 2n];

/** Restricts this process to the rules. Throws when the kernel refuses a step. */
export function restrictToRules(rules: LandlockRules): void {
  const calls = linuxCalls();
  const abi = Math.min(landlockAbi(), rules.abi);
  if (calls === null || abi < landlockAbiMin) throw new Error("the kernel has no Landlock");
  dropCapabilities(calls);
  require(calls.prctl(prctl.noNewPrivileges, 1n, 0n, 0n, 0n), "no_new_privs");
  restrictFiles(calls, kernelRuleset(withHidden(rules), abi, lookAt));
  filterCalls(calls, rules);
}

function withHidden(rules: LandlockRules): LandlockRules {
  const open = (list: readonly string[]): string[] =>
    list.flatMap((path) => withoutHidden(path, rules.hidden, listFolder));
  return { ...rules, read: open(rules.read), write: open(rules.write) };
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // Nothing in a folder that cannot be read is granted.
  }
}

function lookAt(path: string): { folder: boolean } | null {
  try {
    return { folder: statSync(path).isDirectory() };
  } catch {
    return null; // It does not exist, or this process may not name it.
  }
}

function require(result: number | bigint, step: string): void {
  if (Number(result) < 0) throw new Error(`${step} failed`);
}

/** O_PATH and O_CLOEXEC. */
const toName = 0o10000000 | 0o2000000;

function restrictFiles(calls: LinuxCalls, ruleset: KernelRuleset): void {
  const attributes = new BigUint64Array([ruleset.handledFs, ruleset.handledNet, ruleset.scoped]);
  // A kernel refuses a longer structure than it knows, unless the rest is zero.
  const fd = calls.syscall(calls64.createRuleset, address(attributes), 24n, 0n, 0n);
  require(fd, "landlock_create_ruleset");
  const add = (kind: bigint, rule: DataView): void => {
    const result = calls.syscall(calls64.addRule, BigInt(fd), kind, address(rule), 0n);
    require(result, "landlock_add_rule");
  };
  try {
    for (const { path, access } of ruleset.paths) {
      const named = openToName(path);
      if (named === null) continue;
      const rule = new DataView(new ArrayBuffer(12));
      rule.setBigUint64(0, access, true);
      rule.setInt32(8, named, true);
      add(rulePath, rule);
      closeSync(named);
    }
    for (const { port, access } of ruleset.ports) {
      const rule = new DataView(new ArrayBuffer(16));
      rule.setBigUint64(0, access, true);
      rule.setBigUint64(8, port, true);
      add(rulePort, rule);
    }
    require(calls.syscall(calls64.restrictSelf, BigInt(fd), 0n, 0n, 0n), "landlock_restrict_self");
  } finally {
    closeSync(Number(fd));
  }
}

/** A descriptor that only names a file; null when it has gone or may not be named. */
function openToName(path: string): number | null {
  try {
    return openSync(path, toName | constants.O_RDONLY);
  } catch {
    return null;
  }
}

function filterCalls(calls: LinuxCalls, rules: LandlockRules): void {
  const program = seccompProgram({
    arch: process.arch as SeccompArch,
    namespaces: false,
    network: rules.ports === null,
    localIpc: rules.unixSockets,
  });
  // struct sock_fprog: a count of instructions, and where they are.
  const header = new DataView(new ArrayBuffer(16));
  header.setUint16(0, program.length / 8, true);
  header.setBigUint64(8, address(program), true);
  require(calls.prctl(prctl.seccomp, seccompFilter, address(header), 0n, 0n), "seccomp");
}

/**
 * The capability that root keeps: CAP_DAC_OVERRIDE, without which it is refused files that root expects to open.
 * Landlock limits which. It does not see `chown` and `chmod`, so the capabilities for those are given up.
 */
const keptByRoot = 1;
const capabilitiesMax = 63;
const capset: Record<string, bigint> = { x64: 126n, arm64: 91n };
const capabilityVersion = 0x20080522;

/** Gives up capabilities for this process and everything that it starts. */
function dropCapabilities(calls: LinuxCalls): void {
  const mayKeep = 1 << keptByRoot;
  const kept = process.getuid?.() === 0 ? mayKeep : 0;
  for (let number = 0; number <= capabilitiesMax; number++) {
    // Fails for a process without CAP_SETPCAP, and for numbers that the kernel does not know.
    if (number !== keptByRoot) calls.prctl(prctl.capabilityDrop, BigInt(number), 0n, 0n, 0n);
  }
  calls.prctl(prctl.ambient, ambientClear, 0n, 0n, 0n);
  const header = new Uint32Array([capabilityVersion, 0]);
  // Effective, permitted and inheritable, of the lower and then of the higher half.
  const set = (sets: Uint32Array): bigint | number =>
    calls.syscall(capset[process.arch] ?? 0n, address(header), address(sets), 0n, 0n);
  // A container may have left root none to keep.
  if (Number(set(new Uint32Array([kept, kept, 0, 0, 0, 0]))) === 0) return;
  require(set(new Uint32Array(6)), "capset");
}

function address(of: Uint8Array | Uint32Array | BigUint64Array | DataView): bigint {
  return BigInt(ptr(of));
}
