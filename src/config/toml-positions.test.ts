import { describe, expect, test } from "bun:test";
import { tomlPositions } from "./toml-positions.ts";

const text = `# [tasks.commented]
[plan]
name = "p" # [tasks.not-here]

[tasks.a]
summary = "A"
prompt = '''
[tasks.b]
files.edit = ["not here"]
'''
files.edit = [
  "one.py", # ]
  "two.py",
]
files = { x = 1 }

[tasks."b c".files]
edit = ["x"]
tasks.deep.er = 1
  indented = """
  "quotes" \\""" still inside
  """ # end
last = 1
`;

describe("tomlPositions", () => {
  const places = tomlPositions(text);
  test.each([
    [["plan", "name"], undefined, 3, 1],
    [["tasks", "a"], undefined, 5, 1],
    [["tasks", "a", "summary"], undefined, 6, 1],
    [["tasks", "a", "files", "edit"], undefined, 11, 1],
    [["tasks", "a", "files", "edit"], "two.py", 13, 3],
    [["tasks", "a", "prompt"], "not here", 9, 15],
    [["tasks", "a", "commit_message"], undefined, 5, 1],
    [["tasks", "b c"], undefined, 17, 1],
    [["tasks", "b c", "files", "edit"], undefined, 18, 1],
    [["tasks", "b c", "files", "tasks", "deep", "er"], undefined, 19, 1],
    [["tasks", "b c", "files", "indented"], undefined, 20, 3],
    [["tasks", "b c", "files", "last"], undefined, 23, 1],
  ])("%j (%p) is at line %d, column %d", (path, wanted, line, column) => {
    const place = places.find(path, wanted);
    expect([place?.line, place?.column]).toEqual([line, column]);
    expect(place?.excerpt).toBe(text.split("\n")[line - 1] ?? "");
  });

  test("tables in comments and strings have no position", () => {
    expect(places.find(["tasks", "b"])).toEqual(places.find(["tasks"]));
    expect(places.find(["nothing"])).toBeNull();
  });
});
