/** The programs of a shell command, how each prints its version, and whether a check reads any source. Pure. */
import { posix } from "node:path";
import { parseShell } from "../../languages/shell.ts";

export interface Program {
  /** As written: `ruff`, `./check.sh`. */
  name: string;
  /** True for a script that an interpreter reads; it need not be executable. */
  isFile: boolean;
  /** The words after it. */
  words: readonly string[];
  /** Folders in which the command may be when it starts: the project's, and those of `cd`. */
  folders: readonly string[];
}

/** Commands of the shell itself. */
const builtins = new Set(
  ". : [ alias bg break cd command continue echo eval exec exit export false fg getopts hash jobs kill local printf pwd read readonly return set shift source test times trap true type typeset ulimit umask unalias unset wait".split(
    " ",
  ),
);

/** Programs that start the one named after their options. */
const wrappers = new Set(["env", "nohup", "time", "nice", "timeout", "xargs", "stdbuf", "setsid"]);

/** Builtins that do the same. */
const starters = new Set(["command", "exec"]);

const shells = new Set(["sh", "bash", "dash", "zsh", "ksh"]);

/** Programs that read a script. */
const interpreters = /^(?:sh|bash|dash|zsh|ksh|node|bun|ruby|perl|python[\d.]*)$/;

/** Levels of `sh -c` and wrappers that are followed. */
const depthMax = 4;

/** The programs that a shell text starts, each once. Names with expansions and functions of the text are left out. */
export async function programsIn(text: string): Promise<Program[]> {
  const programs = new Map<string, Program>();
  await collect(text, { programs, folders: ["."] }, 0);
  return [...programs.values()];
}

interface Collected {
  programs: Map<string, Program>;
  folders: string[];
}

async function collect(text: string, into: Collected, depth: number): Promise<void> {
  const { commands } = await parseShell(text);
  const functions = new Set([...text.matchAll(/([\w-]+)\s*\(\s*\)/g)].map(([, name]) => name));
  for (const { words } of commands) {
    const [first] = words;
    if (first === undefined || functions.has(first)) continue;
    if (first === "cd") {
      const folder = words[1] ?? "";
      if (isPlain(folder)) into.folders.push(posix.normalize(folder));
    } else await addProgram(words, into, depth);
  }
}

async function addProgram(words: readonly string[], into: Collected, depth: number): Promise<void> {
  const [name = "", ...rest] = words;
  if (!isPlain(name) || depth > depthMax) return;
  if (!builtins.has(name)) {
    into.programs.set(`${name} ${rest.join(" ")}`, {
      name,
      isFile: false,
      words: rest,
      folders: into.folders,
    });
  }
  if (wrappers.has(name) || starters.has(name)) {
    const at = rest.findIndex((word) => !/^-|^\w+=|^\d+(?:\.\d+)?[smhd]?$/.test(word));
    // `command -v tool` only asks for it.
    if (at >= 0 && !/^-[vV]/.test(rest[0] ?? "")) await addProgram(rest.slice(at), into, depth + 1);
    return;
  }
  const base = posix.basename(name);
  if (!interpreters.test(base)) return;
  const [script] = rest;
  if (shells.has(base) && /^-\w*c$/.test(script ?? "")) {
    await collect(rest[1] ?? "", into, depth + 1);
  } else if (
    script !== undefined &&
    /^[\w@~/.-]*[./][\w@~/.-]*$/.test(script) &&
    !script.startsWith("-")
  ) {
    const file = { name: script, isFile: true, words: rest.slice(1), folders: into.folders };
    into.programs.set(`script ${script}`, file);
  }
}

/** True for a word without expansions and placeholders. */
function isPlain(word: string): boolean {
  return /^[\w@%+=:,./~!?-]+$/.test(word) && word !== "!";
}

