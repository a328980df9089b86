/** `dgov preflight`: the settlement gates on the local working tree, without a worker. */

import { withSettlement } from "../../app/ad-hoc-settlement.ts";
import type { GatesResult } from "../../settlement/gates/run-gates.ts";
import { duration } from "../../std/text.ts";
import { type Context, command } from "../command.ts";
import { requireProject } from "../project.ts";
import { interruptible } from "../signals.ts";

export default command({
  name: "preflight",
  description: "Run the gates on the working tree",
  args: {},
  examples: ["dgov preflight", "dgov preflight --json"],
  run: (context) => interruptible((signal) => preflight(context, signal)),
});

async function preflight(context: Context, signal: AbortSignal): Promise<number> {
  const { passed, verdicts } = await judgeWorkingTree(context, signal);
  // What was cut short has no answer; the exit code says so.
  if (signal.aborted) return 130;
  const lines = verdicts.map(
    (v) => `${v.gate}: ${v.status}${v.reason === "" ? "" : `: ${v.reason}`}`,
  );
  const { rejectionText } = await import("../../settlement/rejection.ts");
  context.output.answer(
    {
      schema: "dgov.preflight/1",
      passed,
      gates: verdicts.map((v) => ({
        gate: v.gate,
        status: v.status,
        reason: v.reason,
        command: v.command,
        exit: v.exit,
        duration_ms: Math.round(v.durationMs),
        blame: v.blame,
        tail: v.tail,
        diagnostics: v.diagnostics,
        changed_paths: v.changedPaths,
      })),
    },
    [
      ...(verdicts.length === 0 ? ["no gates are configured"] : lines),
      ...(passed ? [] : ["", rejectionText(verdicts)]),
    ].join("\n"),
  );
  await tellGitHub(context, { passed, verdicts });
  return passed ? 0 : 1;
}

async function tellGitHub(
  context: Context,
  { passed, verdicts }: Pick<GatesResult, "passed" | "verdicts">,
): Promise<void> {
  const { onGitHub, report } = await import("../github/workflow.ts");
  if (!onGitHub(context.env)) return;
  const { gateAnnotations } = await import("../github/run-report.ts");
  const { markdownTable } = await import("../github/workflow.ts");
  const rows = verdicts.map((v) => [
    v.gate,
    v.status.replace("_", " "),
    duration(v.durationMs),
    v.reason,
  ]);
  report(context, {
    projectRoot: requireProject(context),
    annotations: gateAnnotations(verdicts, null),
    summary: `## dgov preflight: ${passed ? "passed" : "failed"}\n\n${markdownTable(["gate", "result", "time", "why"], rows)}`,
  });
}

/** Against HEAD; where nothing differs from it, every source file is looked at. */
function judgeWorkingTree(context: Context, signal: AbortSignal): Promise<GatesResult> {
  return withSettlement(context, { name: "preflight", signal }, async ({ c, head }) => {
    const { workingTree } = await import("../../git/working-tree.ts");
    const { runGates } = await import("../../settlement/gates/run-gates.ts");
    return runGates(c, {
      unit: null,
      attempt: 0,
      car: null,
      tree: await workingTree(c.repository),
      base: head,
      testCmd: null,
      marker: `preflight/${process.pid}`,
      signal,
      files: "all",
    });
  });
}
