/**
 * The contract with programs that read dgov: keys and types of every JSON document, exit codes, event
 * types with the fields of their data, and the compiled plan. The texts in them may change freely.
 *
 * `UPDATE_FIXTURES=1` rewrites test/fixtures/contract.json; review its diff, since every change of it breaks
 * such a program, except for new keys.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

/** The shape of a JSON value: types instead of values, and one merged shape for all items of a list. */
type Shape = string | { [key: string]: Shape } | [] | [Shape];

interface Contract {
  /** By command line: exit code and shape of the document. */
  documents: Record<string, { exit_code: number; document: Shape }>;
  /** By event type: shape of its data. */
  events: Record<string, Shape>;
  compiled: string;
}

const fixture = resolve(import.meta.dir, "../fixtures/contract.json");

/** Commands in order; the first run leaves one landed, one failed and one skipped unit. */
const commands: string[][] = [
  ["version"],
  ["validate", "p"],
  ["compile", "p"],
  ["compile", "p", "--show", "a"],
  ["doctor"],
  ["run", "p"],
  ["run", "p"],
  ["status"],
  ["plan", "list"],
  ["plan", "status", "p"],
  ["plan", "review", "p"],
  ["explain", "c"],
  ["runs", "list"],
  ["tools", "audit"],
  ["diagnose"],
  ["scope", "status", "--claim", "a.txt"],
  ["verify", "list"],
  ["preflight"],
  ["ledger", "add", "rule", "Keep it small"],
  ["ledger", "list"],
  ["take", "b"],
  ["schema", "exit-codes"],
  ["help", "exit-codes"],
  ["help", "environment"],
  ["undo", "a"],
  ["run", "p", "--continue", "--only", "a"],
  ["clean", "--dry-run"],
  ["prune", "--dry-run"],
  ["plan", "status", "no-such-plan"],
  ["run", "--jobs", "0"],
  ["no-such-command"],
];

let project: TestProject;
let found: Contract;

beforeAll(async () => {
  const write = (path: string, content: string) => call("write_file", { path, content });
  project = await testProject({
    // One at a time, so that every run records the same events.
    config: {
      project: { test_cmd: "! grep -q wrong *.txt" },
      run: { jobs: 1 },
      merge: { speculation: 1, order: "plan" },
    },
    plan: { max_retries: 1 },
    tasks: {
      a: {},
      b: {},
      c: { depends_on: ["b"] },
      r: { role: "researcher", files: { read: ["readme.txt"] }, depends_on: ["a"] },
    },
    script: {
      rules: [
        { unit: unit("a"), turns: [write("a.txt", "right\n"), done("written")] },
        { unit: unit("b"), turns: [write("b.txt", "wrong\n"), done("written")] },
        {
          unit: unit("r"),
          turns: [
            call("read_file", { path: "readme.txt" }),
            call("done", {
              status: "complete",
              summary: "read",
              result: { answer: "It says hello.", evidence: [{ path: "readme.txt", line: 1 }] },
            }),
          ],
        },
      ],
    },
  });
  found = { documents: {}, events: {}, compiled: "" };
  for (const [at, command] of commands.entries()) {
    const run = await project.dgov([...command, "--json"]);
    const name = `${String(at + 1).padStart(2, "0")} dgov ${command.join(" ")}`;
    found.documents[name] = { exit_code: run.exitCode, document: shapeOf(JSON.parse(run.stdout)) };
    if (command[0] === "compile" && found.compiled === "") {
      found.compiled = readFileSync(join(project.root, ".dgov/plans/p/_compiled.toml"), "utf8");
    }
  }
  // The radar looks at intervals, so that only a slow machine records it.
  const events = [...project.events(), ...project.telemetry()].filter(
    ({ type }) => type !== "radar.looked",
  );
  for (const event of events) {
    const known = found.events[event.type];
    const shape = shapeOf(event.data);
    found.events[event.type] = known === undefined ? shape : merged(known, shape);
  }
  if (process.env["UPDATE_FIXTURES"] === "1") {
    const sorted = { ...found, events: Object.fromEntries(Object.entries(found.events).sort()) };
    writeFileSync(fixture, `${JSON.stringify(sorted, null, 1)}\n`);
  }
});

afterAll(() => project[Symbol.asyncDispose]());

function expected(): Contract {
  return JSON.parse(readFileSync(fixture, "utf8")) as Contract;
}

test("every command keeps its exit code and the keys and types of its document", () => {
  expect(found.documents).toEqual(expected().documents);
});

test("every event type keeps the keys and types of its data", () => {
  expect(found.events).toEqual(expected().events);
});

test("a plan compiles to the same bytes", () => {
  expect(found.compiled).toBe(expected().compiled);
});

function shapeOf(value: unknown): Shape {
  if (value === null) return "null";
  if (Array.isArray(value)) {
    const items = value.map(shapeOf);
    return items.length === 0 ? [] : [items.reduce(merged)];
  }
  if (typeof value !== "object") return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

/** A shape that covers both: optional keys get `?`, different types are joined by `|`. */
function merged(a: Shape, b: Shape): Shape {
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
    return [merged(a[0], b[0])];
  }
  if (isObject(a) && isObject(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)].map(plain))].sort();
    const entry = (key: string): [string, Shape] => {
      const [left, right] = [at(a, key), at(b, key)];
      const optional = !(key in a) || !(key in b);
      const shape =
        left === null || right === null ? (left ?? right ?? "null") : merged(left, right);
      return [optional ? `${key}?` : key, shape];
    };
    return Object.fromEntries(keys.map(entry));
  }
  const types = [a, b].flatMap((one) =>
    typeof one === "string" ? one.split("|") : [JSON.stringify(one)],
  );
  return [...new Set(types)].sort().join("|");
}

function isObject(shape: Shape): shape is { [key: string]: Shape } {
  return typeof shape === "object" && !Array.isArray(shape);
}

function plain(key: string): string {
  return key.replace(/\?$/, "");
}

function at(shape: { [key: string]: Shape }, key: string): Shape | null {
  return shape[key] ?? shape[`${key}?`] ?? null;
}
