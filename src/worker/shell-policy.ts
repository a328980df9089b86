/**
 * The tool policy for shell commands: which commands `run_bash` rejects, and what to use instead.
 *
 * Guides a cooperative model; it is not a security boundary. Parses the command with a shell grammar and
 * checks every simple command in it, including those that wrappers like `env` or `xargs` run. When the
 * text does not parse, every word is checked as the start of a command.
 */
import { enteredPath, type ShellPlace } from "./operator-paths.ts";
import type { WorkerToolPolicy } from "./protocol.ts";

/** The project's policy and, where the operator's repository is to be protected, the place of the command. */
type ShellPolicy = WorkerToolPolicy & { place?: ShellPlace };

type ShellPolicyVerdict = { allowed: true } | { allowed: false; reason: string };

const allowed: ShellPolicyVerdict = { allowed: true };

/** Checks a shell text against the policy. */
export async function checkShellPolicy(
  text: string,
  policy: ShellPolicy,
): Promise<ShellPolicyVerdict> {
  if (!policy.restrictRunBash) return allowed;
  const { parseShell } = await import("../languages/shell.ts");
  const shell = await parseShell(text);
  const entered = policy.place ? enteredPath(text, shell.commands, policy.place) : null;
  if (entered !== null) {
    return rejected(`it enters the operator's repository at ${entered}; work in your own worktree`);
  }
  for (const command of shell.commands) {
    if (policy.denyShellFileMutations && command.writes.length > 0) {
      return rejected(`it writes to ${command.writes[0]}; use write_file or edit_file`);
    }
    const verdict = await checkWords(command.words, policy, 0);
    if (!verdict.allowed) return verdict;
  }
  if (shell.parsed) return allowed;
  return checkUnparsed(shell.words, policy);
}

function rejected(reason: string): ShellPolicyVerdict {
  return { allowed: false, reason: `not allowed by this project's tool policy: ${reason}` };
}

/** Nested wrappers that are followed. */
const depthMax = 8;

/** Commands that run the rest of their words as a command, with their options that take a value. */
const wrappers: Record<string, readonly string[]> = {
  env: ["-u", "-C", "-S"],
  nohup: [],
  time: ["-f", "-o"],
  nice: ["-n"],
  ionice: ["-c", "-n"],
  command: [],
  builtin: [],
  exec: ["-a"],
  sudo: ["-u", "-g"],
  doas: ["-u"],
  xargs: ["-I", "-n", "-P", "-L", "-d", "-a", "-s"],
  timeout: ["-s", "-k"],
  stdbuf: ["-i", "-o", "-e"],
  setsid: [],
  strace: ["-o", "-e", "-p"],
  watch: ["-n"],
  npx: ["-p"],
  bunx: [],
};

const shells = new Set(["sh", "bash", "dash", "zsh", "ksh", "ash"]);

async function checkWords(
  words: readonly string[],
  policy: ShellPolicy,
  depth: number,
): Promise<ShellPolicyVerdict> {
  if (words.length === 0) return allowed;
  if (depth > depthMax) return rejected(`the command is nested in more than ${depthMax} wrappers`);
  const plain = words.map((word) => word.trim());
  const program = baseName(plain[0] ?? "");
  const own = checkSimple([program, ...plain.slice(1)], policy);
  if (!own.allowed) return own;
  if (shells.has(program)) {
    const at = plain.findIndex((word) => /^-\w*c\w*$/.test(word));
    const script = at < 0 ? undefined : plain[at + 1];
    return script === undefined ? allowed : checkShellPolicy(script, policy);
  }
  if (program === "eval") return checkShellPolicy(plain.slice(1).join(" "), policy);
  if (program === "find") return checkFind(plain, policy, depth);
  const inner = wrapped(program, plain);
  if (inner === null) return allowed;
  const within = program === "uv" ? { ...policy, requireUvRun: false } : policy;
  return checkWords(inner, within, depth + 1);
}

/** The words of the command that a wrapper runs; null when the program is not a wrapper. */
function wrapped(program: string, words: readonly string[]): readonly string[] | null {
  if (program === "uv" && words[1] === "run")
    return afterOptions(words.slice(2), [
      "--with",
      "--python",
      "-p",
      "--group",
      "--extra",
      "--project",
      "--directory",
      "--env-file",
    ]);
  const options = Object.hasOwn(wrappers, program) ? wrappers[program] : undefined;
  if (options === undefined) return null;
  const rest = afterOptions(words.slice(1), options);
  return program === "timeout" ? rest.slice(1) : rest;
}

/** The words after the leading options and assignments; options in `valued` take the next word. */
function afterOptions(words: readonly string[], valued: readonly string[]): readonly string[] {
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? "";
    if (word === "--") return words.slice(at + 1);
    if (/^[A-Za-z_]\w*=/.test(word)) at++;
    else if (!word.startsWith("-")) break;
    else at += valued.includes(word) ? 2 : 1;
  }
  return words.slice(at);
}

async function checkFind(
  words: readonly string[],
  policy: ShellPolicy,
  depth: number,
): Promise<ShellPolicyVerdict> {
  if (
    policy.denyShellFileMutations &&
    words.some((w) => w === "-delete" || w.startsWith("-fprint"))
  ) {
    return rejected("find would change files; use delete_file");
  }
  for (const [i, word] of words.entries()) {
    if (!/^-(exec|execdir|ok|okdir)$/.test(word)) continue;
    const end = words.findIndex((w, j) => j > i && (w === ";" || w === "+"));
    const verdict = await checkWords(
      words.slice(i + 1, end < 0 ? undefined : end),
      policy,
      depth + 1,
    );
    if (!verdict.allowed) return verdict;
  }
  return allowed;
}

