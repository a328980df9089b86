import { describe, expect, test } from "bun:test";
import { planFileTables } from "../plan/plan-keys.ts";
import {
  anyText,
  fixedTable,
  flag,
  integerBetween,
  key,
  map,
  naturalNumber,
  nonNegativeNumber,
  positiveInteger,
  requiredKey,
  shellCommand,
  type TomlDefinition,
  tableOr,
  textList,
  valuesInForce,
} from "./keys.ts";
import { projectKeys } from "./project-keys.ts";
import { keyProblems, tableJsonSchema } from "./schema.ts";

const keys = {
  name: requiredKey(anyText, "Name"),
  jobs: key(positiveInteger, "Jobs", { default: 4 }),
  max_wait: key(positiveInteger, "Longest wait", { unit: "seconds", derivedDefault: "unlimited" }),
  command: key(shellCommand, "Command"),
  files: tableOr({ type: textList, name: "a list or a table" }, "Files", {
    read: key(textList, "Files read"),
  }),
  named: map("Tables by name", fixedTable("", { on: key(flag, "On") }), { emptyByDefault: true }),
};

describe("keyProblems", () => {
  test.each([
    [{ name: "a" }, []],
    [{}, ["missing-key: `t.name` is missing"]],
    [{ name: "a", job: 1 }, ["unknown-key: unknown key `t.job` (did you mean jobs?)"]],
    [
      { name: "a", zzzzzz: 1 },
      [
        "unknown-key: unknown key `t.zzzzzz` (known keys: name, jobs, max_wait, command, files, named)",
      ],
    ],
    [{ name: 1 }, ["wrong-type: `t.name` must be a string, not 1"]],
    [{ name: "a", jobs: 0 }, ["wrong-type: `t.jobs` must be a whole number of at least 1, not 0"]],
    [
      { name: "a", jobs: {} },
      ["wrong-type: `t.jobs` must be a whole number of at least 1, not a table"],
    ],
    [{ name: "a", files: ["x"] }, []],
    [{ name: "a", files: { read: ["x"] } }, []],
    [
      { name: "a", files: { read: ["x", 3] } },
      ["wrong-type: `t.files.read` must be a list of strings, not a list that contains 3"],
    ],
    [{ name: "a", files: true }, ["wrong-type: `t.files` must be a list or a table, not true"]],
    [{ name: "a", named: { x: { on: true } } }, []],
    [
      { name: "a", named: { x: { on: 1 } } },
      ["wrong-type: `t.named.x.on` must be true or false, not 1"],
    ],
    [{ name: "a", named: [] }, ["wrong-type: `t.named` must be a table, not a list"]],
    [{ name: "a", named: new Date(0) }, ["wrong-type: `t.named` must be a table, not a date"]],
  ])("the problems of %j are %j", (value, expected) => {
    const found = keyProblems(keys, value, ["t"]).map(
      ({ code, message, hint }) => `${code}: ${message}${hint === null ? "" : ` (${hint})`}`,
    );
    expect(found).toEqual(expected);
  });
});

test("missing and blank keys have their defaults in force", () => {
  expect(valuesInForce(keys, { name: "a", command: " ", max_wait: 3 })).toEqual({
    name: "a",
    jobs: 4,
    maxWait: 3,
    command: null,
    files: null,
    named: {},
  });
});

test("the JSON Schema has descriptions with units, and defaults that are fixed values", () => {
  const { properties } = tableJsonSchema(keys);
  expect(properties).toMatchObject({
    jobs: { description: "Jobs", default: 4 },
    max_wait: { description: "Longest wait, in seconds" },
    named: { default: {} },
  });
  expect(properties?.["max_wait"]?.["default"]).toBeUndefined();
  expect(tableJsonSchema(keys, { defaults: "described" }).properties?.["jobs"]).toMatchObject({
    description: "Jobs (default 4)",
  });
});

test("every default is a valid value of its key", () => {
  const invalid = (definition: TomlDefinition, path: string): string[] => {
    if (definition.kind === "map") return invalid(definition.each, `${path}.*`);
    if (definition.kind !== "key") {
      return Object.entries(definition.keys).flatMap(([name, one]) =>
        invalid(one, `${path}.${name}`),
      );
    }
    if (definition.default === null) return [];
    const problems = keyProblems({ key: definition }, { key: definition.default });
    return problems.length === 0 ? [] : [path];
  };
  const tables: [string, TomlDefinition][] = Object.entries({ ...projectKeys, ...planFileTables });
  expect(tables.flatMap(([name, one]) => invalid(one, name))).toEqual([]);
});

test.each([
  [positiveInteger, [1], [0, 1.5]],
  [naturalNumber, [0, 1], [-1, 0.5]],
  [nonNegativeNumber, [0, 0.5], [-0.5]],
  [integerBetween(2, 4), [2, 3, 4], [1, 5, 2.5]],
])("a number of the type %# is valid up to its bounds, both included", (type, valid, invalid) => {
  const problems = (n: number): number => keyProblems({ n: key(type, "N") }, { n }).length;
  expect(valid.map(problems)).toEqual(valid.map(() => 0));
  expect(invalid.map(problems)).toEqual(invalid.map(() => 1));
});