/** Programs without a common option for their version; POSIX utilities are among them. */
const versionless = new Set(
  "awk basename bc cat chmod cmp comm cp cut date dd df diff dirname du env expr find fold gofmt grep head id join ksh ln ls mkdir mktemp mv nice nl nohup od paste pax pr rm rmdir sed seq setsid sh dash sleep sort split stat stdbuf strings stty sum tail tar tee time timeout touch tr tsort tty uname uniq wc which xargs yes".split(
    " ",
  ),
);

/** Modules of Python that have no `--version`. */
const versionlessModules = new Set([
  "unittest",
  "compileall",
  "py_compile",
  "doctest",
  "venv",
  "http",
]);

/** Commands of cargo itself; the others are programs that are installed apart. */
const cargoCommands = new Set([
  "test",
  "build",
  "check",
  "run",
  "bench",
  "doc",
  "rustc",
  "fetch",
  "t",
  "b",
  "c",
  "r",
]);

/**
 * The command line that prints the version of what a program is started for. With `setUp`, `setup_cmd` provides
 * packages, so that only the program itself is started.
 */
export function versionCommand(
  { name, words }: Pick<Program, "name" | "words">,
  { setUp }: { setUp: boolean },
): { argv: string[]; isStarted: boolean } {
  const base = posix.basename(name);
  const started = (...argv: string[]) => ({ argv, isStarted: true });
  if (versionless.has(base)) return { argv: [name], isStarted: false };
  const [first = "", second = ""] = words;
  if (base === "go") return started(name, "version");
  if (base === "java" || base === "javac") return started(name, "-version");
  if (!setUp && /^python[\d.]*$/.test(base) && first === "-m" && isPlain(second)) {
    if (!versionlessModules.has(second.split(".")[0] ?? "")) {
      return started(name, "-m", second, "--version");
    }
  }
  if (!setUp && base === "npx" && /^[\w@/.]/.test(first) && isPlain(first)) {
    return started(name, "--no-install", first, "--version");
  }
  if (base === "cargo" && /^[a-z]/.test(first) && !cargoCommands.has(first)) {
    return started(name, first, "--version");
  }
  return started(name, "--version");
}

/** Extensions of the sources that a checker or test runner reads, by its name. */
const sourcesOf: Readonly<Record<string, readonly string[]>> = (() => {
  const python = [".py", ".pyi", ".ipynb"];
  const script = [".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte"];
  const by: [string, readonly string[]][] = [
    ["ruff black isort flake8 pylint mypy pyright pytest pyflakes bandit", python],
    ["eslint jest vitest mocha ava tsc tsx standard xo oxlint", script],
    ["cargo rustfmt", [".rs"]],
    ["go gofmt golangci-lint staticcheck", [".go"]],
    ["swift swiftlint swiftformat", [".swift"]],
    ["rubocop rspec", [".rb"]],
    ["shellcheck", [".sh", ".bash", ".bats", ".ksh"]],
  ];
  return Object.fromEntries(by.flatMap(([names, of]) => names.split(" ").map((one) => [one, of])));
})();

/** Builtins that read no file. */
const inert = new Set([":", "true", "false", "echo", "printf", "exit"]);

/** The folder in which a check runs. */
export interface Reading {
  /** The committed files, relative to the folder; null when they are unknown. */
  files: readonly string[] | null;
  isSource(path: string): boolean;
  /** The text of a file; null when there is none. */
  read(path: string): string | null;
}

/** Levels of scripts that start scripts. */
const scriptDepthMax = 3;

