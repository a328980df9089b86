/** `tools audit`: calls, failures, refusals, time and result size by tool. Pure. */
import type { ToolCalls } from "../log/counts.ts";

export interface ToolsView {
  plan: string | null;
  role: string | null;
  /** Sums over all tools, including those beyond the limit. */
  total: ToolTotals;
  /** Number of different tools called. */
  toolCount: number;
  /** Most calls first. */
  tools: ToolView[];
}

export interface ToolTotals {
  calls: number;
  /** Calls that returned an error, refusals included. */
  failures: number;
  /** Calls forbidden by claims or tool policy. */
  refusals: number;
  /** Results truncated for the model. */
  clipped: number;
  /** Bytes of results before truncation. */
  bytes: number;
}

export interface ToolView extends ToolTotals {
  tool: string;
  /** Failures per call, 0 to 1. */
  failureRate: number;
  meanMs: number;
  maxMs: number;
  meanBytes: number;
  roles: string[];
  /** Kinds of errors, most frequent first. */
  errors: { kind: string; calls: number }[];
}

const refused = "not_permitted";

/** Sums calls by tool. `roleOf` gives the role of a call; null for unknown units. */
export function viewTools(
  calls: readonly ToolCalls[],
  o: {
    plan: string | null;
    role: string | null;
    limit: number;
    roleOf(run: string, unit: string | null): string | null;
  },
): ToolsView {
  const byTool = new Map<string, { calls: ToolCalls[]; roles: Set<string> }>();
  for (const one of calls) {
    const role = o.roleOf(one.run, one.unit);
    if (o.role !== null && role !== o.role) continue;
    const entry = byTool.get(one.tool) ?? { calls: [], roles: new Set<string>() };
    byTool.set(one.tool, entry);
    entry.calls.push(one);
    if (role !== null) entry.roles.add(role);
  }
  const tools = [...byTool]
    .map(([tool, entry]) => viewTool(tool, entry.calls, [...entry.roles].sort()))
    .sort((a, b) => b.calls - a.calls || (a.tool < b.tool ? -1 : 1));
  return {
    plan: o.plan,
    role: o.role,
    total: totalsOf([...byTool.values()].flatMap((entry) => entry.calls)),
    toolCount: tools.length,
    tools: tools.slice(0, o.limit),
  };
}

function viewTool(tool: string, calls: readonly ToolCalls[], roles: string[]): ToolView {
  const totals = totalsOf(calls);
  const kinds = new Map<string, number>();
  for (const { errorKind, failed } of calls) {
    if (failed > 0)
      kinds.set(errorKind ?? "failed", (kinds.get(errorKind ?? "failed") ?? 0) + failed);
  }
  const ms = calls.reduce((sum, one) => sum + one.totalMs, 0);
  return {
    tool,
    ...totals,
    failureRate: totals.failures / totals.calls,
    meanMs: ms / totals.calls,
    maxMs: calls.reduce((max, one) => Math.max(max, one.maxMs), 0),
    meanBytes: totals.bytes / totals.calls,
    roles,
    errors: [...kinds]
      .map(([kind, count]) => ({ kind, calls: count }))
      .sort((a, b) => b.calls - a.calls || (a.kind < b.kind ? -1 : 1)),
  };
}

function totalsOf(calls: readonly ToolCalls[]): ToolTotals {
  const totals: ToolTotals = { calls: 0, failures: 0, refusals: 0, clipped: 0, bytes: 0 };
  for (const one of calls) {
    totals.calls += one.calls;
    totals.failures += one.failed;
    totals.refusals += one.errorKind === refused ? one.failed : 0;
    totals.clipped += one.clipped;
    totals.bytes += one.bytes;
  }
  return totals;
}
