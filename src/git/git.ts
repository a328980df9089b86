/**
 * Runs git: argv only, an environment built from scratch, bounded time and output.
 *
 * `inRepository` runs plumbing on the operator's repository, and only commands that cannot run
 * configured code. Everything that touches a worker's files or merges its work runs in a private git
 * dir (`inPrivate` in private-dir.ts), which has a configuration of dgov's own.
 */
import { DgovError } from "../error.ts";
import { describeExit } from "../process/exit-result.ts";
import { spareOrphans } from "../process/orphans.ts";
import { runForBytes } from "../process/spawn.ts";

export interface GitOptions {
  cwd?: string;
  stdin?: string | Uint8Array;
  env?: Record<string, string>;
  timeoutMs?: number;
  outputBytesMax?: number;
  /** Kills git; its reason is thrown. */
  signal?: AbortSignal | undefined;
  /** Lets git read the operator's own configuration, which is hidden by default. */
  asOperator?: boolean;
  /** Command line before git: the way into a mount namespace. Its folder is then `/`. */
  enter?: readonly string[];
}

export interface GitOutput {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** Options that stop repository configuration and attributes from running code or falsifying objects. */
const hardening = [
  "--literal-pathspecs",
  "--no-pager",
  ...[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    "core.splitIndex=false",
    "protocol.allow=never",
    "diff.ignoreSubmodules=all",
    "gc.auto=0",
    "maintenance.auto=false",
  ].flatMap((setting) => ["-c", setting]),
];

/** Options that sync objects and refs to disk, so that work survives a power cut. */
export const durable = ["-c", "core.fsync=committed,loose-object"];

/** The environment of every git call: only PATH is inherited, and HOME is `/dev/null`. */
export function gitEnvironment(): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    HOME: "/dev/null",
    LANG: "C.UTF-8",
    LC_MESSAGES: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    // Used in reflogs only; commits name their author explicitly.
    GIT_COMMITTER_NAME: "dgov",
    GIT_COMMITTER_EMAIL: "dgov@localhost",
  };
}

/** `gitEnvironment` plus the variables that lead git to the operator's own configuration and identity. */
function operatorEnvironment(): Record<string, string> {
  const { HOME, GIT_CONFIG_NOSYSTEM, GIT_CONFIG_GLOBAL, ...env } = gitEnvironment();
  const names = ["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"];
  for (const role of ["AUTHOR", "COMMITTER"]) {
    names.push(`GIT_${role}_NAME`, `GIT_${role}_EMAIL`);
  }
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** Command line of a hardened git for a git dir. */
export function gitCommand(gitDir: string, ...more: string[]): string[] {
  return ["git", `--git-dir=${gitDir}`, ...hardening, ...more];
}

/** Runs plumbing on the operator's repository (or, with `gitDir`, on one of its worktrees' HEAD). */
export function inRepository(
  r: { commonDir: string },
  args: string[],
  o: GitOptions & { gitDir?: string } = {},
): Promise<GitOutput> {
  const { gitDir, ...rest } = o;
  return runGit(gitCommand(gitDir ?? r.commonDir, ...args), { cwd: r.commonDir, ...rest });
}

/**
 * Runs git to completion and returns its exit code and output. Throws GIT_TOO_OLD when git is missing;
 * throws ENVIRONMENT when it times out, is killed or prints more than `outputBytesMax` (default 512 MiB).
 */
export async function runGit(argv: string[], o: GitOptions = {}): Promise<GitOutput> {
  const run = await runForBytes({
    argv: [...(o.enter ?? []), ...argv],
    cwd: o.enter === undefined ? (o.cwd ?? "/") : "/",
    env: { ...(o.asOperator === true ? operatorEnvironment() : gitEnvironment()), ...o.env },
    timeoutMs: o.timeoutMs ?? 300_000,
    outputBytesMax: o.outputBytesMax ?? 512 * 1024 * 1024,
    ...(o.stdin === undefined ? {} : { stdin: o.stdin }),
    ...(o.signal === undefined ? {} : { signal: o.signal }),
  });
  if (run.result.kind === "cancelled") o.signal?.throwIfAborted();
  if (o.asOperator === true) spareOrphans();
  const stderr = Buffer.from(run.stderr).toString();
  if (run.result.kind === "exited") {
    return { code: run.result.code, stdout: Buffer.from(run.stdout), stderr };
  }
  if (run.result.kind === "not_found") {
    throw new DgovError("GIT_TOO_OLD", "git is not installed or not on PATH", {
      hint: "install git 2.38 or newer",
    });
  }
  const verb = subcommand(argv);
  throw new DgovError("ENVIRONMENT", `git ${verb}: ${describeExit(run.result)}`, {
    cause: stderr === "" ? undefined : new Error(stderr.trim()),
  });
}

/** stdout of a call that fails only in a damaged repository. Throws ENVIRONMENT with git's message. */
export async function must(call: Promise<GitOutput>, doing: string): Promise<Buffer> {
  const output = await call;
  if (output.code === 0) return output.stdout;
  const cause = output.stderr.trim() || `exit code ${output.code}`;
  throw new DgovError("ENVIRONMENT", `git failed while ${doing}: ${cause}`);
}

/** As `must`, for one line of output; the newline is removed. */
export async function mustLine(call: Promise<GitOutput>, doing: string): Promise<string> {
  return (await must(call, doing)).toString().replace(/\n$/, "");
}

/** Fields of NUL-terminated output. */
export function nulSplit(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
    fields.push(bytes.subarray(from, at));
    from = at + 1;
  }
  if (from < bytes.length) fields.push(bytes.subarray(from));
  return fields;
}

/** Paths as the stdin of a `-z --stdin` command. */
export function nulJoin(paths: readonly string[]): string {
  return paths.map((path) => `${path}\0`).join("");
}

function subcommand(argv: string[]): string {
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (word === "-c" || word === "-C") i++;
    else if (!word.startsWith("-")) return word;
  }
  return "";
}