/** Checks one simple command by its own words, without looking into wrappers. */
function checkSimple(words: readonly string[], policy: ShellPolicy): ShellPolicyVerdict {
  const denied = policy.denyShellCommands.find((entry) => beginsWith(words, entry));
  if (denied !== undefined) return rejected(`\`${denied}\` is denied`);
  if (policy.denyShellFileMutations) {
    const problem = mutation(words);
    if (problem !== null) return rejected(problem);
  }
  if (words[0] === "rg" && words.some((w) => w === "--pre" || w.startsWith("--pre="))) {
    return rejected("rg --pre runs a program on every file");
  }
  if (
    words[0] === "git" &&
    words.some((w, i) => w === "-c" && /^alias\.[^=]*=!/.test(words[i + 1] ?? ""))
  ) {
    return rejected("a git alias runs a shell");
  }
  if (policy.requireWrappedVerifyTools) {
    const tool = verifyTool(words);
    if (tool !== null) return rejected(`use the ${tool} tool, so that the result is recorded`);
  }
  if (policy.requireUvRun && /^(python3?(\.\d+)?|pytest|ruff|ty|mypy)$/.test(words[0] ?? "")) {
    return rejected(`run ${words[0]} with \`uv run\``);
  }
  return allowed;
}

/** True when a command begins with the words of an entry like `python -m pip`, ignoring case and folder. */
function beginsWith(words: readonly string[], entry: string): boolean {
  const wanted = entry.trim().toLowerCase().split(/\s+/);
  return wanted.every(
    (word, i) => (i === 0 ? baseName(words[0] ?? "") : (words[i] ?? "")).toLowerCase() === word,
  );
}

const mutators = new Set([
  "rm",
  "rmdir",
  "mv",
  "cp",
  "touch",
  "mkdir",
  "ln",
  "truncate",
  "unlink",
  "install",
  "dd",
  "shred",
  "tee",
  "chmod",
  "chown",
  "patch",
  "rsync",
]);
const gitMutations = new Set([
  "rm",
  "mv",
  "checkout",
  "restore",
  "reset",
  "clean",
  "stash",
  "commit",
  "apply",
  "am",
  "merge",
  "rebase",
  "cherry-pick",
  "revert",
  "config",
  "update-ref",
  "update-index",
  "worktree",
  "branch",
  "tag",
  "gc",
  "push",
  "pull",
  "fetch",
  "switch",
  "read-tree",
]);

/**
 * The reason why a command changes files or the repository, and the tool to use instead; null when it
 * changes nothing.
 */
function mutation(words: readonly string[]): string | null {
  const [program = "", ...rest] = words;
  if (
    program === "tee" &&
    rest.every((w) => w.startsWith("-") || w === "/dev/null" || w === "/dev/stderr")
  )
    return null;
  if (mutators.has(program))
    return `${program} changes files; use the file tools (delete_file, move_file, write_file)`;
  if (
    (program === "sed" || program === "perl") &&
    rest.some((w) => /^-\w*i/.test(w) || w.startsWith("--in-place"))
  ) {
    return `${program} -i changes files; use edit_file`;
  }
  if (program === "git") {
    const sub = afterOptions(rest, ["-c", "-C", "--git-dir", "--work-tree"])[0] ?? "";
    if (movesSubmodule(rest)) return null;
    if (gitMutations.has(sub))
      return `git ${sub} changes the repository; leave your work in the files, without a commit`;
  }
  return null;
}

/** True for `git -C FOLDER checkout --detach COMMIT`, by which a worker moves a submodule that it claims. */
function movesSubmodule([option, folder = "", verb = "", ...rest]: readonly string[]): boolean {
  const isBelow = /^(?:\.\/)?[\w-][\w./-]*$/.test(folder) && !folder.split("/").includes("..");
  return option === "-C" && isBelow && /^(?:checkout|switch)$/.test(verb) && rest[0] === "--detach";
}

/** Commands that have their own tool. The first pattern that matches the command line counts. */
const verifyTools: readonly (readonly [pattern: RegExp, tool: string])[] = [
  [
    /^(pytest|python3?(\.\d+)? -m pytest|vitest|jest|cargo (test|nextest)|go test|bun test|npm (test|t|run test)|pnpm (test|run test)|yarn test|swift test|node --test)\b/,
    "run_tests",
  ],
  [
    /^(ruff check .*--fix|eslint .*--fix|biome (check|lint) .*--write|cargo clippy .*--fix)\b/,
    "lint_fix",
  ],
  [
    /^(ruff check|eslint|biome (check|lint|ci)|oxlint|cargo clippy|golangci-lint|go vet|flake8)\b/,
    "lint_check",
  ],
  [/^(ruff format|prettier|biome format|black|cargo fmt|rustfmt|gofmt)\b/, "format_file"],
  [/^(ty check|mypy|pyright|tsc|python3?(\.\d+)? -m (mypy|ty))\b/, "type_check"],
];

function verifyTool(words: readonly string[]): string | null {
  const line = words.join(" ");
  return verifyTools.find(([pattern]) => pattern.test(line))?.[1] ?? null;
}

/** Checks every word of an unparsable text as the start of a command. */
function checkUnparsed(words: readonly string[], policy: ShellPolicy): ShellPolicyVerdict {
  for (let i = 0; i < words.length; i++) {
    const verdict = checkSimple([baseName(words[i] ?? ""), ...words.slice(i + 1, i + 6)], policy);
    if (!verdict.allowed) return verdict;
  }
  return allowed;
}

function baseName(word: string): string {
  return word.slice(word.lastIndexOf("/") + 1);
}
