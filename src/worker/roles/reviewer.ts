/**
 * Parses a reviewer's verdict so that only a clear approval approves (A16, A26).
 *
 * An approval is an object, or a text that is one JSON object, alone or in one code fence. Text around it may
 * quote the change under review, so it approves nothing. A rejection is also read from JSON in prose and from prose.
 */
import { excerpt } from "../../std/text.ts";
import { isRecord, jsonObjectsIn, wholeObject } from "./json-in-text.ts";

interface ReviewIssue {
  file: string | null;
  line: number | null;
  text: string;
}

interface ReviewVerdict {
  approved: boolean;
  issues: ReviewIssue[];
  summary: string;
}

const issuesMax = 100;
const textCharsMax = 4000;
/** Bytes of all issues as JSON; with its summary a verdict stays below the size limit of the event log. */
const issuesBytesMax = 16 * 1024;

/** The verdict in a reviewer's answer; null when it has none. */
export function parseReviewVerdict(answer: unknown): ReviewVerdict | null {
  if (isRecord(answer)) return fromObject(answer) ?? rejectionIn(innerText(answer));
  if (typeof answer !== "string") return null;
  const whole = wholeObject(answer);
  return (whole === null ? null : fromObject(whole)) ?? rejectionIn(answer);
}

function fromObject(answer: Record<string, unknown>): ReviewVerdict | null {
  if (typeof answer["approved"] !== "boolean") return null;
  const issues = Array.isArray(answer["issues"]) ? answer["issues"] : [];
  return {
    approved: answer["approved"],
    issues: bounded(issues.slice(0, issuesMax).map(issueOf), issues.length),
    summary: typeof answer["summary"] === "string" ? clip(answer["summary"]) : "",
  };
}

/** The first issues up to `issuesBytesMax`, then one that states how many of `count` were left out. */
function bounded(issues: ReviewIssue[], count: number): ReviewIssue[] {
  let bytes = 0;
  const kept = issues.filter((issue) => {
    bytes += Buffer.byteLength(JSON.stringify(issue));
    return bytes <= issuesBytesMax;
  });
  if (kept.length === count) return kept;
  return [
    ...kept,
    { file: null, line: null, text: `${count - kept.length} more issues were left out` },
  ];
}

/** The strings of an object that is not a verdict but may contain one, e.g. `{ "summary": "{...}" }`. */
function innerText(answer: Record<string, unknown>): string {
  return Object.values(answer)
    .filter((value) => typeof value === "string")
    .join("\n");
}

/** The last rejection in a text, as JSON, or as prose when no verdict is JSON. */
function rejectionIn(text: string): ReviewVerdict | null {
  const verdicts = jsonObjectsIn(text).flatMap((value) => fromObject(value) ?? []);
  const rejection = verdicts.findLast(({ approved }) => !approved);
  if (rejection !== undefined || verdicts.length > 0) return rejection ?? null;
  const words = text.trim();
  const rejects =
    /\b(?:not|never|cannot|can't|won't|isn't|don't|un)[\s-]*\w*\s*approv|\b(?:reject|disapprov|request changes)/i;
  if (!rejects.test(words)) return null;
  return { approved: false, issues: [issueOf(words)], summary: clip(words) };
}

function issueOf(value: unknown): ReviewIssue {
  if (typeof value === "string") return { file: null, line: null, text: clip(value) };
  if (!isRecord(value)) return { file: null, line: null, text: clip(JSON.stringify(value) ?? "") };
  const { file, path, line, text, message, description, issue } = value;
  const words = [text, message, description, issue].find((part) => typeof part === "string");
  const place = [file, path].find((part) => typeof part === "string");
  return {
    file: typeof place === "string" ? clip(place) : null,
    line: typeof line === "number" && Number.isInteger(line) ? line : null,
    text: clip(typeof words === "string" ? words : JSON.stringify(value)),
  };
}

function clip(text: string): string {
  return excerpt(text, textCharsMax);
}
