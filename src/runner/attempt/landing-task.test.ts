import { expect, test } from "bun:test";
import type { CompiledTask } from "../../plan/compiled.ts";
import { taskToLand } from "./landing-task.ts";

const none = { create: [], edit: [], delete: [], touch: [], read: [] };
const task = (id: string, more: Partial<CompiledTask>): CompiledTask => ({
  id,
  summary: id,
  prompt: `do ${id}`,
  commitMessage: "",
  role: "worker",
  onReject: "fail",
  agent: null,
  provider: null,
  dependsOn: [],
  claims: none,
  timeoutS: 900,
  iterationBudget: null,
  network: null,
  testCmd: null,
  selfReview: false,
  maxForkDepth: 1,
  sops: [],
  sopsPickedBy: "none",
  digest: id,
  ...more,
});

const quick = { command: "make q", description: null, logName: null, exclusive: false };
const config = { verify: { quick } };

test("a reviewer's fix has the claims and test commands of the workers under review, and no others", () => {
  const all = [
    task("a", { claims: { ...none, create: ["a"], read: ["x"] }, testCmd: "verify:quick" }),
    task("b", { claims: { ...none, edit: ["b"], delete: ["c"] }, testCmd: "make b" }),
    task("s", { role: "researcher", claims: { ...none, read: ["s"] } }),
    task("r", { role: "reviewer", dependsOn: ["a", "b", "s"] }),
  ];
  const tasks = new Map(all.map((one) => [one.id, one]));
  const { role, claims, testCmd } = taskToLand({ tasks, config }, "r");
  expect({ role, claims, testCmd }).toEqual({
    role: "worker",
    claims: { ...none, touch: ["a", "b"], delete: ["c"], read: ["x"] },
    testCmd: "( make q ) && ( make b )",
  });
  expect(taskToLand({ tasks, config }, "a")).toBe(all[0] as CompiledTask);
});
