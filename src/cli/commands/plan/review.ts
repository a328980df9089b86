/** `dgov plan review PLAN`: the results of the last run; `--diff` and `--events` show one unit. */

import { isatty } from "node:tty";
import { openProjectLog } from "../../../app/open-log.ts";
import {
  findRun,
  type LandedPlan,
  type ResolvedRun,
  resolveOneRun,
} from "../../../app/resolve-run.ts";
import { diffStats, reviewFacts, unitPatch } from "../../../app/run-facts.ts";
import { DgovError } from "../../../error.ts";
import { sharedStateChanged } from "../../../kernel/reasons.ts";
import type { RecordedEvent } from "../../../log/event-log.ts";
import { resolveUnit } from "../../../plan/locate.ts";
import { duration, indented, moment, plural, short, words } from "../../../std/text.ts";
import { foreignCommitLines } from "../../../views/foreign-commits.ts";
import { judgeChangeText } from "../../../views/judge-changes.ts";
import type { ShownUnit } from "../../../views/plan-view.ts";
import {
  type Elsewhere,
  landedWhere,
  type ReviewView,
  type Spending,
  type UnitReview,
  viewLandedPlan,
  viewReview,
} from "../../../views/review.ts";
import type { AttemptView, GateView, Rejection, SandboxView } from "../../../views/run-view.ts";
import { acceptedText, semanticNoteText } from "../../../views/semantic-notes.ts";
import { eventDocument, timelineLine } from "../../../views/timeline.ts";
import { isFinished } from "../../../views/unit-state.ts";
import { widerClaimsLines } from "../../../views/wider-claims.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { answerView, type Output } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { costText, tokenCount } from "../../render/spending.ts";
import { textTable } from "../../render/table.ts";

export default command({
  name: "review",
  description: "Review a plan: each unit with the run that landed it or had it last",
  args: {
    plan: { type: "positional", required: false, description: "Plan name or path" },
    only: { type: "string", valueHint: "U", description: "Only this unit" },
    diff: { type: "string", valueHint: "U", description: "Show the change of this unit" },
    events: { type: "string", valueHint: "U", description: "Show all events of this unit" },
    run: {
      type: "string",
      valueHint: "R",
      description: "Only this run: its id, or a unique beginning or end of it",
    },
  },
  examples: [
    "dgov plan review my-plan",
    "dgov plan review my-plan --only add-feature",
    "dgov plan review my-plan --diff add-feature",
    "dgov plan review my-plan --events add-feature",
    "dgov plan review my-plan --run 1a2b",
  ],
  async run(context, args) {
    const { output } = context;
    const chosen = [args.only, args.diff, args.events].filter((unit) => unit !== undefined);
    if (chosen.length > 1) throw usageError("--only, --diff and --events exclude each other");
    using seen = openProjectLog(requireProject(context));
    const { projectRoot } = seen;
    const note = (text: string): void => output.log.info(text);
    const found =
      args.run === undefined
        ? await findRun(seen, args.plan, note)
        : await resolveOneRun(seen, { plan: args.plan, run: args.run });
    const { plan, units } = "log" in found ? found.shown : found;
    const unit = chosen[0] === undefined ? null : unitOf(units, chosen[0]);
    if (args.diff !== undefined && unit !== null) {
      await answerDiff(output, projectRoot, plan, unit);
    } else if (args.events !== undefined && unit !== null) answerEvents(output, found, unit);
    else {
      const view = await reviewOf(projectRoot, found, unit?.unit ?? null);
      answerView(output, "dgov.plan-review/1", view, renderReview(view));
    }
    return 0;
  },
});

async function reviewOf(
  projectRoot: string,
  found: ResolvedRun | LandedPlan,
  only: string | null,
): Promise<ReviewView> {
  if (!("log" in found)) {
    return viewLandedPlan(found, await diffStats(projectRoot, found.units), only);
  }
  return viewReview(found.shown, await reviewFacts(projectRoot, found.log, found.shown), only);
}

function unitOf(units: readonly ShownUnit[], name: string): ShownUnit {
  const id = resolveUnit(
    units.map((unit) => unit.unit),
    name,
  );
  const unit = units.find((one) => one.unit === id);
  if (unit === undefined) throw new DgovError("NOT_FOUND", `the plan has no unit ${id}`);
  return unit;
}

/** Answers with the patch of the landed commit, or of the last kept attempt. */
async function answerDiff(
  output: Output,
  projectRoot: string,
  plan: string,
  unit: ShownUnit,
): Promise<void> {
  const { landed, base, commit, patch } = await unitPatch(projectRoot, unit);
  const by = unit.run === null ? "" : ` (run ${unit.run})`;
  const kind = landed ? words(unit.state) : "kept, not landed";
  output.log.info(`${unit.unit}: ${kind}: ${commit}${by}`);
  const view = { run: unit.run, plan, unit: unit.unit, landed, base, commit, patch };
  // A patch for another program is applied there, and must be byte for byte what git printed.
  output.answer({ schema: "dgov.plan-diff/1", ...view }, patch, { exact: !isatty(1) });
}

