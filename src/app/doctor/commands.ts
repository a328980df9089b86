/** The rows of `dgov doctor` for configured commands: their programs, and the sources that a check reads. */
import { accessSync, constants, existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Config, GateConfig } from "../../config/config.ts";
import { configFile } from "../../config/find.ts";
import { gatesWithoutHistory } from "../../config/gate-history.ts";
import { commandIn, isPathOf } from "../../config/gates.ts";
import { headOf } from "../../git/refs.ts";
import { prefixOf, projectDirOf, type Repository } from "../../git/repository.ts";
import { listTree } from "../../git/trees.ts";
import { ignoredPaths } from "../../git/working-tree.ts";
import { describeExit } from "../../process/exit-result.ts";
import { runProcess } from "../../process/spawn.ts";
import { isSource } from "../../settlement/source-files.ts";
import { snakeKey } from "../../std/case.ts";
import { readText } from "../../std/files.ts";
import { excerpt, listed, words } from "../../std/text.ts";
import type { Add, DoctorCheck } from "./rows.ts";
import {
  isReadingNothing,
  type Program,
  programsIn,
  type Reading,
  versionCommand,
} from "./shell-programs.ts";

interface CheckedProject {
  root: string;
  config: Config;
  /** Environment of gates. */
  environment: Record<string, string>;
  repository: Repository | null;
}

const reviewHook = "review hook";

/** Commands whose verdict is about the project's sources. */
const checks: readonly string[] = ["lint", "formatCheck", "typeCheck", "test", "coverage"];

