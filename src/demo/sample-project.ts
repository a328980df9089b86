/**
 * The sample project of `dgov demo`: a small TypeScript library with a real test suite, a plan of
 * five units, and what the scripted model does with them.
 *
 * Two units run side by side, one waits for both, one fails the tests first and is repaired on
 * retry, and one edits outside its claims and is refused. Plain data; the command writes it.
 */
import { guideRules, plannedRules } from "./sample-script.ts";
import { call, done, type ModelScript, type ModelTurn } from "./script.ts";

export const samplePlan = "text-tools";

/** Text of every file of the repository before the run, by path. `testCommand` is shell text. */
export function sampleFiles(o: { testCommand: string; baseUrl: string }): Record<string, string> {
  return {
    "README.md": "# text-tools\n\nSmall functions over text.\n",
    "package.json": `${JSON.stringify({ name: "text-tools", version: "0.0.0", type: "module" }, null, 2)}\n`,
    ".gitignore": "node_modules/\n",
    "src/index.ts": 'export { capitalize } from "./capitalize.ts";\n',
    "src/capitalize.ts": `/** The text with its first letter in upper case. */
export function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
`,
    "test/capitalize.test.ts": testFile(
      "capitalize",
      "../src/capitalize.ts",
      'expect(capitalize("abc")).toBe("Abc");\n  expect(capitalize("")).toBe("");',
    ),
    ".dgov/.gitignore": "state.db*\nruntime/\nout/\nplans/*/_compiled.toml\n",
    ".dgov/project.toml": `[project]
language = "typescript"
src_dir = "src/"
test_dir = "test/"
source_extensions = [".ts"]
test_cmd = ${JSON.stringify(o.testCommand)}
provider = "demo"

[providers.demo]
base_url = ${JSON.stringify(o.baseUrl)}
api_key_env = "DGOV_DEMO_KEY"
default_agent = "scripted"

[sops]
picker = "rules"
`,
    [`.dgov/plans/${samplePlan}/_root.toml`]: `[plan]
name = "${samplePlan}"
summary = "Add three functions, export them, and write down how they are used"
sections = ["functions", "docs"]
`,
    [`.dgov/plans/${samplePlan}/functions/main.toml`]: `[tasks.slugify]
summary = "Add slugify"
prompt = '''
Orient:
Read src/capitalize.ts for the style of the library.

Edit:
Add src/slugify.ts with slugify(text), and its test.

Verify:
Run the tests.
'''
commit_message = "feat: slugify"
files.create = ["src/slugify.ts", "test/slugify.test.ts"]
files.read = ["src/capitalize.ts"]

[tasks.truncate]
summary = "Add truncate"
prompt = '''
Orient:
Read src/capitalize.ts for the style of the library.

Edit:
Add src/truncate.ts with truncate(text, length), and its test.

Verify:
Run the tests.
'''
commit_message = "feat: truncate"
files.create = ["src/truncate.ts", "test/truncate.test.ts"]
files.read = ["src/capitalize.ts"]

[tasks.word-count]
summary = "Add wordCount"
prompt = '''
Orient:
Read src/capitalize.ts for the style of the library.

Edit:
Add src/word-count.ts with wordCount(text), and its test.

Verify:
Run the tests.
'''
commit_message = "feat: word count"
files.create = ["src/word-count.ts", "test/word-count.test.ts"]
files.read = ["src/capitalize.ts"]

[tasks.exports]
summary = "Export the new functions"
prompt = '''
Orient:
Read src/index.ts.

Edit:
Export slugify and truncate from src/index.ts.

Verify:
Run the tests.
'''
commit_message = "feat: export slugify and truncate"
files.edit = ["src/index.ts"]
depends_on = ["slugify", "truncate"]
`,
    [`.dgov/plans/${samplePlan}/docs/main.toml`]: `[tasks.usage]
summary = "Describe the library"
prompt = '''
Orient:
Read README.md.

Edit:
Write docs/usage.md.

Verify:
Read it once more.
'''
commit_message = "docs: usage"
files.create = ["docs/usage.md"]
files.read = ["README.md"]
`,
  };
}

