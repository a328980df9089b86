/** The sample project of `dgov demo`: a small TypeScript library with tests, and a plan of five units. */

/** Name of the sample plan. */
export const samplePlan = "text-tools";

/** The files of the repository before the run, by path. `testCommand` is shell text. */
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
summary = "Add three functions, export them, and document their use"
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
Read the page once more.
'''
commit_message = "docs: usage"
files.create = ["docs/usage.md"]
files.read = ["README.md"]
`,
  };
}

/**
 * The text of a test file for the function `name`, imported from `from`. `body` contains the expectations.
 */
export function testFile(name: string, from: string, body: string): string {
  return `import { expect, test } from "bun:test";
import { ${name} } from "${from}";

test("${name}", () => {
  ${body}
});
`;
}