function answerEvents(output: Output, found: ResolvedRun | LandedPlan, unit: ShownUnit): void {
  const { run: id } = unit;
  if (!("log" in found) || id === null || found.log.overview(id).length === 0) {
    const where = "log" in found ? "in a run of another log" : landedWhere(found.elsewhere);
    const { plan } = "log" in found ? found.shown : found;
    const text =
      unit.landed === null
        ? `${unit.unit} has no events yet`
        : `this log has no events of ${unit.unit}; it landed ${where}`;
    throw new DgovError("NOT_FOUND", text, {
      hint: `dgov plan review ${plan}${unit.landed === null ? "" : ` --diff ${unit.unit}`}`,
    });
  }
  const { log, run } = found;
  const lifecycle = log.lifecycle({ run: id }).filter((event) => event.unit === unit.unit);
  const telemetry = log.telemetry({ run: id, unit: unit.unit });
  const events = [...lifecycle, ...telemetry].sort((a, b) => a.seq - b.seq);
  output.answer(
    {
      schema: "dgov.plan-events/1",
      run: id,
      plan: run.plan,
      unit: unit.unit,
      events: events.map(eventDocument),
    },
    events.map((event: RecordedEvent) => timelineLine(event)).join("\n"),
  );
}

/** The view as text: the run, then its units. */
export function renderReview(view: ReviewView): string {
  const lines = view.elsewhere === null ? runLines(view) : elsewhereLines(view, view.elsewhere);
  for (const gate of view.redBase) {
    lines.push(`  base was red: ${gate.gate}: ${gate.reason}`, ...gateOutput(gate, "    "));
  }
  if (view.verification !== null) {
    const reason = view.verification.reason === "" ? "" : `: ${view.verification.reason}`;
    lines.push(`  final branch: ${view.verification.status}${reason}`);
  }
  if (view.sandbox !== null) lines.push(...sandboxLines(view.sandbox));
  for (const warning of view.warnings) lines.push(`  warning: ${warning}`);
  if (view.repositoryChanged !== null) {
    lines.push(`  ${sharedStateChanged}:`, indented(view.repositoryChanged, "    "));
  }
  lines.push(...foreignCommitLines(view.foreignCommits).map((line) => `  ${line}`));
  for (const unit of view.units) lines.push("", ...renderUnit(unit, view.run));
  if (view.before !== null && view.after !== null && view.after !== view.before) {
    lines.push("", `git diff ${short(view.before)}..${short(view.after)}`);
  }
  return lines.join("\n");
}

/** The confinement of a run's commands, and the exceptions from it. */
function sandboxLines({ level, reason, exceptions }: SandboxView): string[] {
  const why = level === "namespaces" ? "" : ` (${reason})`;
  return [
    `  sandbox: ${level}${why}`,
    ...exceptions.map((text) => `  exception from the sandbox: ${text}`),
  ];
}

function runLines(view: ReviewView): string[] {
  const took = view.durationMs === null ? "" : ` in ${duration(view.durationMs)}`;
  return [
    `${view.plan}: run ${view.run} ${words(view.phase)}${view.degraded ? " (degraded)" : ""}${took}, onto ${view.target}; ${view.landed}/${view.total} landed`,
    `  started ${moment(view.startedAt ?? "")} UTC; ${spending(view.spending)}`,
  ];
}

function elsewhereLines({ plan, units }: ReviewView, elsewhere: Elsewhere): string[] {
  const finished = units.filter(({ state }) => isFinished(state)).length;
  const line = `${plan}: no run in this log; ${finished} of ${plural(units.length, "unit")} landed ${landedWhere(elsewhere)}`;
  const { state } = elsewhere;
  return state === null
    ? [line]
    : [line, `  what the Python program recorded of its runs is in ${state}`];
}

