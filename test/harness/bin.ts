/**
 * The program under test: the binary that `DGOV_BIN` names, otherwise the source.
 *
 * Child processes get exactly the environment that a test gives them, or PATH and a private HOME.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { testEnvironment } from "./repo.ts";

export interface DgovRun {
  stdout: string;
  stderr: string;
  exitCode: number;
}

export interface DgovOptions {
  cwd?: string;
  /** The whole environment; default PATH, a private HOME and fixed settings. */
  env?: Record<string, string>;
  stdin?: string;
  /** First words of the command line, before the program under test. */
  prefix?: readonly string[];
  /** Starts the process in its own group, for tests that kill the group. */
  detached?: boolean;
}

const projectRoot = resolve(import.meta.dir, "../..");

/** First words of a command line that starts the program under test. */
export function dgovCommand(): string[] {
  const binary = process.env["DGOV_BIN"];
  return binary ? [resolve(binary)] : [process.execPath, join(projectRoot, "src/main.ts")];
}

/** Runs dgov until it exits. */
export async function dgov(args: readonly string[], options: DgovOptions = {}): Promise<DgovRun> {
  const child = spawnDgov(args, options);
  if (options.stdin !== undefined) child.stdin.write(options.stdin);
  child.stdin.end();
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  await requireValidHints(args, stderr);
  return { stdout, stderr, exitCode };
}

/** Throws when a hint on stderr names a command or a flag that does not exist. */
async function requireValidHints(args: readonly string[], stderr: string): Promise<void> {
  const hints = [...stderr.matchAll(/^hint: (.*(?:\bdgov |--).*)$/gm)].map(([, hint = ""]) => hint);
  if (hints.length === 0) return;
  const { allCommands, hintProblems } = await import("./command-lines.ts");
  const known = await allCommands();
  const problems = hints.flatMap((hint) => hintProblems(hint, args, known));
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** Starts dgov; the caller ends it. */
export function spawnDgov(
  args: readonly string[],
  options: DgovOptions = {},
): Bun.Subprocess<"pipe", "pipe", "pipe"> {
  return Bun.spawn([...(options.prefix ?? []), ...dgovCommand(), ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: options.env ?? testEnvironment(privateHome()),
    stdio: ["pipe", "pipe", "pipe"],
    detached: options.detached ?? false,
  });
}

/** Runs dgov with `--json`; returns the document it printed, and the exit code. */
export async function dgovJson(
  args: readonly string[],
  options: DgovOptions = {},
): Promise<{ document: Record<string, unknown>; exitCode: number; stderr: string }> {
  const { stdout, stderr, exitCode } = await dgov([...args, "--json"], options);
  return { document: JSON.parse(stdout) as Record<string, unknown>, exitCode, stderr };
}

let home: string | null = null;

function privateHome(): string {
  if (home === null) {
    const made = mkdtempSync(join(tmpdir(), "dgov-home-"));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
    home = made;
  }
  return home;
}

let building: Promise<string> | null = null;

/**
 * Path of a binary: `DGOV_BIN`, otherwise `dist/dgov`, built once when it is missing. The other
 * functions of this module use it afterwards.
 */
export function requireBinary(): Promise<string> {
  building ??= findOrBuild();
  return building;
}

async function findOrBuild(): Promise<string> {
  const path = resolve(process.env["DGOV_BIN"] ?? join(projectRoot, "dist/dgov"));
  if (!existsSync(path)) {
    const build = Bun.spawn([process.execPath, "build.ts"], {
      cwd: projectRoot,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const text = await new Response(build.stderr).text();
    if ((await build.exited) !== 0) throw new Error(`build.ts failed: ${text}`);
  }
  process.env["DGOV_BIN"] = path;
  return path;
}
