/**
 * Log lines for the records of a run: starts, gates, retries, landings and rejections; with `stream`
 * also thoughts and tool calls. Pure.
 */
import { requeued, sharedStateChanged } from "../../kernel/reasons.ts";
import type { RecordedEvent } from "../../log/event-log.ts";
import { failureExcerpt } from "../../std/failure-excerpt.ts";
import { excerpt, indented, oneLine, short, words } from "../../std/text.ts";
import { foreignCommitLines, viewForeignCommits } from "../../views/foreign-commits.ts";
import { judgeChangeText, viewJudgeChanges } from "../../views/judge-changes.ts";
import { neverStarted } from "../../views/run-view.ts";
import { stateInRun } from "../../views/unit-state.ts";
import { viewWiderClaims, widerClaimsLines } from "../../views/wider-claims.ts";

const streamCharsMax = 160;
/** Room for the output of one failed gate. */
const excerptRoom = { bytes: 4096, lines: 12 };
/** Characters of a command that are shown. */
const commandCharsMax = 200;

/** The line for a record, or null for a record without one. Rejections have several lines. */
export function progressLine(record: RecordedEvent, stream: boolean): string | null {
  const unit = record.unit ?? "";
  const data = record.data;
  switch (record.type) {
    case "run.started":
      return `run ${record.run}: ${(data["units"] as unknown[]).length} units onto ${data["target"]}`;
    case "attempt.prepared":
      return `${unit}: attempt ${record.attempt} started at ${short(String(data["base"]))}`;
    case "gate.finished":
      return gateLine(unit, data, stream);
    case "conflict.predicted":
      return `${unit}: conflict predicted with ${data["with"] ?? "the target"}: ${data["message"]} (${data["kind"]}, ${data["path"]})`;
    case "conflict.cleared":
      return `${unit}: conflict with ${data["with"] ?? "the target"} in ${data["path"]} resolved`;
    case "attempt.rejected":
      return rejectionLines(unit, record);
    case "landing.finished":
      return `${unit}: landed as ${short(String(data["commit"]))}`;
    case "review.satisfied":
      return `${unit}: already satisfied by ${short(String(data["commit"]))}`;
    case "landing.refused":
      return `${unit}: landing refused: ${data["reason"]}`;
    case "attempt.autofixed":
      return `${unit}: autofixed ${(data["paths"] as string[]).join(", ")}`;
    case "attempt.judge_changed":
      return `${unit}: ${judgeChangeText(viewJudgeChanges(data))}`;
    case "repository.changed":
      return `${sharedStateChanged}:\n${indented(String(data["diff"]), "    ")}`;
    case "commits.appeared":
      return foreignCommitLines(viewForeignCommits(data)).join("\n");
    case "unit.changed":
      // The summary counts the units that an interrupt kept from starting.
      if (neverStarted({ phase: String(data["to"]) }, record.attempt ?? 0)) return null;
      return changeLine(unit, record);
    case "thought":
      return stream ? `${unit}: ${oneLine(String(data["text"]), streamCharsMax)}` : null;
    case "call":
      return stream
        ? `${unit}: > ${data["tool"]} ${oneLine(JSON.stringify(data["args"] ?? {}), streamCharsMax)}`
        : null;
    case "result":
      return stream && data["ok"] === false
        ? `${unit}: < ${data["tool"]} failed: ${oneLine(String(data["text"]), streamCharsMax)}`
        : null;
    case "provider.retried":
      return `${unit}: provider: ${data["reason"]}; retrying in ${Math.round(Number(data["delay_ms"]) / 1000)} s`;
    case "warning":
      return `${unit}: ${data["text"]}`;
    default:
      return null;
  }
}

/** The verdict of a gate. One that does not apply is shown only with `stream`. */
function gateLine(unit: string, data: Record<string, unknown>, stream: boolean): string | null {
  if (data["status"] === "not_applicable" && !stream) return null;
  const ms = Number(data["duration_ms"]);
  const time = data["cached"] === true ? "cached" : `${(ms / 1000).toFixed(1)} s`;
  const reason = data["status"] === "passed" ? "" : `: ${data["reason"]}`;
  // A gate that fails on a candidate runs again on the attempt alone.
  const where = data["car"] === null ? ", own tree" : "";
  const bad = data["status"] === "failed" || data["status"] === "errored";
  if (bad && typeof data["behind"] === "string") {
    return `${unit}: ${data["gate"]} does not pass behind ${data["behind"]} (${time})${reason}`;
  }
  return `${unit}: ${data["gate"]} ${data["status"]} (${time}${where})${reason}`;
}

function changeLine(unit: string, { data, attempt }: RecordedEvent): string | null {
  const [phase, from, reason] = [String(data["to"]), String(data["from"]), String(data["reason"])];
  switch (phase) {
    case "queued":
      return reason.startsWith(requeued) ? `${unit}: ${reason}` : null;
    case "forking":
      return `${unit}: ${reason}`;
    case "failed":
    case "timed_out":
    case "skipped":
    case "abandoned":
    case "waiting": {
      const state = stateInRun({ phase, from, reason, attempt: attempt ?? 0 }, true);
      return `${unit}: ${words(state)}: ${reason}`;
    }
    case "done":
      return `${unit}: done`;
    default:
      return null;
  }
}

/** The rejection, the end of each failing gate's output, and the ref of the kept work. */
function rejectionLines(unit: string, record: RecordedEvent): string {
  const { verdict, reason, ref, gates } = record.data as {
    verdict: string;
    reason: string;
    ref: string | null;
    gates?: {
      gate: string;
      status: string;
      command: string | null;
      exit: string | null;
      tail: string;
    }[];
  };
  const wider = viewWiderClaims(record.data);
  const failed = (gates ?? []).filter((g) => g.status === "failed" || g.status === "errored");
  return [
    `${unit}: attempt ${record.attempt} rejected (${verdict}): ${reason}`,
    ...failed.flatMap((g) => [
      `  ${g.gate}${g.command === null ? "" : `: ${excerpt(g.command, commandCharsMax)}`} (${g.exit ?? g.status})`,
      ...(g.tail.trim() === ""
        ? []
        : [indented(failureExcerpt(g.tail.trimEnd(), excerptRoom), "    ")]),
    ]),
    ...(wider === null ? [] : widerClaimsLines(wider, unit).map((line) => `  ${line}`)),
    ...(ref === null ? [] : [`  kept: ${ref}`]),
  ].join("\n");
}
