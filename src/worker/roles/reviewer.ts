/**
 * A reviewer's verdict, read so that nothing but a clear approval approves (A16).
 *
 * Verdicts come as an object, as JSON in a fence or in prose, or as prose. Where several disagree the
 * refusal counts; an approval must be the last thing said, and prose must say nothing else.
 */
import { isRecord, jsonObjectsIn } from "./json-in-text.ts";

export interface ReviewIssue {
  file: string | null;
  line: number | null;
  text: string;
}

export interface ReviewVerdict {
  approved: boolean;
  issues: ReviewIssue[];
  summary: string;
}

const issuesMax = 100;
const textCharsMax = 4000;
/** Bytes of all issues as JSON: with the summary, a verdict stays below what is recorded of it. */
const issuesBytesMax = 16 * 1024;

/** The verdict in whatever the reviewer handed over, or null when there is none to be found. */
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

/** The first issues, as many as there is room for; how many there were is said. */
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

/** An object without a verdict of its own may carry one as text, e.g. `{ "summary": "{...}" }`. */
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
  const refusal = verdicts.findLast(({ verdict }) => !verdict.approved);
  if (refusal !== undefined) return refusal.verdict;
  const last = verdicts.at(-1);
  // An approval in mid-text may be a quotation from what is under review.
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
  return text.length <= textCharsMax ? text : `${text.slice(0, textCharsMax)}…`;
}
