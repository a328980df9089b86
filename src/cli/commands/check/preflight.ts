/** `dgov preflight`: runs the settlement gates on the local working tree, without a worker. */
import { judgeWorkingTree } from "../../../app/working-tree.ts";
import { verdictData } from "../../../runner/records.ts";
import { duration, words } from "../../../std/text.ts";
import { type Context, command } from "../../command.ts";
import { gateAnnotations } from "../../github/run-report.ts";
import { markdownTable, onGitHub, report } from "../../github/workflow.ts";
import { requireProject } from "../../project.ts";
import { interruptible } from "../../signals.ts";

/** Fields of a gate in the answer, in the order they are written. */
const gateFields = [
  "gate",
  "status",
  "reason",
  "command",
  "exit",
  "duration_ms",
  "blame",
  "tail",
  "diagnostics",
  "changed_paths",
] as const;

export default command({
  name: "preflight",
  description: "Run the gates on the working tree",
  args: {},
  examples: ["dgov preflight", "dgov preflight --json"],
  run: (context) => interruptible((signal) => preflight(context, signal)),
});

async function preflight(context: Context, signal: AbortSignal): Promise<number> {
  const judged = await judgeWorkingTree({
    projectRoot: requireProject(context),
    env: context.env,
    status: (text) => context.output.log.info(text),
    signal,
  });
  // An interrupted check has no answer, only an exit code.
  if (signal.aborted) return 130;
  const { passed, verdicts, rejection } = judged;
  const lines = verdicts.map(
    (v) => `${v.gate}: ${v.status}${v.reason === "" ? "" : `: ${v.reason}`}`,
  );
  context.output.answer(
    {
      schema: "dgov.preflight/1",
      passed,
      gates: verdicts.map((verdict) => verdictData(verdict, gateFields)),
    },
    [
      ...(verdicts.length === 0 ? ["no gates are configured"] : lines),
      ...(passed ? [] : ["", rejection]),
    ].join("\n"),
  );
  if (onGitHub(context.env)) reportToGitHub(context, judged);
  return passed ? 0 : 1;
}

function reportToGitHub(
  context: Context,
  { passed, verdicts }: Awaited<ReturnType<typeof judgeWorkingTree>>,
): void {
  const rows = verdicts.map((v) => [v.gate, words(v.status), duration(v.durationMs), v.reason]);
  report(context, {
    projectRoot: requireProject(context),
    annotations: gateAnnotations(verdicts, null),
    summary: `## dgov preflight: ${passed ? "passed" : "failed"}\n\n${markdownTable(["gate", "result", "time", "why"], rows)}`,
  });
}
