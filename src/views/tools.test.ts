import { expect, test } from "bun:test";
import type { ToolCalls } from "../log/counts.ts";
import { viewTools } from "./tools.ts";

function calls(tool: string, more: Partial<ToolCalls> = {}): ToolCalls {
  return {
    run: "r1",
    unit: "a",
    tool,
    errorKind: null,
    calls: 1,
    failed: 0,
    clipped: 0,
    bytes: 10,
    totalMs: 5,
    maxMs: 5,
    ...more,
  };
}

const log = [
  calls("grep", { calls: 3, clipped: 1, bytes: 300, totalMs: 30, maxMs: 20 }),
  calls("grep", { unit: "r", errorKind: "not_found", failed: 1, bytes: 0, totalMs: 50, maxMs: 50 }),
  calls("write_file", { calls: 2, failed: 2, errorKind: "not_permitted" }),
  calls("done", { unit: null }),
];
const all = {
  plan: null,
  role: null,
  limit: 10,
  roleOf: (_run: string, unit: string | null) =>
    unit === null ? null : unit === "r" ? "reviewer" : "worker",
};

test("tool calls are summed over runs, units and outcomes, most calls first", () => {
  const view = viewTools(log, all);
  expect(view.total).toEqual({ calls: 7, failures: 3, refusals: 2, clipped: 1, bytes: 320 });
  expect(view.tools.map(({ tool, calls: n }) => [tool, n])).toEqual([
    ["grep", 4],
    ["write_file", 2],
    ["done", 1],
  ]);
  expect(view.tools[0]).toEqual({
    tool: "grep",
    calls: 4,
    failures: 1,
    refusals: 0,
    clipped: 1,
    bytes: 300,
    failureRate: 0.25,
    meanMs: 20,
    maxMs: 50,
    meanBytes: 75,
    roles: ["reviewer", "worker"],
    errors: [{ kind: "not_found", calls: 1 }],
  });
  expect(view.tools[1]?.errors).toEqual([{ kind: "not_permitted", calls: 2 }]);
});

test("a limit shortens the list of tools but not the totals", () => {
  const view = viewTools(log, { ...all, limit: 1 });
  expect([view.tools.length, view.toolCount, view.total.calls]).toEqual([1, 3, 7]);
});

test("a role filter leaves out the calls of other roles", () => {
  expect(viewTools(log, { ...all, role: "reviewer" }).tools).toMatchObject([
    { tool: "grep", calls: 1, failures: 1, roles: ["reviewer"] },
  ]);
});