/** Adds a row for each configured command: whether its programs start, and whether a check reads a source. */
export async function checkCommands(p: CheckedProject, add: Add): Promise<void> {
  const { config } = p;
  const { setup } = config.worktree;
  const commands = Object.entries({ ...config.commands, setup }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  const gates = commands.filter(([key]) => checks.includes(key));
  if (gates.length === 0 && config.gates.length === 0) {
    const detail = "no gate is configured: every change within its claims would land";
    add("gates", "warn", detail, `set test_cmd in ${configFile}`);
  }
  for (const { message, hint } of gatesWithoutHistory(config))
    add("gate history", "warn", message, hint);
  const files = await trackedFiles(p);
  checkPaths(config, { files, hasCommonGate: gates.length > 0 }, add);
  const started = new Map<string, Promise<Finding>>();
  const hooks = config.reviewHooks.map((text): [string, string] => [reviewHook, text]);
  const isOwn = (path: string): boolean => isSource(config, path);
  const read = (path: string): string | null => readText(join(p.root, path));
  const reading = { files, isSource: isOwn, read };
  const texts = [
    ...[...commands, ...hooks].map(([key, text]) => ({
      name: key === reviewHook ? key : `${words(snakeKey(key))} command`,
      ...{ text, command: text, reading: checks.includes(key) ? reading : null },
    })),
    ...config.gates.map((gate) => ({
      name: `gate ${gate.name}`,
      text: commandIn(gate.cwd, gate.command),
      command: gate.command,
      reading: gateReading(gate, reading),
    })),
  ];
  const rows = await Promise.all(
    texts.map(async ({ name, text, command, reading: own }) => ({
      ...{ name, text },
      nothing: own === null ? null : await isReadingNothing(command, own),
      found: await Promise.all(
        (await programsIn(text)).map((program) => finding(p, program, started)),
      ),
    })),
  );
  for (const { name, text, nothing, found } of rows) {
    const worst = (["fail", "warn", "ok"] as const).find((state) =>
      found.some((one) => one.state === state),
    );
    const bad = found.find(({ state }) => state === worst);
    const details = [...new Set(found.map(({ detail }) => detail))].join("; ");
    const detail = details === "" ? `${excerpt(text, commandChars)} (shell builtins)` : details;
    if (nothing !== null && worst !== "fail")
      add(name, "warn", nothing, `change it in ${configFile}`);
    else add(name, worst ?? "ok", worst === "ok" ? detail : (bad?.detail ?? detail), bad?.next);
  }
}

const commandChars = 60;

/** The files that a gate's command may read: those of its folder, by their names there. */
function gateReading({ cwd, paths }: GateConfig, reading: Reading): Reading {
  const prefix = cwd === "." ? "" : `${cwd}/`;
  const isOwn = (path: string): boolean =>
    isPathOf({ paths }, prefix + path) && reading.isSource(prefix + path);
  return {
    files:
      reading.files?.flatMap((path) =>
        path.startsWith(prefix) ? path.slice(prefix.length) : [],
      ) ?? null,
    isSource: isOwn,
    read: (path) => reading.read(prefix + path),
  };
}

/** Adds rows about folders and paths of gates that no committed file has, and about sources in no gate's paths. */
function checkPaths(
  { gates, ...config }: Config,
  o: { files: readonly string[] | null; hasCommonGate: boolean },
  add: Add,
): void {
  const { files } = o;
  if (files === null || files.length === 0) return;
  const next = `change it in ${configFile}`;
  for (const { name, cwd, paths } of gates) {
    if (cwd !== "." && !files.some((path) => path.startsWith(`${cwd}/`))) {
      add(`gate ${name}`, "fail", `its folder ${cwd} has no committed file`, next);
    }
    const unused = paths.filter((path) => !files.some((file) => isPathOf({ paths: [path] }, file)));
    if (unused.length === 0) continue;
    const plural = unused.length === 1 ? "path" : "paths";
    add(`gate ${name}`, "warn", `no committed file has its ${plural} ${listed(unused, 3)}`, next);
  }
  if (o.hasCommonGate || gates.length === 0) return;
  const open = files.filter(
    (file) => isSource(config, file) && !gates.some((gate) => isPathOf(gate, file)),
  );
  if (open.length === 0) return;
  const detail = `a change of ${listed(open, 3)} has no gate: no paths name it, and [project] has no command`;
  add("gates", "warn", detail, `add paths or test_cmd in ${configFile}`);
}

/** Paths of the files in HEAD, relative to the project; null when there is no commit. */
async function trackedFiles({ repository, root }: CheckedProject): Promise<string[] | null> {
  if (repository === null) return null;
  const { commit } = await headOf(repository);
  if (commit === null) return null;
  const prefix = prefixOf(projectDirOf(repository, root));
  return (await listTree(repository, commit)).flatMap(({ path }) =>
    path.startsWith(prefix) ? path.slice(prefix.length) : [],
  );
}

interface Finding {
  state: DoctorCheck["state"];
  detail: string;
  next: string | null;
}

/** The finding about a program, which is started once for all commands. */
async function finding(
  p: CheckedProject,
  program: Program,
  started: Map<string, Promise<Finding>>,
): Promise<Finding> {
  const { name, isFile } = program;
  if (isFile || name.includes("/")) {
    const own = await fileFinding(p, program);
    if (own !== null) return own;
  }
  const command = versionCommand(program, { setUp: p.config.worktree.setup !== null });
  const key = command.argv.join(" ");
  const known = started.get(key) ?? start(p, program, command);
  started.set(key, known);
  return known;
}

/** The finding about a file of the project; null for a program that is to be started. */
async function fileFinding(
  { root, repository, config }: CheckedProject,
  { name, isFile, folders }: Program,
): Promise<Finding | null> {
  const places = isAbsolute(name) ? [name] : folders.map((folder) => join(root, folder, name));
  const path = places.find((place) => existsSync(place));
  if (path === undefined) {
    return config.worktree.setup === null
      ? { state: "fail", detail: `${name} does not exist`, next: `change it in ${configFile}` }
      : {
          state: "warn",
          detail: `${name} does not exist here: setup_cmd has to make it`,
          next: null,
        };
  }
  if (isFile) return { state: "ok", detail: `${name} exists`, next: null };
  if (!isExecutable(path)) {
    return { state: "fail", detail: `${name} is not executable`, next: `chmod +x ${name}` };
  }
  const top = repository === null ? null : `${repository.topLevel}/`;
  if (repository === null || top === null || !path.startsWith(top)) return null;
  // A script of the project may not know --version; an installed program is ignored by git.
  const ignored = await ignoredPaths(repository, [path.slice(top.length)]);
  return ignored.size > 0 ? null : { state: "ok", detail: `${name} exists`, next: null };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const versionTimeoutMs = 30_000;

/** Starts a program to print its version, or only looks for it. */
async function start(
  { root, environment }: CheckedProject,
  { name }: Program,
  { argv, isStarted }: { argv: string[]; isStarted: boolean },
): Promise<Finding> {
  if (!isStarted) {
    const found = Bun.which(name, { PATH: environment["PATH"] ?? "" });
    return found === null ? missing(name) : { state: "ok", detail: `${name} is there`, next: null };
  }
  const run = await runProcess({
    argv,
    cwd: root,
    env: environment,
    timeoutMs: versionTimeoutMs,
    outputBytesMax: 16 * 1024,
  });
  if (run.result.kind === "not_found") return missing(name);
  if (run.result.kind === "exited" && run.result.code === 0) {
    const version = run.combined.trim().split("\n")[0] ?? "";
    return { state: "ok", detail: `${name}: ${excerpt(version, commandChars)}`, next: null };
  }
  const last = run.stderr.trim().split("\n").at(-1) ?? "";
  const detail = `${argv.join(" ")}: ${describeExit(run.result)}${last === "" ? "" : `: ${last}`}`;
  return { state: "warn", detail, next: `repair or reinstall ${name}` };
}

function missing(name: string): Finding {
  return { state: "fail", detail: `${name} is not on PATH`, next: `install ${name}` };
}
