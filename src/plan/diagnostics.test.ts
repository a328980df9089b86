/** Every diagnostic of a plan, with its exact text and place. */
import { describe, expect, test } from "bun:test";
import { parseConfig } from "../config/load.ts";
import type { Diagnostic } from "../error.ts";
import { type CompileInput, compilePlan } from "./compile.ts";
import { filesInMemory } from "./files.ts";
import { rulesPicker } from "./sops/picker.ts";

const dir = ".dgov/plans/p";
const root = '[plan]\nname = "p"\nsections = ["s"]\n';
const good = `[tasks.a]
summary = "Do a"
prompt = """
Orient
Edit
Verify
"""
commit_message = "feat: a"
files.edit = ["a.py"]
`;

const python = '[project]\nsource_extensions = [".py"]\n';

/** A second task, written below `good`. */
function second(lines: string): string {
  return `${good}\n[tasks.b]\nsummary = "Do b"\nprompt = "Orient\\nEdit\\nVerify\\n"\n${lines}`;
}

const workerB = 'commit_message = "feat: b"\nfiles.edit = ["b.py"]\n';

/** A SOP that nothing is wrong with. */
function sop(name: string): string {
  const sections = ["When", "Do", "Do Not", "Verify", "Escalate"];
  return `---
name: ${name}
title: Title
summary: Summary
applies_to: [python]
priority: must
---
${sections.map((section) => `## ${section}\n- x\n`).join("\n")}`;
}

interface Case {
  /** Text of `s/main.toml`. */
  main?: string;
  root?: string;
  /** More files by path below the plan's folder, or below the project root when they begin with `/`. */
  files?: Record<string, string>;
  config?: string;
  /** Paths that exist; all when left out. */
  existing?: string[];
  ignored?: string[];
  submodules?: string[];
  missing?: string[];
  /** What claimed files import. */
  imports?: Record<string, string[]>;
  needModels?: boolean;
}

async function diagnosticsOf(given: Case): Promise<Diagnostic[]> {
  const texts: Record<string, string> = {
    [`${dir}/_root.toml`]: given.root ?? root,
    ...(given.main === undefined ? {} : { [`${dir}/s/main.toml`]: given.main }),
  };
  for (const [path, text] of Object.entries(given.files ?? {})) {
    texts[path.startsWith("/") ? path.slice(1) : `${dir}/${path}`] = text;
  }
  const config = parseConfig(given.config ?? "", "/project");
  if (!config.ok) throw new Error("the test's config is wrong");
  const input: CompileInput = {
    files: filesInMemory(texts),
    dir,
    config: config.config,
    picker: rulesPicker,
    needModels: given.needModels ?? false,
    ignored: async () => new Set(given.ignored ?? []),
    exists: (path) => given.existing?.includes(path) ?? true,
    submodules: given.submodules ?? [],
    missingTools: (programs) => new Set(programs.filter((p) => given.missing?.includes(p))),
    imported: async (paths) =>
      new Map(paths.flatMap((path) => [[path, given.imports?.[path] ?? []] as const])),
  };
  const result = await compilePlan(input);
  return result.ok ? result.warnings : result.diagnostics;
}

/** One diagnostic as lines: place and unit, severity and code, message, hint, the line itself. */
function shown(d: Diagnostic): string {
  const file = d.file.startsWith(`${dir}/`) ? d.file.slice(dir.length + 1) : `/${d.file}`;
  const place = [file, d.line, d.column].filter((part) => part !== null).join(":");
  return [
    `${place}${d.unit === null ? "" : ` ${d.unit}`}`,
    `${d.severity} ${d.code}`,
    d.message,
    ...(d.hint === null ? [] : [`hint: ${d.hint}`]),
    ...(d.excerpt === null ? [] : [`| ${d.excerpt}`]),
  ].join("\n");
}