/** One unit. `run` is the run of the heading: another one is named. */
function renderUnit(unit: UnitReview, run: string | null): string[] {
  // The commit of a landed unit has a line of its own.
  const omitted = unit.state === "landed" && unit.phase === "landed";
  const reason = omitted || unit.reason === "" ? "" : `: ${unit.reason}`;
  const lines = [`${unit.unit}  ${words(unit.state)}${reason}`, `  ${unit.summary}`];
  const by = unit.run === null || unit.run === run ? "" : ` in run ${unit.run}`;
  if (unit.landed !== null) {
    const stat = unit.diff;
    const size =
      stat === null
        ? ""
        : `: ${plural(stat.files, "file")}, +${stat.insertions} -${stat.deletions}`;
    lines.push(`  landed ${short(unit.landed.commit)} at ${moment(unit.landed.at)}${by}${size}`);
    const rows = stat?.paths.map((p) => [p.status, p.path, `+${p.insertions} -${p.deletions}`]);
    lines.push(...textTable(rows ?? [], "    "));
  }
  if (unit.result !== null) lines.push("  result:", indented(unit.result, "    "));
  if (unit.waitingOn.length > 0) lines.push(`  waiting for ${unit.waitingOn.join(", ")}`);
  if (unit.attempts.length > 0) {
    const where = unit.landed === null ? by : "";
    lines.push(`  ${plural(unit.attempts.length, "attempt")}${where}; ${spending(unit.spending)}`);
  }
  for (const one of unit.selfCorrections) {
    const target = one.target === null ? "" : ` ${one.target}`;
    lines.push(`  self-corrected: ${one.tool}${target} after ${plural(one.failures, "failure")}`);
  }
  for (const attempt of unit.attempts) lines.push(...renderAttempt(attempt));
  if (unit.landed === null && unit.keptRef !== null) {
    lines.push(`  kept: ${unit.keptRef}`, `  open it: git worktree add <dir> ${unit.keptRef}`);
  }
  const last = unit.attempts.at(-1);
  const wider = unit.landed === null ? (last?.rejection?.widerClaims ?? null) : null;
  if (wider !== null) {
    lines.push(...widerClaimsLines(wider, unit.unit).map((line) => `  ${line}`));
  }
  if (unit.next !== null) lines.push(`  next: ${unit.next}`);
  if (unit.landed === null && last?.rejection?.gates.some(({ gate }) => gate === "semantic")) {
    const command = `dgov land ${unit.unit} --accept`;
    lines.push(
      ...last.semanticFindings.map(
        ({ kind, path, line, fingerprint }) =>
          `  if ${kind} of ${path}:${line} is wrong: ${command} ${fingerprint}`,
      ),
    );
  }
  return lines;
}

function renderAttempt(attempt: AttemptView): string[] {
  const lines: string[] = [];
  const open = attempt.rejection === null ? "running" : "rejected";
  const ended = attempt.outcome === null ? open : `worker ${words(attempt.outcome)}`;
  const why = attempt.outcome === "complete" ? "" : attempt.outcomeReason;
  const model = attempt.model === null ? "" : ` (${attempt.model})`;
  lines.push(`  attempt ${attempt.attempt}${model}: ${ended}${why === "" ? "" : `: ${why}`}`);
  if (attempt.gates.length > 0) {
    lines.push(`    gates: ${attempt.gates.map(gateWord).join(", ")}`);
  }
  if (attempt.flaky.length > 0) lines.push(`    flaky: ${attempt.flaky.join(", ")}`);
  if (attempt.autofixed.length > 0) lines.push(`    autofixed: ${attempt.autofixed.join(", ")}`);
  if (attempt.judgeChanged.length > 0) lines.push(`    ${judgeChangeText(attempt.judgeChanged)}`);
  // The output of a failed gate lists its notes already.
  const listed = attempt.rejection?.gates.some(({ gate }) => gate === "semantic") === true;
  if (!listed) lines.push(...attempt.semanticNotes.map((note) => `    ${semanticNoteText(note)}`));
  lines.push(...attempt.acceptedFindings.map((one) => `    ${acceptedText(one)}`));
  const added = attempt.addedClaims.join(", ");
  if (added !== "") lines.push(`    claimed by the operator: ${added}`);
  for (const refusal of attempt.refusals) lines.push(`    landing refused: ${refusal}`);
  // The rejection of a failed worker repeats the outcome above.
  const repeated = attempt.rejection?.verdict === attempt.outcome;
  if (attempt.rejection !== null && !repeated) lines.push(...renderRejection(attempt.rejection));
  const omitted = attempt.kept?.omitted ?? [];
  if (omitted.length > 0) lines.push(`    too large to keep: ${omitted.join(", ")}`);
  return lines;
}

function gateWord(gate: GateView): string {
  const time = gate.cached ? "cached" : duration(gate.durationMs);
  return `${gate.gate} ${words(gate.status)} ${time}${gate.car === null ? " (own tree)" : ""}`;
}

/** A rejection with the command, exit status and end of output of each gate. */
function renderRejection(rejection: Rejection): string[] {
  const lines = [`    rejected: ${rejection.verdict}: ${rejection.reason}`];
  return [...lines, ...rejection.gates.flatMap((gate) => gateOutput(gate, "    "))];
}

function gateOutput(gate: GateView, indent: string): string[] {
  const command = gate.command === null ? "" : `: ${gate.command}`;
  const line = `${indent}${gate.gate} ${words(gate.status)} (${gate.exit ?? gate.reason})${command}`;
  const tail = gate.tail.trim() === "" ? [] : [indented(gate.tail.trimEnd(), `${indent}  | `)];
  return [line, ...tail];
}

function spending(sum: Spending): string {
  const cached = (sum.cachedTokens ?? 0) > 0 ? ` (${sum.cachedTokens} cached)` : "";
  const failed = sum.failedCalls > 0 ? ` (${sum.failedCalls} failed)` : "";
  return `${plural(sum.turns, "turn")}, ${plural(sum.calls, "call")}${failed}, ${tokenCount(sum.promptTokens)} tokens in${cached}, ${tokenCount(sum.completionTokens)} out${costText(sum)}`;
}
