/** Checks the answer that a role gives with `done` and returns it in the role's result type. */
import type { WorkerRole } from "../protocol.ts";
import { isRecord, jsonObjectsIn, wholeObject } from "./json-in-text.ts";
import { parsePlannerAnswer } from "./planner.ts";
import { parseResearchResult } from "./researcher.ts";
import { parseReviewVerdict } from "./reviewer.ts";

/** Arguments of `done`, validated against the tool's schema. */
export interface DoneArguments {
  status: "complete" | "incomplete" | "blocked";
  summary: string;
  result?: unknown;
}

/** The result to record, or the problem to send back to the model. */
type RoleAnswer = { ok: true; result: unknown } | { ok: false; problem: string };

/** Characters kept of a summary. */
const summaryCharsMax = 32 * 1024;
/** Characters kept of a summary that accompanies a verdict. */
const verdictCharsMax = 4000;

/** Reads the answer in the arguments of `done`, by role. */
export function readRoleAnswer(role: WorkerRole, done: DoneArguments): RoleAnswer {
  const summary = done.summary.slice(0, summaryCharsMax);
  switch (role) {
    case "worker":
      return { ok: true, result: summary };
    case "researcher":
      return { ok: true, result: parseResearchResult(done.result, summary) };
    case "reviewer": {
      const verdict = verdictOf(done);
      if (verdict !== null) {
        const text = verdict.summary || summary.slice(0, verdictCharsMax);
        return { ok: true, result: { ...verdict, summary: text } };
      }
      return {
        ok: false,
        problem:
          'no verdict found: call done with result = {"approved": true or false, "issues": ' +
          '[{"file": "...", "line": 1, "text": "..."}]}',
      };
    }
    case "planner": {
      const given = isRecord(done.result) ? done.result : jsonObjectsIn(done.summary).at(-1);
      if (given === undefined) {
        return {
          ok: false,
          problem: "no plan found: call done with the plan as the object `result`",
        };
      }
      const parsed = parsePlannerAnswer(given);
      return parsed.ok ? { ok: true, result: parsed.answer } : parsed;
    }
    default:
      return role satisfies never;
  }
}

/** The verdict in `result`; in the summary when there is no result. A summary that rejects takes precedence. */
function verdictOf({ result, summary }: DoneArguments): ReturnType<typeof parseReviewVerdict> {
  const said = wholeObject(summary) === null ? null : parseReviewVerdict(summary);
  if (result === undefined || result === null) return parseReviewVerdict(summary);
  return said?.approved === false ? said : parseReviewVerdict(result);
}

/**
 * The result to record when the answer of a role stays unreadable: no approval for a reviewer, else the
 * text.
 */
export function unreadableAnswer(role: WorkerRole, summary: string): unknown {
  const text = summary.slice(0, summaryCharsMax);
  if (role !== "reviewer") return text;
  const issues = [{ file: null, line: null, text: "the reviewer's verdict could not be read" }];
  return { approved: false, issues, summary: text };
}