const slugify = `/** Lower-case words of a text joined by dashes. */
export function slugify(text: string): string {
  return text.toLowerCase().match(/[a-z0-9]+/g)?.join("-") ?? "";
}
`;

const truncate = `/** At most \`length\` characters of a text, the last of them a dot when some were left out. */
export function truncate(text: string, length: number): string {
  return text.length <= length ? text : \`\${text.slice(0, Math.max(0, length - 1))}.\`;
}
`;

const wordCountWrong = `/** How many words a text has. */
export function wordCount(text: string): number {
  return text.split(" ").length;
}
`;

const wordCount = `/** How many words a text has. */
export function wordCount(text: string): number {
  return text.split(/\\s+/).filter((word) => word !== "").length;
}
`;

/** What the scripted model does in each unit, and what it plans when it is asked to. */
export const sampleScript: ModelScript = {
  rules: [
    {
      unit: "functions/main.slugify",
      turns: [
        call("read_file", { path: "src/capitalize.ts" }),
        writes({
          "src/slugify.ts": slugify,
          "test/slugify.test.ts": testFile(
            "slugify",
            "../src/slugify.ts",
            'expect(slugify("Hello, World!")).toBe("hello-world");\n  expect(slugify("")).toBe("");',
          ),
        }),
        done("Added slugify with a test."),
      ],
    },
    {
      unit: "functions/main.truncate",
      turns: [
        call("read_file", { path: "src/capitalize.ts" }),
        writes({
          "src/truncate.ts": truncate,
          "test/truncate.test.ts": testFile(
            "truncate",
            "../src/truncate.ts",
            'expect(truncate("abcdef", 4)).toBe("abc.");\n  expect(truncate("abc", 4)).toBe("abc");',
          ),
        }),
        done("Added truncate with a test."),
      ],
    },
    {
      // Says it is done over a tree whose tests fail. Nobody has to believe it.
      unit: "functions/main.word-count",
      attempt: 1,
      turns: [
        writes({
          "src/word-count.ts": wordCountWrong,
          "test/word-count.test.ts": testFile(
            "wordCount",
            "../src/word-count.ts",
            'expect(wordCount("two  words")).toBe(2);\n  expect(wordCount("")).toBe(0);',
          ),
        }),
        done("Added wordCount; all tests pass."),
      ],
    },
    {
      unit: "functions/main.word-count",
      turns: [
        call("read_file", { path: "src/word-count.ts" }),
        call("edit_file", {
          path: "src/word-count.ts",
          old_text: wordCountWrong,
          new_text: wordCount,
        }),
        done("The count of empty words was wrong; the tests pass now."),
      ],
    },
    {
      unit: "functions/main.exports",
      turns: [
        call("read_file", { path: "src/index.ts" }),
        call("edit_file", {
          path: "src/index.ts",
          old_text: 'export { capitalize } from "./capitalize.ts";\n',
          new_text:
            'export { capitalize } from "./capitalize.ts";\nexport { slugify } from "./slugify.ts";\nexport { truncate } from "./truncate.ts";\n',
        }),
        done("Exported slugify and truncate."),
      ],
    },
    {
      // Writes what it may, then reaches for what it may not: the write tool refuses, the shell does not.
      unit: "docs/main.usage",
      turns: [
        writes({ "docs/usage.md": "# Usage\n\nSee README.md.\n" }),
        call("write_file", { path: "package.json", content: "{}\n" }),
        call("run_bash", { command: "printf '{}\\n' > package.json" }),
        done("Wrote the usage page and tidied up package.json."),
      ],
    },
    ...plannedRules,
    ...guideRules,
  ],
};

function writes(files: Record<string, string>): ModelTurn {
  return {
    calls: Object.entries(files).map(([path, content]) => ({
      tool: "write_file",
      args: { path, content },
    })),
  };
}

// ------------------------------------------------------------
// Tests of the sample project, as text.

/** A test file for one function; `body` are its expectations. */
export function testFile(name: string, from: string, body: string): string {
  return `import { expect, test } from "bun:test";
import { ${name} } from "${from}";

test("${name}", () => {
  ${body}
});
`;
}
