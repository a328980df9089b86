/**
 * The tool policy: which shell commands a worker is told not to use, and what to use instead.
 *
 * Guidance with teeth, not a boundary: it reads the command with a real shell grammar and judges every
 * simple command in it, also those handed to wrappers. What the grammar cannot read is judged word by
 * word.
 */
import type { WorkerToolPolicy } from "./protocol.ts";

export type ShellPolicyVerdict = { allowed: true } | { allowed: false; reason: string };

const allowed: ShellPolicyVerdict = { allowed: true };

/** Judges a shell text. */
export async function checkShellPolicy(
  text: string,
  policy: WorkerToolPolicy,
): Promise<ShellPolicyVerdict> {
  if (!policy.restrictRunBash) return allowed;
  const { parseShell } = await import("../syntax/shell.ts");
  const shell = await parseShell(text);
  for (const command of shell.commands) {
    if (policy.denyShellFileMutations && command.writes.length > 0) {
      return refused(`it writes to ${command.writes[0]}; use write_file or edit_file`);
    }
    const verdict = await judgeWords(command.words, policy, 0);
    if (!verdict.allowed) return verdict;
  }
  if (shell.parsed) return allowed;
  return judgeUnreadable(shell.words, policy);
}

function refused(reason: string): ShellPolicyVerdict {
  return { allowed: false, reason: `not allowed by this project's tool policy: ${reason}` };
}

const depthMax = 8;

/** Commands that run the rest of their words, with the options that take a value of their own. */
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

async function judgeWords(
  words: readonly string[],
  policy: WorkerToolPolicy,
  depth: number,
): Promise<ShellPolicyVerdict> {
  if (words.length === 0) return allowed;
  if (depth > depthMax) return refused("it is wrapped too deep to be read");
  const plain = words.map((word) => word.trim());
  const program = baseName(plain[0] ?? "");
  const own = judgeOne([program, ...plain.slice(1)], policy);
  if (!own.allowed) return own;
  if (shells.has(program)) {
    const at = plain.findIndex((word) => /^-\w*c$/.test(word));
    const script = at < 0 ? undefined : plain[at + 1];
    return script === undefined ? allowed : checkShellPolicy(script, policy);
  }
  if (program === "eval") return checkShellPolicy(plain.slice(1).join(" "), policy);
  if (program === "find") return judgeFind(plain, policy, depth);
  const inner = wrapped(program, plain);
  if (inner === null) return allowed;
  const within = program === "uv" ? { ...policy, requireUvRun: false } : policy;
  return judgeWords(inner, within, depth + 1);
}

/** The command a wrapper runs; null when the program is no wrapper. */
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

async function judgeFind(
  words: readonly string[],
  policy: WorkerToolPolicy,
  depth: number,
): Promise<ShellPolicyVerdict> {
  if (
    policy.denyShellFileMutations &&
    words.some((w) => w === "-delete" || w.startsWith("-fprint"))
  ) {
    return refused("find changes files here; use delete_file");
  }
  for (const [i, word] of words.entries()) {
    if (!/^-(exec|execdir|ok|okdir)$/.test(word)) continue;
    const end = words.findIndex((w, j) => j > i && (w === ";" || w === "+"));
    const verdict = await judgeWords(
      words.slice(i + 1, end < 0 ? undefined : end),
      policy,
      depth + 1,
    );
    if (!verdict.allowed) return verdict;
  }
  return allowed;
}

/** One simple command by its own words, wrappers aside. */
function judgeOne(words: readonly string[], policy: WorkerToolPolicy): ShellPolicyVerdict {
  const denied = policy.denyShellCommands.find((entry) => beginsWith(words, entry));
  if (denied !== undefined) return refused(`\`${denied}\` is denied`);
  if (policy.denyShellFileMutations) {
    const how = mutation(words);
    if (how !== null) return refused(how);
  }
  if (words[0] === "rg" && words.some((w) => w === "--pre" || w.startsWith("--pre="))) {
    return refused("rg --pre runs a program for every file");
  }
  if (
    words[0] === "git" &&
    words.some((w, i) => w === "-c" && /^alias\.[^=]*=!/.test(words[i + 1] ?? ""))
  ) {
    return refused("a git alias runs a shell");
  }
  if (policy.requireWrappedVerifyTools) {
    const tool = verifyTool(words);
    if (tool !== null) return refused(`use the ${tool} tool, so that its result is recorded`);
  }
  if (policy.requireUvRun && /^(python3?(\.\d+)?|pytest|ruff|ty|mypy)$/.test(words[0] ?? "")) {
    return refused(`run ${words[0]} with \`uv run\``);
  }
  return allowed;
}

/** Whether a command's first words are those of an entry like `python -m pip`. */
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
    if (gitMutations.has(sub))
      return `git ${sub} changes the repository; your work is taken from the files`;
  }
  return null;
}

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

/** What the grammar cannot read: every word is judged as if it were a command of its own. */
function judgeUnreadable(words: readonly string[], policy: WorkerToolPolicy): ShellPolicyVerdict {
  for (let i = 0; i < words.length; i++) {
    const verdict = judgeOne([baseName(words[i] ?? ""), ...words.slice(i + 1, i + 6)], policy);
    if (!verdict.allowed) return verdict;
  }
  return allowed;
}

function baseName(word: string): string {
  return word.slice(word.lastIndexOf("/") + 1);
}
