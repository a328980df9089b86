import { describe, expect, test } from "bun:test";
import { parseToml } from "../config/toml.ts";
import { type Remediation, remediationFiles } from "./remediation-plan.ts";

const nothing: Remediation = {
  name: "p-remediation",
  of: { plan: "p", run: "r1" },
  red: "",
  gates: [],
  degraded: false,
  offenders: [],
  changed: ["src/a.ts", "src/b.ts"],
};

function tasksOf(o: Partial<Remediation>): Record<string, Record<string, unknown>> {
  const parsed = parseToml(remediationFiles({ ...nothing, ...o })["fix/main.toml"] ?? "");
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value["tasks"] as Record<string, Record<string, unknown>>;
}

const offender = { kind: "complex_function", path: "src/a.ts", name: "f", value: 31, limit: 15 };

describe("remediationFiles", () => {
  test("failing gates become one task with the gate's output and the changed files", () => {
    const gate = { gate: "tests", command: "make test", tail: "boom\n", files: ["src/c.ts"] };
    const { repair } = tasksOf({ red: "tests failed: 1 failing", gates: [gate] });
    expect(repair?.["files"]).toEqual(["src/c.ts", "src/a.ts", "src/b.ts"]);
    expect(repair?.["prompt"]).toContain("tests failed: 1 failing");
    expect(repair?.["prompt"]).toContain("Output of tests (make test):\n\nboom\n");
  });

  test("each file with offenders becomes a task that depends on the repair task", () => {
    const tasks = tasksOf({
      red: "tests failed",
      degraded: true,
      offenders: [offender, { ...offender, name: "g" }, { ...offender, path: "src/b.ts" }],
    });
    expect(Object.keys(tasks)).toEqual(["repair", "src-a-ts", "src-b-ts"]);
    expect(tasks["src-a-ts"]).toMatchObject({ files: ["src/a.ts"], depends_on: ["repair"] });
    const prompt = String(tasks["src-a-ts"]?.["prompt"]);
    expect(prompt).toContain("- src/a.ts: complex function f: 31, the limit is 15\n");
    expect(prompt).toContain("- src/a.ts: complex function g: 31, the limit is 15\n");
  });

  test("the files of a cycle become one task, together with their offenders", () => {
    const cycle = {
      kind: "cycle",
      path: "src/a.ts",
      name: "src/a.ts, src/b.ts",
      value: 2,
      limit: 1,
    };
    const tasks = tasksOf({
      degraded: true,
      offenders: [offender, { ...offender, path: "src/b.ts" }, cycle],
    });
    expect(Object.values(tasks).map((task) => task["files"])).toEqual([["src/a.ts", "src/b.ts"]]);
  });

  test("without offenders the task claims the changed files; without changes, every file", () => {
    expect(tasksOf({ degraded: true })["structure"]?.["files"]).toEqual(["src/a.ts", "src/b.ts"]);
    expect(tasksOf({ degraded: true, changed: [] })["structure"]?.["files"]).toEqual(["**"]);
  });

  test("paths with equal safe names get different keys", () => {
    const offenders = [offender, { ...offender, path: "src-a.ts" }];
    expect(Object.keys(tasksOf({ degraded: true, offenders }))).toEqual(["src-a-ts", "src-a-ts-2"]);
  });
});
