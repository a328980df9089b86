/** `dgov tools audit`: calls, failures and durations of workers' tools. */
import { openProjectLog } from "../../../app/open-log.ts";
import { knownPlan } from "../../../app/resolve-run.ts";
import type { EventLog } from "../../../log/event-log.ts";
import { duration, plural } from "../../../std/text.ts";
import { objectListField, textField } from "../../../views/data.ts";
import { type ToolsView, viewTools } from "../../../views/tools.ts";
import { wholeNumber } from "../../args.ts";
import { command, group } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { textTable } from "../../render/table.ts";

const roles = ["worker", "researcher", "reviewer", "planner"] as const;
const runsMax = 100_000;

const audit = command({
  name: "audit",
  description: "Show calls, failures and durations of workers' tools",
  args: {
    plan: { type: "string", valueHint: "N", description: "Only runs of this plan" },
    role: {
      type: "enum",
      options: [...roles],
      description: "Only units of this role",
    },
    limit: { type: "string", valueHint: "N", description: "Maximum number of tools; default all" },
  },
  examples: ["dgov tools audit", "dgov tools audit --plan my-plan --role worker --limit 5"],
  async run(context, args) {
    const limit = wholeNumber(args.limit, { flag: "--limit", min: 1 });
    const role = args.role ?? null;
    using seen = openProjectLog(requireProject(context));
    const { log, projectRoot } = seen;
    const plan = args.plan === undefined ? null : await knownPlan(args.plan, projectRoot, log);
    const calls =
      log === null
        ? []
        : plan === null
          ? log.toolCalls()
          : log.runs({ plan, limit: runsMax }).flatMap(({ run }) => log.toolCalls(run));
    const roleOf = rolesIn(log);
    const view = viewTools(calls, { plan, role, limit: limit ?? Number.POSITIVE_INFINITY, roleOf });
    answerView(context.output, "dgov.tools-audit/1", view, renderTools(view));
    return 0;
  },
});

export default group({
  name: "tools",
  description: "Show tool-call statistics",
  subcommands: { audit },
});

/** Looks up the role of a unit, from the first event of its run. */
function rolesIn(log: EventLog | null): (run: string, unit: string | null) => string | null {
  const roles = new Map(log?.starts().map(({ run, data }) => [run, rolesOf(data)]));
  return (run, unit) => (unit === null ? null : (roles.get(run)?.get(unit) ?? null));
}

function rolesOf(started: Record<string, unknown>): Map<string, string> {
  const units = objectListField(started, "units");
  return new Map(
    units.map((about) => [textField(about, "unit"), textField(about, "role") || "worker"]),
  );
}

/** The view as text: a line of totals and a table, most calls first. */
function renderTools(view: ToolsView): string {
  const { total } = view;
  if (total.calls === 0) return "no tool calls";
  const head =
    `${plural(total.calls, "call")} of ${plural(view.toolCount, "tool")}: ` +
    `${total.failures} failed, ${total.refusals} of them refused; ${total.clipped} results clipped, ` +
    `${size(total.bytes)}`;
  const rows = view.tools.map((tool) => [
    tool.tool,
    String(tool.calls),
    `${(tool.failureRate * 100).toFixed(1)} %`,
    String(tool.refusals),
    duration(tool.meanMs),
    duration(tool.maxMs),
    size(tool.bytes),
    tool.roles.join(","),
    tool.errors[0] === undefined ? "" : `${tool.errors[0].kind} (${tool.errors[0].calls})`,
  ]);
  const titles = [
    "tool",
    "calls",
    "failed",
    "refused",
    "mean",
    "max",
    "bytes",
    "roles",
    "top error",
  ];
  const more = view.toolCount - view.tools.length;
  return [
    head,
    "",
    ...textTable([titles, ...rows]),
    ...(more > 0 ? [`  and ${plural(more, "tool")} more`] : []),
  ].join("\n");
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024
    ? `${(bytes / 1024).toFixed(1)} KiB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
