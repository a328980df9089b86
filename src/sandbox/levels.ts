/** The level of confinement that this machine offers, found by trying. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { succeeded } from "../process/exit-result.ts";
import { landlockAbi, landlockAbiMin } from "../process/landlock.ts";
import { runShell } from "../process/spawn.ts";
import { once } from "../std/once.ts";
import { errorMessage } from "../std/text.ts";
import { landlockGaps } from "./landlock-rules.ts";
import { type NamespacePrograms, namespacesArgv } from "./namespaces.ts";
import { type CommandView, treeInside } from "./view.ts";

export type Level = "namespaces" | "landlock" | "off";

export interface FoundLevel {
  level: Level;
  /** The reason why it is not a stronger one; the proof of the strongest. */
  reason: string;
  /** The way to a stronger level; null when there is none, or none is known. */
  hint: string | null;
  /** Null at other levels than `namespaces`. */
  programs: NamespacePrograms | null;
  /** True where stores can be overlays; elsewhere commands can only read them. */
  overlays: boolean;
}

/** Folders of the system that commands see. */
export const systemFolders: readonly string[] = [
  ...["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix"],
  ...["/gnu", "/snap", "/var/lib/ca-certificates", "/var/cache/fontconfig"],
];

const probeTimeoutMs = 20_000;

/** The level of this machine; tried once per process. */
export const findLevel = once(async (): Promise<FoundLevel> => {
  const none = { level: "off", programs: null, overlays: false } as const;
  if (process.platform !== "linux") {
    return { ...none, reason: `there is no sandbox for ${process.platform}`, hint: null };
  }
  const found = await tryNamespaces();
  if (found.ok) return found.level;
  const { reason, hint } = found;
  const refused = await tryLandlock();
  if (refused === null) {
    const gaps = landlockGaps(landlockAbi());
    const missing = gaps === null ? "" : `; with this kernel ${gaps}`;
    return { ...none, level: "landlock", reason: `no namespaces: ${reason}${missing}`, hint };
  }
  return { ...none, reason: `no namespaces: ${reason}; no Landlock: ${refused}`, hint };
});

