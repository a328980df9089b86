/** Mutants of `src/worker`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a script behind `bash -lc` is not looked into",
    file: "src/worker/shell-policy.ts",
    find: "/^-\\w*c\\w*$/",
    replace: "/^-c$/",
    killedBy:
      "src/worker/shell-policy.test.ts > C7 the script of sh -c is checked in every spelling",
  },
  {
    name: "`find -execdir` runs what it likes",
    file: "src/worker/shell-policy.ts",
    find: "-(exec|execdir|ok|okdir)",
    replace: "-(exec|ok|okdir)",
    killedBy: "src/worker/shell-policy.test.ts > C7 every command of find -execdir is checked",
  },
  {
    name: "eval runs what it likes",
    file: "src/worker/shell-policy.ts",
    find: '  if (program === "eval") return checkShellPolicy(plain.slice(1).join(" "), policy);\n',
    replace: "",
    killedBy: "src/worker/shell-policy.test.ts > C7 a strict policy rejects \"eval 'rm x'\"",
  },
  {
    name: "`timeout` hides its command behind its duration",
    file: "src/worker/shell-policy.ts",
    find: 'program === "timeout" ? rest.slice(1) : rest',
    replace: "rest",
    killedBy: 'src/worker/shell-policy.test.ts > C7 a strict policy rejects "timeout 5 rm x"',
  },
  {
    name: "one denied word of an entry of several is enough",
    file: "src/worker/shell-policy.ts",
    find: "  return wanted.every(\n",
    replace: "  return wanted.some(\n",
    killedBy: 'src/worker/shell-policy.test.ts > C7 a strict policy allows "uv run python x.py"',
  },
  {
    name: "an assignment before a command is taken for the command",
    file: "src/worker/shell-policy.ts",
    find: "if (/^[A-Za-z_]\\w*=/.test(word)) at++;\n    else if",
    replace: "if",
    killedBy: "src/worker/shell-policy.test.ts > C7 the command that env runs is checked",
  },
  {
    name: "a change of folder is forgotten by the next command",
    file: "src/worker/operator-paths.ts",
    find: "    if (target !== undefined) cwd = resolve(cwd, expanded(target, place));\n",
    replace: "",
    killedBy:
      "src/worker/operator-paths.test.ts > C19 a restricted shell refuses cd ../.. && cd ../../../../../../.. && cd repo",
  },
  {
    name: "the worktree inside the checkout is the operator's",
    file: "src/worker/operator-paths.ts",
    find: " && !inside(worktree)",
    replace: "",
    killedBy:
      "src/worker/operator-paths.test.ts > C19 a worktree inside the operator's checkout may be entered by its own path",
  },
  {
    name: "a read that failed becomes stale",
    file: "src/worker/history.ts",
    find: "result.target === null || !result.ok) return message;",
    replace: "result.target === null) return message;",
    killedBy: "src/worker/history.test.ts > a failed write makes no read stale",
  },
  {
    name: "the last turn is removed as well",
    file: "src/worker/history.ts",
    find: "this.#turns.length > 1 && tokens > tokensGoal",
    replace: "this.#turns.length > 0 && tokens > tokensGoal",
    killedBy:
      "src/worker/history.test.ts > a last turn that exceeds the limit is shortened to head and tail",
  },
  {
    name: "removed turns free no extra room",
    file: "src/worker/history.ts",
    find: "this.#cutOldest(this.#tokensMax * filledAfterCut)",
    replace: "this.#cutOldest(this.#tokensMax)",
    killedBy:
      "src/worker/history.test.ts > the oldest turns are removed next, and a notice lists their changed files and last error",
  },
  {
    name: "the file tools read .GIT/config",
    file: "src/worker/tools/paths.ts",
    find: 'name.toLowerCase() === ".git"',
    replace: 'name === ".git"',
    killedBy:
      'test/worker-tools/tools.test.ts > C4 D6 read_file rejects ".GIT/config" as not_permitted',
  },
  {
    name: "the file tools write through a hard link",
    file: "src/worker/tools/paths.ts",
    find: "stats.nlink > 1",
    replace: "stats.nlink > 2",
    killedBy:
      "test/worker-tools/tools.test.ts > write_file creates folders, and rejects unclaimed files, git's files, links and pipes",
  },
  {
    name: "the words of a text that does not parse are not checked",
    file: "src/worker/shell-policy.ts",
    find: "return checkUnparsed(shell.words, policy);",
    replace: "return allowed;",
    killedBy:
      "src/worker/shell-policy.test.ts > C7 each word of an unparsable text is checked as the start of a command",
  },
  {
    name: "rg --pre=x runs a program",
    file: "src/worker/shell-policy.ts",
    find: ' || w.startsWith("--pre=")',
    replace: "",
    killedBy: 'src/worker/shell-policy.test.ts > C7 a strict policy rejects "rg --pre=cat x"',
  },
  {
    name: "a folder whose name begins like the operator's is the operator's",
    file: "src/worker/operator-paths.ts",
    find: "path.startsWith(`${root}/`)",
    replace: "path.startsWith(root)",
    killedBy:
      "src/worker/operator-paths.test.ts > C19 a restricted shell allows cd ../../../../../../../../../repo2",
  },
  {
    name: "GIT_OBJECT_DIRECTORY leads to the operator's repository",
    file: "src/worker/operator-paths.ts",
    find: "INDEX_FILE|OBJECT_DIRECTORY|",
    replace: "INDEX_FILE|",
    killedBy:
      "src/worker/operator-paths.test.ts > C19 a restricted shell refuses a relative path of the operator in GIT_OBJECT_DIRECTORY",
  },
  {
    name: "the key stays in the names of fields",
    file: "src/worker/redact.ts",
    find: "[map(name), mapText(inner, map)]",
    replace: "[name, mapText(inner, map)]",
    killedBy:
      "src/worker/redact.test.ts > C6 the key is redacted in the names of fields, at every depth",
  },
  {
    name: "a file is written through a folder that is a link",
    file: "src/worker/tools/paths.ts",
    find: "if (stats.isSymbolicLink()) {",
    replace: "if (at === file.full && stats.isSymbolicLink()) {",
    killedBy:
      "test/worker-tools/tools.test.ts > C4 write_file through a folder that is a link to src is refused",
  },
  {
    name: "a read before a write in the same turn becomes stale",
    file: "src/worker/history.ts",
    find: "writtenHere.push(result.target);",
    replace: "written.add(result.target);",
    killedBy:
      "src/worker/history.test.ts > a read in the turn of the write does not become stale, whichever comes first",
  },
] satisfies Mutant[];