const cases: [name: string, given: Case, expected: string[]][] = [
  ["a good plan has none", { main: good }, []],
  [
    "_root.toml that is not TOML",
    { root: "[plan\nname = 1", main: good },
    [
      `_root.toml:1:6
error toml-syntax
this is not TOML: illegal character in key
| [plan`,
    ],
  ],
  [
    "no table [plan]",
    { root: "name = 'p'\n", main: good },
    [
      `_root.toml
error missing-plan
there is no table [plan]
hint: dgov init-plan NAME writes one`,
      `_root.toml:1:1
error unknown-key
unknown key \`name\`
hint: known keys: plan
| name = 'p'`,
    ],
  ],
  [
    "an unknown table in _root.toml",
    { root: `${root}[plann]\n`, main: good },
    [
      `_root.toml:4:1
error unknown-key
unknown key \`plann\`
hint: did you mean plan?
| [plann]`,
    ],
  ],
  [
    "unknown and wrong keys of [plan] (E3)",
    { root: '[plan]\nnam = "p"\nsections = "s"\nmax_retries = -1\nsumary = "x"\n', main: good },
    [
      `_root.toml:1:1
error missing-key
\`name\` is missing
| [plan]`,
      `_root.toml:2:1
error unknown-key
unknown key \`nam\`
hint: did you mean name?
| nam = "p"`,
      `_root.toml:3:1
error wrong-type
\`sections\` must be a list of strings, not "s"
| sections = "s"`,
      `_root.toml:4:1
error wrong-type
\`max_retries\` must be a whole number from 0 to 100, not -1
| max_retries = -1`,
      `_root.toml:5:1
error unknown-key
unknown key \`sumary\`
hint: did you mean summary?
| sumary = "x"`,
    ],
  ],
  [
    "a blank name",
    { root: root.replace('"p"', '" "'), main: good },
    [
      `_root.toml:2:1
error bad-name
the plan's name is blank
| name = " "`,
    ],
  ],
  [
    "a name that leaves its folder (C10)",
    { root: root.replace('"p"', '"../p"'), main: good },
    [
      `_root.toml:2:1
error bad-name
the plan's name contains a slash: \`../p\`
| name = "../p"`,
    ],
  ],
  [
    "a name that begins with a dash (C10)",
    { root: root.replace('"p"', '"--p"'), main: good },
    [
      `_root.toml:2:1
error bad-name
the plan's name begins with \`-\`: \`--p\`
| name = "--p"`,
    ],
  ],
  [
    "a section that is not one folder (C10)",
    { root: root.replace('"s"', '"s", "../x"'), main: good },
    [
      `_root.toml:3:18
error bad-section
\`../x\` is not a section name
hint: a section is one folder, named with letters, digits, \`_\` and \`-\`
| sections = ["s", "../x"]`,
    ],
  ],
  [
    "a section without a folder",
    { root: root.replace('"s"', '"s", "taks"'), main: good, files: { "tasks/_x.toml": "" } },
    [
      `_root.toml:3:18
error missing-section
the section \`taks\` has no folder .dgov/plans/p/taks
hint: did you mean tasks?
| sections = ["s", "taks"]`,
    ],
  ],
  [
    "a task file that is not TOML",
    { main: good, files: { "s/other.toml": 'x = "a\n' } },
    [
      `s/other.toml:1:7
error toml-syntax
this is not TOML: control characters are not allowed in strings
| x = "a`,
    ],
  ],
  [
    "an unknown table in a task file",
    { main: `${good}\n[task.b]\nsummary = "B"\n` },
    [
      `s/main.toml:11:1
error unknown-key
unknown key \`task\`
hint: did you mean tasks?
| [task.b]`,
    ],
  ],
  [
    "tasks that are not tables",
    { main: "tasks = [1]\n" },
    [
      `s/main.toml:1:1
error wrong-type
\`tasks\` must hold one table for each task, [tasks.<key>]
| tasks = [1]`,
    ],
  ],
  [
    "a task that is not a table",
    { main: `${good}\n[tasks]\nb = 1\n` },
    [
      `s/main.toml:12:1 s/main.b
error wrong-type
\`tasks.b\` must be a table
| b = 1`,
    ],
  ],
  [
    "a task key with a space",
    { main: second(workerB).replace("tasks.b", 'tasks."b c"') },
    [
      `s/main.toml:11:1 s/main.b c
error bad-key
\`b c\` is not a task key
hint: letters, digits, \`_\` and \`-\`
| [tasks."b c"]`,
    ],
  ],
  [
    "unknown keys (E3)",
    {
      main: `${good.replace("summary =", "sumary =").replace("files.edit", "files.edits")}depends-on = []\n`,
    },
    [
      `s/main.toml:1:1 s/main.a
error missing-key
\`summary\` is missing
| [tasks.a]`,
      `s/main.toml:2:1 s/main.a
error unknown-key
unknown key \`sumary\`
hint: did you mean summary?
| sumary = "Do a"`,
      `s/main.toml:9:1 s/main.a
error unknown-key
unknown key \`edits\`
hint: did you mean edit?
| files.edits = ["a.py"]`,
      `s/main.toml:10:1 s/main.a
error unknown-key
unknown key \`depends-on\`
hint: did you mean depends_on?
| depends-on = []`,
    ],
  ],
  [
    "wrong types, all at once (E3)",
    {
      main: second(
        'commit_message = 1\nrole = "boss"\ndepends_on = "a"\nfiles = "b.py"\ntimeout_s = true\niteration_budget = 0\nmax_fork_depth = 1.5\nself_review = "yes"\nsop_mapping = ["x", 2]\ntest_cmd = ["a"]\n',
      ),
    },
    [
      `s/main.toml:14:1 s/main.b
error wrong-type
\`commit_message\` must be a string, not 1
| commit_message = 1`,
      `s/main.toml:15:1 s/main.b
error wrong-type
\`role\` must be "worker", "researcher" or "reviewer", not "boss"
| role = "boss"`,
      `s/main.toml:16:1 s/main.b
error wrong-type
\`depends_on\` must be a list of strings, not "a"
| depends_on = "a"`,
      `s/main.toml:17:1 s/main.b
error wrong-type
\`files\` must be a list of paths, or a table of create, edit, delete, touch and read, not "b.py"
| files = "b.py"`,
      `s/main.toml:18:1 s/main.b
error wrong-type
\`timeout_s\` must be a whole number from 0 to 604800, not true
| timeout_s = true`,
      `s/main.toml:19:1 s/main.b
error wrong-type
\`iteration_budget\` must be a whole number from 1 to 10000, not 0
| iteration_budget = 0`,
      `s/main.toml:20:1 s/main.b
error wrong-type
\`max_fork_depth\` must be a whole number from 0 to 100, not 1.5
| max_fork_depth = 1.5`,
      `s/main.toml:21:1 s/main.b
error wrong-type
\`self_review\` must be true or false, not "yes"
| self_review = "yes"`,
      `s/main.toml:22:1 s/main.b
error wrong-type
\`sop_mapping\` must be a list of strings, not one with 2 in it
| sop_mapping = ["x", 2]`,
      `s/main.toml:23:1 s/main.b
error wrong-type
\`test_cmd\` must be a string, not a list
| test_cmd = ["a"]`,
    ],
  ],
  [
    "a wrong type among claims (E3)",
    {
      main: second('commit_message = "feat: b"\nfiles.edit = "b.py"\nfiles.create = ["c.py"]\n'),
      existing: ["a.py"],
    },
    [
      `s/main.toml:15:1 s/main.b
error wrong-type
\`files.edit\` must be a list of strings, not "b.py"
| files.edit = "b.py"`,
    ],
  ],
  [
    "a limit out of range",
    { main: second(`${workerB}timeout_s = 999999\non_reject = "maybe"\n`) },
    [
      `s/main.toml:16:1 s/main.b
error wrong-type
\`timeout_s\` must be a whole number from 0 to 604800, not 999999
| timeout_s = 999999`,
      `s/main.toml:17:1 s/main.b
error wrong-type
\`on_reject\` must be "fail" or "fix", not "maybe"
| on_reject = "maybe"`,
    ],
  ],
  [
    "no units: files in a folder that is not listed",
    { files: { "s/_example.toml": good, "other/main.toml": good } },
    [
      `_root.toml:3:1
error no-units
the plan has no units: other/main.toml lie in folders that \`sections\` does not list
| sections = ["s"]`,
    ],
  ],
  [
    "no units: no sections",
    { root: root.replace('["s"]', "[]") },
    [
      `_root.toml:3:1
error no-units
the plan has no units: \`sections\` is empty
| sections = []`,
    ],
  ],
  [
    "no units: no tables",
    { main: "# nothing yet\n" },
    [
      `_root.toml:3:1
error no-units
the plan has no units: s/main.toml hold no table [tasks.<key>]
| sections = ["s"]`,
    ],
  ],
  [
    "no units: only ignored files",
    { files: { "s/_example.toml": good, "s/notes.md": "" } },
    [
      `_root.toml:3:1
error no-units
the plan has no units: s/_example.toml, s/notes.md are ignored; task files end in .toml and do not begin with \`_\` or \`.\`
| sections = ["s"]`,
    ],
  ],
  [
    "no units: too deep",
    { files: { "s/deep/main.toml": good } },
    [
      `_root.toml:3:1
error no-units
the plan has no units: s/deep lie too deep; task files stand directly in a section
| sections = ["s"]`,
    ],
  ],
  [
    "no units: nothing there",
    { files: { "s/": "" } },
    [
      `_root.toml:3:1
error no-units
the plan has no units: its sections hold no files
| sections = ["s"]`,
    ],
  ],
  [
    "a blank summary",
    { main: good.replace('"Do a"', '" "') },
    [
      `s/main.toml:2:1 s/main.a
error blank-summary
\`summary\` is blank
| summary = " "`,
    ],
  ],
  [
    "a worker without commit message and claim",
    { main: second("") },
    [
      `s/main.toml:11:1 s/main.b
error missing-commit-message
a worker needs a \`commit_message\`
hint: say what the commit does, e.g. commit_message = "feat: add the parser"
| [tasks.b]`,
      `s/main.toml:11:1 s/main.b
error no-write-claim
a worker needs a write claim
hint: files.create, files.edit, files.delete or files.touch names what it may change
| [tasks.b]`,
    ],
  ],
  [
    "an empty prompt (E4)",
    { main: good.replace(/"""[\s\S]*"""/, '"  "') },
    [
      `s/main.toml:3:1 s/main.a
error empty-prompt
the prompt is empty
hint: give \`prompt\` or \`prompt_file\`
| prompt = "  "`,
    ],
  ],
  [
    "no prompt at all (E4)",
    { main: good.replace(/prompt = """[\s\S]*"""\n/, "") },
    [
      `s/main.toml:1:1 s/main.a
error empty-prompt
the task has no prompt
hint: give \`prompt\` or \`prompt_file\`
| [tasks.a]`,
    ],
  ],
  [
    "a prompt and a prompt file",
    {
      main: second(`${workerB}prompt_file = "b.md"\n`),
      files: { "s/b.md": "Orient\nEdit\nVerify\n" },
    },
    [
      `s/main.toml:16:1 s/main.b
error two-prompts
both \`prompt\` and \`prompt_file\` are given
hint: keep one of them
| prompt_file = "b.md"`,
    ],
  ],
  [
    "a prompt file that is not there (E4)",
    { main: good.replace(/prompt = """[\s\S]*"""\n/, 'prompt_file = "nowhere.md"\n') },
    [
      `s/main.toml:3:1 s/main.a
error bad-prompt-file
the prompt file \`nowhere.md\` is not there
hint: it is looked for beside the file that names it, then in the plan's folder
| prompt_file = "nowhere.md"`,
    ],
  ],
  [
    "a prompt file outside the project (C10)",
    { main: good.replace(/prompt = """[\s\S]*"""\n/, 'prompt_file = "../../../../../x.md"\n') },
    [
      `s/main.toml:3:1 s/main.a
error bad-prompt-file
the prompt file \`../../../../../x.md\` lies outside the project
hint: it is looked for beside the file that names it, then in the plan's folder
| prompt_file = "../../../../../x.md"`,
    ],
  ],
  [
    "an absolute prompt file (C10)",
    { main: good.replace(/prompt = """[\s\S]*"""\n/, 'prompt_file = "/etc/passwd"\n') },
    [
      `s/main.toml:3:1 s/main.a
error bad-prompt-file
the prompt file \`/etc/passwd\` is absolute
hint: it is looked for beside the file that names it, then in the plan's folder
| prompt_file = "/etc/passwd"`,
    ],
  ],
  [
    "an empty prompt file (E4)",
    {
      main: good.replace(/prompt = """[\s\S]*"""\n/, 'prompt_file = "a.md"\n'),
      files: { "s/a.md": "\n" },
    },
    [
      `s/main.toml:3:1 s/main.a
error empty-prompt
the prompt file \`a.md\` is empty
| prompt_file = "a.md"`,
    ],
  ],
  [
    "a prompt that is too long",
    { main: good.replace("Orient\n", `Orient\n${"x".repeat(1024 * 1024)}\n`) },
    [
      `s/main.toml:3:1 s/main.a
error long-prompt
the prompt has 1048596 bytes, more than the 1048576 allowed
| prompt = """`,
    ],
  ],
  [
    "claims that cannot be",
    { main: good.replace('["a.py"]', '["a.py", "/etc", "../x", "a\\\\b", ""]') },
    [
      `s/main.toml:9:1 s/main.a
error bad-claim
the claim \`a\\b\` contains a backslash; paths are written with \`/\`
| files.edit = ["a.py", "/etc", "../x", "a\\\\b", ""]`,
      `s/main.toml:9:23 s/main.a
error bad-claim
the claim \`/etc\` is absolute; claims are relative to the project root
| files.edit = ["a.py", "/etc", "../x", "a\\\\b", ""]`,
      `s/main.toml:9:31 s/main.a
error bad-claim
the claim \`../x\` contains \`..\`
| files.edit = ["a.py", "/etc", "../x", "a\\\\b", ""]`,
      `s/main.toml:9:47 s/main.a
error bad-claim
a claim is empty
| files.edit = ["a.py", "/etc", "../x", "a\\\\b", ""]`,
    ],
  ],
  [
    "claims of what belongs to dgov (C9)",
    { main: good.replace('["a.py"]', '["a.py", ".dgov/x", ".gitattributes"]') },
    [
      `s/main.toml:9:23 s/main.a
error reserved-claim
the claim \`.dgov/x\` is reserved: \`.dgov\` belongs to dgov
| files.edit = ["a.py", ".dgov/x", ".gitattributes"]`,
      `s/main.toml:9:34 s/main.a
error reserved-claim
the claim \`.gitattributes\` is reserved: it steers git; \`[scope] allow_git_control = true\` and an exact claim allow it
| files.edit = ["a.py", ".dgov/x", ".gitattributes"]`,
    ],
  ],
  [
    "an exact claim of a file that steers git, allowed (C9)",
    {
      main: good.replace('["a.py"]', '[".gitattributes"]'),
      config: "[scope]\nallow_git_control = true\n",
    },
    [],
  ],
  [
    "a claim git ignores",
    { main: good.replace('["a.py"]', '["a.py", "build/x.py"]'), ignored: ["build/x.py"] },
    [
      `s/main.toml:9:23 s/main.a
error ignored-claim
the claim \`build/x.py\` is ignored by git and could never land
hint: claim another path, or take this one out of .gitignore first
| files.edit = ["a.py", "build/x.py"]`,
    ],
  ],
  [
    "a claim inside a submodule",
    { main: good.replace('["a.py"]', '["a.py", "./vendor/lib/x.c"]'), submodules: ["vendor/lib"] },
    [
      `s/main.toml:9:23 s/main.a
error submodule-claim
the claim \`./vendor/lib/x.c\` lies in the submodule \`vendor/lib\`
hint: a submodule is a repository of its own, and is changed there
| files.edit = ["a.py", "./vendor/lib/x.c"]`,
    ],
  ],
  [
    "independent tasks that write one path",
    { main: second(workerB.replace("b.py", "./A.py")) },
    [
      `s/main.toml:15:15 s/main.b
error claim-overlap
the claim \`./A.py\` overlaps \`a.py\` of s/main.a, and nothing says who comes first
hint: add depends_on = ["a"], or claim different paths
| files.edit = ["./A.py"]`,
    ],
  ],
  [
    "independent tasks, a folder and a file in it",
    {
      main: second('commit_message = "feat: b"\nfiles.create = ["lib/"]\n').replace(
        '"a.py"',
        '"lib/a.py"',
      ),
      existing: ["lib/a.py"],
    },
    [
      `s/main.toml:15:17 s/main.b
error claim-overlap
the claim \`lib/\` overlaps \`lib/a.py\` of s/main.a, and nothing says who comes first
hint: add depends_on = ["a"], or claim different paths
| files.create = ["lib/"]`,
    ],
  ],
  [
    "dependent tasks may write one path",
    { main: second(`${workerB.replace("b.py", "a.py")}depends_on = ["a"]\n`) },
    [],
  ],
  [
    "an independent reader",
    { main: second(`${workerB}files.read = ["a.py"]\n`) },
    [
      `s/main.toml:16:15 s/main.b
warning independent-reader
\`a.py\` is read while \`a.py\` of s/main.a may change
hint: add depends_on = ["a"] to read what it leaves
| files.read = ["a.py"]`,
    ],
  ],
  [
    "a dependent reader",
    { main: second(`${workerB}files.read = ["a.py"]\ndepends_on = ["a"]\n`) },
    [],
  ],
  [
    "creating what exists",
    { main: good.replace("files.edit", "files.create") },
    [
      `s/main.toml:9:17 s/main.a
warning creates-existing
\`a.py\` is claimed for \`create\` and exists already
hint: files.edit says that it is changed
| files.create = ["a.py"]`,
    ],
  ],
  [
    "editing and deleting what is not there",
    { main: `${good}files.delete = ["old.py"]\n`, existing: [] },
    [
      `s/main.toml:9:15 s/main.a
warning missing-file-claim
\`a.py\` is claimed for \`edit\` and is not there
hint: files.create says that it is made; or depend on the task that makes it
| files.edit = ["a.py"]`,
      `s/main.toml:10:17 s/main.a
warning missing-file-claim
\`old.py\` is claimed for \`delete\` and is not there
hint: files.create says that it is made; or depend on the task that makes it
| files.delete = ["old.py"]`,
    ],
  ],
  [
    "editing what a dependency creates",
    {
      main: second(
        'commit_message = "feat: b"\nfiles.edit = ["a.py"]\ndepends_on = ["a"]\n',
      ).replace("files.edit", "files.create"),
      existing: [],
    },
    [],
  ],
  [
    "a claim of another department (C11)",
    { main: good, config: '[departments]\ncore = ["*.py"]\n' },
    [
      `s/main.toml:9:15 s/main.a
error foreign-department
the claim \`a.py\` belongs to the department \`core\`
hint: name core in the summary if the task is meant to change it
| files.edit = ["a.py"]`,
    ],
  ],
  [
    "a department named in the summary (C11)",
    { main: good.replace("Do a", "Do a in core"), config: '[departments]\ncore = ["*.py"]\n' },
    [],
  ],
  [
    "a read-only task with write claims",
    { main: second('role = "researcher"\nfiles.edit = ["b.py"]\n') },
    [
      `s/main.toml:15:15 s/main.b
warning read-only-claims
a researcher only reads: its claim of \`b.py\` does not let it write
hint: say files.read, or make it a worker
| files.edit = ["b.py"]`,
    ],
  ],
  [
    "a reviewer without dependencies",
    { main: second('role = "reviewer"\non_reject = "fix"\n') },
    [
      `s/main.toml:14:1 s/main.b
warning reviewer-alone
a reviewer judges what its dependencies landed, and this one has none
hint: add depends_on
| role = "reviewer"`,
    ],
  ],
  [
    "on_reject of a worker",
    { main: second(`${workerB}on_reject = "fix"\n`) },
    [
      `s/main.toml:16:1 s/main.b
error not-a-reviewer
\`on_reject\` means something for reviewers only, not for a worker
| on_reject = "fix"`,
    ],
  ],
  [
    "dependencies that do not exist",
    {
      main: second(`${workerB}depends_on = ["aa", "s/main.aa", "far", "main.a", "zzzzzz"]\n`),
      files: { "s/other.toml": good.replaceAll("a.py", "o.py").replace("tasks.a", "tasks.far") },
    },
    [
      `s/main.toml:16:15 s/main.b
error unknown-dependency
\`depends_on\` names \`aa\`, which is no task
hint: did you mean a?
| depends_on = ["aa", "s/main.aa", "far", "main.a", "zzzzzz"]`,
      `s/main.toml:16:21 s/main.b
error unknown-dependency
\`depends_on\` names \`s/main.aa\`, which is no task
hint: did you mean s/main.a?
| depends_on = ["aa", "s/main.aa", "far", "main.a", "zzzzzz"]`,
      `s/main.toml:16:34 s/main.b
error unknown-dependency
\`depends_on\` names \`far\`, which is no task
hint: did you mean s/other.far?
| depends_on = ["aa", "s/main.aa", "far", "main.a", "zzzzzz"]`,
      `s/main.toml:16:41 s/main.b
error unknown-dependency
\`depends_on\` names \`main.a\`, which is no task
hint: did you mean s/main.a?
| depends_on = ["aa", "s/main.aa", "far", "main.a", "zzzzzz"]`,
      `s/main.toml:16:51 s/main.b
error unknown-dependency
\`depends_on\` names \`zzzzzz\`, which is no task
hint: a bare name means a task of the same file; others need their full id
| depends_on = ["aa", "s/main.aa", "far", "main.a", "zzzzzz"]`,
    ],
  ],
  [
    "a task that depends on itself",
    { main: second(`${workerB}depends_on = ["b"]\n`) },
    [
      `s/main.toml:16:15 s/main.b
error self-dependency
the task depends on itself
| depends_on = ["b"]`,
    ],
  ],
  [
    "a cycle, as its real path (E7)",
    {
      main: `${second(`${workerB}depends_on = ["c"]\n`).replace('files.edit = ["a.py"]', 'files.edit = ["a.py"]\ndepends_on = ["b"]')}\n[tasks.c]\nsummary = "Do c"\nprompt = "Orient\\nEdit\\nVerify"\ncommit_message = "feat: c"\nfiles.edit = ["c.py"]\ndepends_on = ["a"]\n`,
    },
    [
      `s/main.toml:10:15 s/main.a
error cycle
dependency cycle: s/main.a -> s/main.b -> s/main.c -> s/main.a
hint: take one of these dependencies out
| depends_on = ["b"]`,
    ],
  ],
  [
    "ids that differ only in case",
    { main: second(workerB).replace("tasks.b", "tasks.A") },
    [
      `s/main.toml:1:1 s/main.a
warning similar-unit
the unit id s/main.a differs from s/main.A only in case
hint: rename the file or the key
| [tasks.a]`,
    ],
  ],
  [
    "no provider, said once",
    { main: second(workerB), needModels: true },
    [
      `_root.toml:2:1
error no-model
no provider is configured
hint: add [providers.<name>] to .dgov/project.toml, and [project] provider when there are several
| name = "p"`,
    ],
  ],
  [
    "a provider that is not configured",
    {
      main: second(`${workerB}provider = "fireworkz"\n`),
      needModels: true,
      config:
        '[providers.fireworks]\nbase_url = "https://x.test/v1"\napi_key_env = "K"\ndefault_agent = "m"\n',
    },
    [
      `s/main.toml:16:1 s/main.b
error no-model
the provider \`fireworkz\` is not configured
hint: did you mean fireworks?
| provider = "fireworkz"`,
    ],
  ],
  [
    "an unknown recipe",
    { main: `${good}test_cmd = "verify:unti"\n`, config: '[verify.unit]\ncommand = "true"\n' },
    [
      `s/main.toml:10:1 s/main.a
error unknown-recipe
\`test_cmd\` names the recipe \`unti\`, which is not under [verify]
hint: did you mean unit?
| test_cmd = "verify:unti"`,
    ],
  ],
  [
    "missing headings (E4)",
    { main: good.replace("Edit\nVerify\n", "Change it.\n") },
    [
      `s/main.toml:3:1 s/main.a
warning prompt-heading
the prompt has no heading Edit, Verify
hint: a heading stands alone on its line, like \`Orient:\`
| prompt = """`,
    ],
  ],
  [
    "a test command stands in for Verify",
    { main: `${good.replace("Verify\n", "")}test_cmd = "true"\n` },
    [],
  ],
  [
    "a researcher only orients",
    { main: second('role = "researcher"\n').replaceAll("\\nEdit\\nVerify\\n", "") },
    [],
  ],
  [
    "a path in the prompt that no claim covers",
    {
      main: `${good.replace("Orient\n", "Orient\nRead lib/x.py and tests/a.py.\n")}files.read = ["tests/"]\n`,
    },
    [
      `s/main.toml:5:6 s/main.a
warning unclaimed-mention
the prompt mentions \`lib/x.py\`, which no claim covers
hint: claim it; files.read is enough for reading
| Read lib/x.py and tests/a.py.`,
    ],
  ],
  [
    "a program the Verify section runs and the machine lacks",
    { main: good.replace("Verify\n", "Verify\nuv run pytest -q\n"), missing: ["uv"] },
    [
      `s/main.toml:3:1 s/main.a
warning missing-tool
the Verify section runs \`uv\`, which is not on the PATH of workers
hint: install it, or verify with what is there
| prompt = """`,
    ],
  ],
  [
    "a pin of a SOP that is not there",
    {
      main: `${good}sop_mapping = ["testin"]\n`,
      files: { "/.dgov/sops/testing.md": sop("testing") },
    },
    [
      `s/main.toml:10:16 s/main.a
error unknown-sop
\`sop_mapping\` names \`testin\`, which is no SOP of this project
hint: did you mean testing?
| sop_mapping = ["testin"]`,
    ],
  ],
  [
    "a SOP without front matter",
    { main: good, files: { "/.dgov/sops/x.md": "# Hello\n" } },
    [
      `/.dgov/sops/x.md:1:1
error sop-front-matter
the file has no front matter
hint: it begins with --- and ends with ---, and has name, title, summary, applies_to, priority
| # Hello`,
    ],
  ],
  [
    "a SOP with everything wrong",
    {
      main: good,
      files: {
        "/.dgov/sops/x.md":
          "---\nname: x\nwhat is this\npriority: maybe\napplies_to: python\nsummary:\n---\nstray\n## When\n- now\n## Do\ntext\n## Dont\n- no\n## Verify\n## When\n- again\n",
      },
    },
    [
      `/.dgov/sops/x.md:1:1
error sop-missing-key
the front matter has no \`title\`
| ---`,
      `/.dgov/sops/x.md:3:1
error sop-front-matter
front matter is one \`key: value\` a line
| what is this`,
      `/.dgov/sops/x.md:4:1
error sop-priority
\`priority\` must be must or should, not \`maybe\`
| priority: maybe`,
      `/.dgov/sops/x.md:5:1
error sop-applies-to
\`applies_to\` must be a list with something in it, like [python, tests]
| applies_to: python`,
      `/.dgov/sops/x.md:6:1
error sop-missing-key
\`summary\` is empty
| summary:`,
      `/.dgov/sops/x.md:7:1
error sop-missing-section
the section \`Do Not\` is missing
| ---`,
      `/.dgov/sops/x.md:7:1
error sop-missing-section
the section \`Do\` has no bullets
| ---`,
      `/.dgov/sops/x.md:7:1
error sop-missing-section
the section \`Escalate\` is missing
| ---`,
      `/.dgov/sops/x.md:7:1
error sop-missing-section
the section \`Verify\` has no bullets
| ---`,
      `/.dgov/sops/x.md:8:1
error sop-text
text before the first section
| stray`,
      `/.dgov/sops/x.md:12:1
error sop-text
a section holds bullets and nothing else
hint: begin the line with \`- \`
| text`,
      `/.dgov/sops/x.md:13:1
error sop-section
\`Dont\` is no section of a SOP
hint: sections: When, Do, Do Not, Verify, Escalate
| ## Dont`,
      `/.dgov/sops/x.md:16:1
error sop-section
the section \`When\` is there twice
| ## When`,
    ],
  ],
  [
    "two SOPs of one name",
    { main: good, files: { "/.dgov/sops/a.md": sop("same"), "/.dgov/sops/b.md": sop("same") } },
    [
      `/.dgov/sops/b.md:2:1
error duplicate-sop
the SOP name \`same\` is taken by .dgov/sops/a.md
hint: SOPs are known by name; choose another one
| name: same`,
    ],
  ],
  [
    "a file that imports what an independent task changes",
    { main: second(workerB), imports: { "b.py": ["a.py", "c.py"] } },
    [
      `s/main.toml:15:15 s/main.b
warning independent-import
\`b.py\` imports \`a.py\`, which s/main.a may change meanwhile
hint: add depends_on = ["a"] to build on what it leaves
| files.edit = ["b.py"]`,
    ],
  ],
  [
    "imports of what a dependency changes, or the task itself, are as they should be",
    {
      main: second(`${workerB.replace('"]', '", "c.py"]')}depends_on = ["a"]\n`),
      imports: { "a.py": ["b.py"], "b.py": ["a.py", "c.py"] },
    },
    [],
  ],
  [
    "a setup command whose files are not there",
    {
      main: good.replace("files.edit", "files.create").replace("a.py", "env.yml"),
      config:
        "[project]\nsetup_cmd = 'pip install -r ./requirements.txt && mamba env -f env.yml'\n",
      existing: [],
    },
    [
      `_root.toml:1:1
warning missing-setup-file
setup_cmd names \`env.yml\`, which only s/main.a makes: units before it are prepared without
hint: guard it: [ -f env.yml ] && ...
| [plan]`,
      `_root.toml:1:1
warning missing-setup-file
setup_cmd names \`requirements.txt\`, which is not there
hint: guard it: [ -f requirements.txt ] && ...
| [plan]`,
    ],
  ],
  [
    "a setup command that asks first, or makes what it names, needs nothing",
    {
      main: good.replace("files.edit", "files.create"),
      config: `[project]
setup_cmd = '[ -f ./package.json ] && npm ci; if test -f x.toml; then :; fi; curl https://e.org/a.json > "b.json"; cp /etc/c.yml . -o d.yaml'
`,
      existing: [],
    },
    [],
  ],
  [
    "a task that looks, writes a report and claims the code",
    {
      main: good
        .replace('"Do a"', '"Audit the parser"')
        .replace("files.edit", 'files.create = ["audit.md"]\nfiles.edit'),
      existing: ["a.py"],
      config: python,
    },
    [
      `s/main.toml:10:15 s/main.a
warning claims-to-look
the task creates no code and reads as if it only looked, yet claims \`a.py\`
hint: files.read is enough for looking; or make it a researcher
| files.edit = ["a.py"]`,
    ],
  ],
  [
    "a task that changes code and describes it is no onlooker",
    {
      main: good.replace("files.edit", 'files.create = ["docs/a.md"]\nfiles.edit'),
      existing: ["a.py"],
      config: python,
    },
    [],
  ],
  [
    "everything at once, in order of file and line",
    {
      main: good.replace("feat: a", " ").replace('["a.py"]', '["../a.py"]'),
      files: { "s/b.toml": good.replace('"Do a"', '""'), "/.dgov/sops/x.md": "" },
    },
    [
      `s/b.toml:2:1 s/b.a
error blank-summary
\`summary\` is blank
| summary = ""`,
      `s/main.toml:8:1 s/main.a
error missing-commit-message
a worker needs a \`commit_message\`
hint: say what the commit does, e.g. commit_message = "feat: add the parser"
| commit_message = " "`,
      `s/main.toml:9:15 s/main.a
error bad-claim
the claim \`../a.py\` contains \`..\`
| files.edit = ["../a.py"]`,
      `/.dgov/sops/x.md:1:1
error sop-front-matter
the file has no front matter
hint: it begins with --- and ends with ---, and has name, title, summary, applies_to, priority
| `,
    ],
  ],
];

describe("diagnostics", () => {
  test.each(cases)("%s", async (_name, given, expected) => {
    expect((await diagnosticsOf(given)).map(shown)).toEqual(expected);
  });
});