/** Runs a command under Landlock that tries what it must not do; null when everything held. */
async function tryLandlock(): Promise<string | null> {
  // For tests of machines without it, which a kernel that has it cannot be made into.
  if (process.env["DGOV_SANDBOX_WITHOUT"] === "landlock") return "it was excluded";
  const abi = landlockAbi();
  if (abi < landlockAbiMin) return "the kernel has none, or is older than Linux 6.2";
  const root = mkdtempSync(join(tmpdir(), "dgov-probe-"));
  try {
    const [tree, outside] = [join(root, "tree"), join(root, "outside")];
    mkdirSync(tree);
    writeFileSync(outside, "");
    const script = [
      ": > written || exit 20",
      '(cat "$OUTSIDE") 2>/dev/null && exit 21',
      '(: > "$OUTSIDE") 2>/dev/null && exit 22',
      "exit 0",
    ].join("\n");
    const system = systemFolders.filter((path) => existsSync(path));
    const rules = {
      ...{ abi, read: [...system, "/proc"], write: [tree, "/dev/null"] },
      ...{ hidden: [], ports: [], unixSockets: false },
    };
    const run = await runShell({
      command: script,
      cwd: tree,
      env: { PATH: "/usr/bin:/bin", OUTSIDE: outside },
      timeoutMs: probeTimeoutMs,
      outputBytesMax: 64 * 1024,
      confine: { level: "landlock", rules },
    });
    if (succeeded(run.result)) return null;
    const code = run.result.kind === "exited" ? run.result.code : null;
    return probeMeanings[code ?? 0] ?? `${run.result.kind} ${code ?? ""} ${run.stderr}`.trim();
  } catch (error) {
    return errorMessage(error);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

type Tried = { ok: true; level: FoundLevel } | { ok: false; reason: string; hint: string | null };

async function tryNamespaces(): Promise<Tried> {
  const find = (name: string): string => Bun.which(name) ?? "";
  const bwrap = find("bwrap");
  if (bwrap === "") {
    return { ok: false, reason: "bubblewrap is not installed", hint: "apt install bubblewrap" };
  }
  const programs = {
    ...{ bwrap, unshare: find("unshare"), nsenter: find("nsenter") },
    ...{ mount: find("mount"), mkdir: find("mkdir"), disableUserns: true },
  };
  const canMount = programs.unshare !== "" && programs.mount !== "" && programs.mkdir !== "";
  let disableUserns = true;
  let last = "";
  for (let overlays = canMount; ; ) {
    const attempt = { ...programs, disableUserns };
    const problem = await tryOnce(attempt, overlays);
    if (problem === null) {
      const reason = "a command in namespaces of its own was tried and held";
      return {
        ok: true,
        level: { level: "namespaces", reason, hint: null, programs: attempt, overlays },
      };
    }
    last = problem;
    if (disableUserns && /--disable-userns/.test(problem)) disableUserns = false;
    else if (overlays) overlays = false;
    else return { ok: false, ...explainFailure(last) };
  }
}

/** The script of the probe: each line is something that must hold inside, with an exit code of its own. */
const probeScript = [
  ": > written || exit 20",
  '[ -e "$OUTSIDE" ] && exit 21',
  "(: > /usr/.dgov-probe) 2>/dev/null && exit 22",
  "(: > /proc/sys/kernel/core_pattern) 2>/dev/null && exit 23",
  '[ "$(grep -c : /proc/net/dev)" = 1 ] || exit 24',
  '[ -e "$SOCKET" ] && exit 25',
  '[ "$STORE" = "" ] || : > "$STORE/written" || exit 26',
  "exit 0",
].join("\n");

const probeMeanings: Record<number, string> = {
  20: "the tree inside cannot be written",
  21: "a file outside can be seen",
  22: "the system's folders can be written",
  23: "settings of the kernel can be written",
  24: "the machine's network can be seen",
  25: "a socket outside can be seen",
  26: "a store cannot be written",
};

/** Runs the probe as commands are run; null when everything held. */
async function tryOnce(programs: NamespacePrograms, overlays: boolean): Promise<string | null> {
  const root = mkdtempSync(join(tmpdir(), "dgov-probe-"));
  try {
    const [tree, store, outside] = [join(root, "tree"), join(root, "store"), join(root, "outside")];
    for (const folder of [tree, store]) mkdirSync(folder);
    writeFileSync(outside, "");
    using server = Bun.listen({ unix: join(root, "socket"), socket: { data() {} } });
    const view: CommandView = {
      tree: { path: tree, at: treeInside },
      holder: null,
      cwd: "",
      system: systemFolders.filter((path) => existsSync(path)),
      mounts: [],
      stores: overlays ? [store] : [],
      hidden: [],
      git: null,
      objects: [],
      temporary: null,
      home: "/dgov/home",
      network: "none",
      sockets: [],
      devices: [],
      user: insideUser(),
    };
    const variables = { OUTSIDE: outside, SOCKET: join(root, "socket") };
    const run = await runShell({
      command: probeScript,
      cwd: "/",
      env: { PATH: "/usr/bin:/bin", ...variables, STORE: overlays ? store : "" },
      timeoutMs: probeTimeoutMs,
      outputBytesMax: 64 * 1024,
      confine: { level: "namespaces", wrap: namespacesArgv(view, programs), seccomp: null },
    });
    server.stop();
    if (succeeded(run.result))
      return existsSync(join(store, "written")) ? "a store was changed" : null;
    const code = run.result.kind === "exited" ? run.result.code : null;
    return probeMeanings[code ?? 0] ?? `${run.result.kind} ${code ?? ""} ${run.stderr}`;
  } catch (error) {
    return errorMessage(error);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * User and group inside. As root they are those of an unprivileged account: the files stay root's own outside, and programs that
 * behave differently as root behave as they do for users.
 */
export function insideUser(): { uid: number; gid: number } {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return uid === 0 ? { uid: unprivilegedId, gid: unprivilegedId } : { uid, gid };
}

const unprivilegedId = 65534;

/** The cause of a failed probe, from bubblewrap's message, and what to change. Pure. */
export function explainFailure(message: string): { reason: string; hint: string | null } {
  const text = message.trim().split("\n").at(-1) ?? "";
  if (/ENOSPC|No space left on device|max_\*_namespaces/.test(message)) {
    return {
      reason: "the limit of user namespaces is reached",
      hint: "sysctl user.max_user_namespaces, which must not be 0",
    };
  }
  if (/No permissions to create new namespace|setting up uid map|RTM_NEWADDR/.test(message)) {
    return {
      reason: `the system does not let users create namespaces (${text})`,
      hint: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or kernel.unprivileged_userns_clone=1; in a container --security-opt seccomp=unconfined --security-opt apparmor=unconfined",
    };
  }
  if (/mount proc|proc on/.test(message)) {
    return {
      reason: `/proc cannot be mounted (${text})`,
      hint: "in a container --security-opt systempaths=unconfined",
    };
  }
  if (/Operation not permitted|EPERM|Permission denied/.test(message)) {
    return {
      reason: `namespaces are refused (${text})`,
      hint: "in a container --security-opt seccomp=unconfined --security-opt apparmor=unconfined",
    };
  }
  if (/[Uu]nknown option/.test(message)) {
    return { reason: `bubblewrap is too old (${text})`, hint: "bubblewrap 0.5 or later" };
  }
  return { reason: `a confined command could not be run (${text})`, hint: null };
}

/** Throws ENVIRONMENT when a required sandbox is missing. */
export function requireLevel(mode: "auto" | "require" | "off", found: FoundLevel): void {
  if (mode !== "require" || found.level !== "off") return;
  throw new DgovError(
    "ENVIRONMENT",
    `[sandbox] mode is "require" and there is no sandbox: ${found.reason}`,
    found.hint === null ? {} : { hint: found.hint },
  );
}
