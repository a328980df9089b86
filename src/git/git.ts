import { DgovError } from "../error.ts";
import { describeExit } from "../process/exit-result.ts";
import { runForBytes } from "../process/spawn.ts";

export interface GitOptions {
  cwd?: string;
  stdin?: string | Uint8Array;
  env?: Record<string, string>;
  timeoutMs?: number;
  outputBytesMax?: number;
  /** With the operator's own configuration in view, which is otherwise out of sight. */
  asOperator?: boolean;
}

export interface GitOutput {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** What would let repository configuration or attributes run code, or objects lie, switched off. */
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

/** Objects and refs that carry work survive a power cut. */
export const durable = ["-c", "core.fsync=committed,loose-object"];

/** The environment of every git call: nothing inherited but PATH. HOME is a place with no files. */
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
    // Only reflogs see these; commits name their author explicitly.
    GIT_COMMITTER_NAME: "dgov",
    GIT_COMMITTER_EMAIL: "dgov@localhost",
  };
}

/** Variables through which the operator's own git configuration is found. Read, never run. */
function operatorEnvironment(): Record<string, string> {
  const { HOME, GIT_CONFIG_NOSYSTEM, GIT_CONFIG_GLOBAL, ...env } = gitEnvironment();
  const names = ["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"];
  for (const who of ["AUTHOR", "COMMITTER"]) {
    names.push(`GIT_${who}_NAME`, `GIT_${who}_EMAIL`);
  }
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** argv of a hardened git on a git dir. */
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

/** Runs git to its end. A git that is missing, hangs or is killed throws; its exit code is data. */
export async function runGit(argv: string[], o: GitOptions = {}): Promise<GitOutput> {
  const run = await runForBytes({
    argv,
    cwd: o.cwd ?? "/",
    env: { ...(o.asOperator === true ? operatorEnvironment() : gitEnvironment()), ...o.env },
    timeoutMs: o.timeoutMs ?? 300_000,
    outputBytesMax: o.outputBytesMax ?? 512 * 1024 * 1024,
    ...(o.stdin === undefined ? {} : { stdin: o.stdin }),
  });
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

/** stdout of a call that cannot fail while the repository is sound; ENVIRONMENT with git's words else. */
export async function must(call: Promise<GitOutput>, doing: string): Promise<Buffer> {
  const output = await call;
  if (output.code === 0) return output.stdout;
  const words = output.stderr.trim() || `exit code ${output.code}`;
  throw new DgovError("ENVIRONMENT", `git failed while ${doing}: ${words}`);
}

/** One line of output, without its newline. */
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
    if (word === "-c") i++;
    else if (!word.startsWith("-")) return word;
  }
  return "";
}