/** The reason why a check reads no source of the project; null when it may read some. */
export async function isReadingNothing(
  text: string,
  o: Reading,
  depth = 0,
): Promise<string | null> {
  const { commands, parsed } = await parseShell(text);
  const run = commands.flatMap(({ words }) => (words.length === 0 ? [] : [words]));
  const isStatic = !/[<`]|\$\(/.test(text);
  if (parsed && isStatic && run.every(([first = ""]) => inert.has(first))) {
    return "it reads no file of the project, so it judges nothing";
  }
  if (o.files === null || o.files.length === 0) return null;
  if (/\{files?\}/.test(text) && !o.files.some(o.isSource)) {
    return "it gets the changed files with one of source_extensions, and no committed file has one";
  }
  for (const words of run) {
    const reason = toolReadingNothing(words, o.files) ?? compilerReadingNothing(words, o);
    if (reason !== null) return reason;
    const script = depth < scriptDepthMax ? packageScript(words, o) : null;
    const inner = script === null ? null : await isReadingNothing(script.text, o, depth + 1);
    if (script !== null && inner !== null) return `script ${script.name}: ${inner}`;
  }
  return null;
}

/** The script of package.json that a command starts; null when it starts none. */
function packageScript(
  words: readonly string[],
  o: Reading,
): { name: string; text: string } | null {
  const [manager = "", ...rest] = words;
  if (!/^(npm|pnpm|yarn|bun)$/.test(manager)) return null;
  const [first = "", second = ""] = rest;
  const name = first === "run" || first === "run-script" ? second : first;
  // The manager's own commands: `npm ci`, `bun test`.
  if (manager === "bun" && first !== "run") return null;
  const scripts = objectIn(objectIn(jsonWithComments(o.read("package.json")), "scripts"), name);
  return typeof scripts === "string" ? { name, text: scripts } : null;
}

/** The reason why `tsc` checks nothing: its configuration lists no file, only references, which `tsc -b` follows. */
function compilerReadingNothing(words: readonly string[], o: Reading): string | null {
  const at = words.slice(0, toolWordsMax).indexOf("tsc");
  if (at < 0) return null;
  const options = words.slice(at + 1);
  if (options.some((word) => /^(-b|--build)$/.test(word) || /\.[mc]?tsx?$/.test(word))) return null;
  const project = options[options.findIndex((word) => /^(-p|--project)$/.test(word)) + 1];
  const named = options.some((word) => /^(-p|--project)$/.test(word)) ? (project ?? "") : "";
  const file = named.endsWith(".json") ? named : posix.join(named, "tsconfig.json");
  const settings = jsonWithComments(o.read(file));
  const listed = objectIn(settings, "files");
  const isEmpty = Array.isArray(listed) && listed.length === 0;
  return isEmpty && objectIn(settings, "include") === undefined
    ? `tsc checks no file: ${file} has \`"files": []\` (tsc -b follows its references)`
    : null;
}

/** The value in a JSON text with comments and trailing commas; null when it is none. */
function jsonWithComments(text: string | null): unknown {
  if (text === null) return null;
  try {
    return Bun.JSONC.parse(text);
  } catch {
    return null;
  }
}

function objectIn(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** The reason why a known tool finds none of its sources in the files or folders that it is given. */
function toolReadingNothing(words: readonly string[], files: readonly string[]): string | null {
  const at = words.slice(0, toolWordsMax).findIndex((word) => Object.hasOwn(sourcesOf, word));
  const tool = words[at];
  const extensions = tool === undefined ? undefined : sourcesOf[tool];
  if (tool === undefined || extensions === undefined) return null;
  const named = words.slice(at + 1).map((word) => posix.normalize(word).replace(/\/$/, ""));
  const isBelow = (path: string, place: string): boolean =>
    place === "." || path === place || path.startsWith(`${place}/`);
  const places = named.filter((word) => files.some((path) => isBelow(path, word)));
  const isRead = (path: string): boolean =>
    extensions.some((extension) => path.endsWith(extension)) &&
    (places.length === 0 || places.some((place) => isBelow(path, place)));
  if (files.some(isRead)) return null;
  const where = places.length === 0 ? "in the project" : `below ${places.join(", ")}`;
  return `${tool} reads ${extensions.slice(0, 2).join(", ")} files, and none is committed ${where}`;
}

/** A tool is among these first words: `uv run --frozen ruff`, `python -m pytest`. */
const toolWordsMax = 5;
