/**
 * One line of text for each record a person wants to read: start, gate, retry, land, reject.
 * Pure; `null` for everything else. With `stream`, also thoughts and calls.
 */
import type { RecordedEvent } from "../../log/event-log.ts";

const streamCharsMax = 160;

/** The line for a record, without a newline; several lines when a rejection has a tail to show. */
export function progressLine(record: RecordedEvent, stream: boolean): string | null {
  const unit = record.unit ?? "";
  const data = record.data;
  switch (record.type) {
    case "run.started":
      return `run ${record.run}: ${(data["units"] as unknown[]).length} units onto ${data["target"]}`;
    case "attempt.prepared":
      return `${unit}: attempt ${record.attempt} started at ${String(data["base"]).slice(0, 10)}`;
    case "gate.finished":
      return gateLine(unit, data, stream);
    case "conflict.predicted":
      return `${unit}: conflict ahead with ${data["with"] ?? "the target"}: ${data["message"]} (${data["kind"]}, ${data["path"]})`;
    case "conflict.cleared":
      return `${unit}: no conflict with ${data["with"] ?? "the target"} in ${data["path"]} any more`;
    case "attempt.rejected":
      return rejectionLines(unit, record);
    case "landing.finished":
      return `${unit}: landed as ${String(data["commit"]).slice(0, 10)}`;
    case "landing.refused":
      return `${unit}: landing refused: ${data["reason"]}`;
    case "attempt.autofixed":
      return `${unit}: formatted ${(data["paths"] as string[]).join(", ")}`;
    case "repository.changed":
      return `git's shared configuration changed while workers ran:\n${indented(String(data["diff"]))}`;
    case "unit.changed":
      return changeLine(unit, data);
    case "thought":
      return stream ? `${unit}: ${oneLine(String(data["text"]))}` : null;
    case "call":
      return stream
        ? `${unit}: > ${data["tool"]} ${oneLine(JSON.stringify(data["args"] ?? {}))}`
        : null;
    case "result":
      return stream && data["ok"] === false
        ? `${unit}: < ${data["tool"]} failed: ${oneLine(String(data["text"]))}`
        : null;
    case "provider.retried":
      return `${unit}: provider: ${data["reason"]}; trying again in ${Math.round(Number(data["delay_ms"]) / 1000)} s`;
    case "warning":
      return `${unit}: ${data["text"]}`;
    default:
      return null;
  }
}

/** A gate that had nothing to judge is news only to who wants everything. */
function gateLine(unit: string, data: Record<string, unknown>, stream: boolean): string | null {
  if (data["status"] === "not_applicable" && !stream) return null;
  const ms = Number(data["duration_ms"]);
  const time = data["cached"] === true ? "cached" : `${(ms / 1000).toFixed(1)} s`;
  const reason = data["status"] === "passed" ? "" : `: ${data["reason"]}`;
  // What fails on top of others' work is judged once more as the attempt left it.
  const where = data["car"] === null ? ", own tree" : "";
  return `${unit}: ${data["gate"]} ${data["status"]} (${time}${where})${reason}`;
}

function changeLine(unit: string, data: Record<string, unknown>): string | null {
  switch (data["to"]) {
    case "failed":
    case "timed_out":
    case "skipped":
    case "abandoned":
    case "waiting":
    case "forking":
      return `${unit}: ${String(data["to"]).replace("_", " ")}: ${data["reason"]}`;
    case "done":
      return `${unit}: done`;
    default:
      return null;
  }
}

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
  const failed = (gates ?? []).filter((g) => g.status === "failed" || g.status === "errored");
  const tails = failed.map(
    (g) =>
      `  ${g.gate}${g.command === null ? "" : `: ${g.command}`} (${g.exit ?? g.status})` +
      (g.tail.trim() === "" ? "" : `\n${indented(lastLines(g.tail, 12))}`),
  );
  const kept = ref === null ? "" : `\n  kept: ${ref}`;
  return (
    [`${unit}: attempt ${record.attempt} rejected (${verdict}): ${reason}`, ...tails].join("\n") +
    kept
  );
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > streamCharsMax ? `${flat.slice(0, streamCharsMax)}...` : flat;
}
