import { expect, test } from "bun:test";
import { editProjectToml } from "./project-toml.ts";

const file = `# Mine.
[project]
language = "python" # the best
test_cmd = "old"

[conventions]
test_cmd = "not this one"
`;

test("an existing key is replaced in its line, and the rest of the file is unchanged", () => {
  expect(editProjectToml(file, { test_cmd: 'run "all"' })).toEqual({
    ok: true,
    text: file.replace('test_cmd = "old"', 'test_cmd = "run \\"all\\""'),
    diff: ['-test_cmd = "old"', '+test_cmd = "run \\"all\\""'],
  });
});

test("new keys are inserted into their table", () => {
  expect(editProjectToml(file, { test_cmd: "t", lint_cmd: "l" })).toEqual({
    ok: true,
    text: file
      .replace("[project]\n", '[project]\nlint_cmd = "l"\n')
      .replace('test_cmd = "old"', 'test_cmd = "t"'),
    diff: ['-test_cmd = "old"', '+test_cmd = "t"', '+lint_cmd = "l"'],
  });
});

test("a missing table is appended", () => {
  expect(editProjectToml("", { lint_cmd: "l" })).toMatchObject({
    text: '[project]\nlint_cmd = "l"\n',
  });
  expect(editProjectToml('[agents]\nfast = "x"\n', { lint_cmd: "l" })).toMatchObject({
    text: '[agents]\nfast = "x"\n\n[project]\nlint_cmd = "l"\n',
  });
});

test("an equal value changes nothing", () => {
  expect(editProjectToml(file, { test_cmd: "old" })).toEqual({ ok: true, text: file, diff: [] });
});

test("line endings are preserved", () => {
  const text = '[project]\r\ntest_cmd = "old"\r\n';
  expect(editProjectToml(text, { test_cmd: "new" })).toMatchObject({
    text: '[project]\r\ntest_cmd = "new"\r\n',
  });
});

test.each([
  ["a value of several lines", '[project]\ntest_cmd = """\nold\n"""\n'],
  ["an inline table", 'project = { language = "go" }\n'],
  ["no TOML", "[project\n"],
])("a file with %s is not edited", (_, text) => {
  expect(editProjectToml(text, { test_cmd: "new" }).ok).toBe(false);
});
