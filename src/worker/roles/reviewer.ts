/**
 * Parses a reviewer's verdict so that only a clear approval approves (A16).
 *
 * A verdict is an object, JSON in a code fence or in prose, or prose. A rejection takes precedence over
 * approvals. An approval as JSON must be the last statement of the text, and an approval as prose the only one.
 */
import { excerpt } from "../../std/text.ts";
import { isRecord, jsonObjectsIn } from "./json-in-text.ts";

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
  if (isRecord(answer)) return fromObject(answer) ?? fromText(innerText(answer));
  return typeof answer === "string" ? fromText(answer) : null;
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

function fromText(text: string): ReviewVerdict | null {
  const verdicts = jsonObjectsIn(text).flatMap(({ value, rest }) => {
    const verdict = fromObject(value);
    return verdict === null ? [] : [{ verdict, rest }];
  });
  const rejection = verdicts.findLast(({ verdict }) => !verdict.approved);
  if (rejection !== undefined) return rejection.verdict;
  const last = verdicts.at(-1);
  // An approval followed by more text may be a quotation from the change under review.
  if (last !== undefined) return /\w/.test(last.rest) ? null : last.verdict;
  const words = text.trim();
  if (/^\W*(?:approved?|lgtm)\W*$/i.test(words)) return { approved: true, issues: [], summary: "" };
  if (
    /\b(?:not|never|cannot|can't|won't|isn't|don't|un)[\s-]*\w*\s*approv|\b(?:reject|disapprov|request changes)/i.test(
      words,
    )
  ) {
    return { approved: false, issues: [issueOf(words)], summary: clip(words) };
  }
  return null;
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
