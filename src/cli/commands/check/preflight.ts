/** `dgov preflight`: runs the settlement gates on the local working tree, without a worker. */
import { judgeWorkingTree, type Preflight } from "../../../app/preflight.ts";
import { verdictData } from "../../../runner/records.ts";
import { duration, words } from "../../../std/text.ts";
import { type Context, command } from "../../command.ts";
import { gateAnnotations } from "../../github/run-report.ts";
import {
  type Annotation,
  escapeCell,
  markdownTable,
  onGitHub,
  report,
} from "../../github/workflow.ts";
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
  args: {
    base: {
      type: "string",
      valueHint: "REF",
      description: "Compare with the merge base of HEAD and REF, as for a pull request to REF",
    },
  },
  examples: ["dgov preflight", "dgov preflight --base main", "dgov preflight --json"],
  run: (context, { base }) =>
    interruptible((signal) => preflight(context, { since: base ?? null, signal })),
});

async function preflight(
  context: Context,
  { since, signal }: { since: string | null; signal: AbortSignal },
): Promise<number> {
  const judged = await judgeWorkingTree({
    since,
    projectRoot: requireProject(context),
    env: context.env,
    status: (text) => context.output.log.info(text),
    signal,
  });
  // An interrupted check has no answer, only an exit code.
  if (signal.aborted) return 130;
  const { passed, verdicts, rejection, head, base, unchanged } = judged;
  const lines = verdicts.map(
    (v) => `${v.gate}: ${v.status}${v.reason === "" ? "" : `: ${v.reason}`}`,
  );
  context.output.answer(
    {
      schema: "dgov.preflight/1",
      passed,
      head,
      base,
      unchanged,
      gates: verdicts.map((verdict) => verdictData(verdict, gateFields)),
    },
    [
      ...(verdicts.length === 0 ? ["no gates are configured"] : lines),
      ...(unchanged === null ? [] : ["", unchanged]),
      ...(passed ? [] : ["", rejection]),
    ].join("\n"),
  );
  if (onGitHub(context.env)) reportToGitHub(context, judged);
  return passed ? 0 : 1;
}

function reportToGitHub(context: Context, { passed, verdicts, unchanged }: Preflight): void {
  const rows = verdicts.map((v) => [v.gate, words(v.status), duration(v.durationMs), v.reason]);
  const isPullRequest = (context.env["GITHUB_BASE_REF"] ?? "") !== "";
  report(context, {
    projectRoot: requireProject(context),
    annotations: [
      ...gateAnnotations(verdicts, null),
      ...(unchanged !== null && isPullRequest ? [warning(unchanged)] : []),
    ],
    summary: [
      `## dgov preflight: ${passed ? "passed" : "failed"}`,
      markdownTable(["gate", "result", "time", "why"], rows),
      ...(unchanged === null ? [] : [escapeCell(unchanged)]),
    ].join("\n\n"),
  });
}

function warning(message: string): Annotation {
  return {
    level: "warning",
    file: null,
    line: null,
    column: null,
    title: "dgov preflight",
    message,
  };
}
