/** A researcher's result: an answer and the evidence for it, bounded. */
import { isRecord, jsonObjectsIn } from "./json-in-text.ts";

export interface ResearchEvidence {
  file: string;
  line: number | null;
  text: string;
}

export interface ResearchResult {
  answer: string;
  evidence: ResearchEvidence[];
  openQuestions: string[];
}

/** Bytes the whole result may have as JSON; it goes into the prompts of dependents. */
export const researchBytesMax = 32 * 1024;
const evidenceMax = 100;
const partCharsMax = 2000;

/** The typed result. Without an object to read, the summary is the answer. */
export function parseResearchResult(answer: unknown, summary: string): ResearchResult {
  const object = isRecord(answer)
    ? answer
    : jsonObjectsIn(typeof answer === "string" ? answer : summary).at(-1)?.value;
  const said = object?.["answer"];
  const evidence = object?.["evidence"];
  const open = object?.["open_questions"];
  const result: ResearchResult = {
    answer: typeof said === "string" && said.trim() !== "" ? said : summary,
    evidence: Array.isArray(evidence) ? evidence.slice(0, evidenceMax).flatMap(evidenceOf) : [],
    openQuestions: Array.isArray(open)
      ? open
          .filter((part) => typeof part === "string")
          .map(clip)
          .slice(0, evidenceMax)
      : [],
  };
  return bounded(result);
}

function evidenceOf(value: unknown): ResearchEvidence[] {
  if (!isRecord(value)) return [];
  const { file, line, text } = value;
  if (typeof file !== "string" || typeof text !== "string") return [];
  const at = typeof line === "number" && Number.isInteger(line) ? line : null;
  return [{ file: clip(file), line: at, text: clip(text) }];
}

/** The answer is worth most: evidence goes first when the result is too long. */
function bounded(result: ResearchResult): ResearchResult {
  const kept = {
    ...result,
    evidence: [...result.evidence],
    openQuestions: [...result.openQuestions],
  };
  const size = (): number => Buffer.byteLength(JSON.stringify(kept));
  while (size() > researchBytesMax && kept.openQuestions.length > 0) kept.openQuestions.pop();
  while (size() > researchBytesMax && kept.evidence.length > 0) kept.evidence.pop();
  // A character has up to six bytes when it is escaped; halving ends soon.
  for (let chars = researchBytesMax - 200; size() > researchBytesMax; chars = chars / 2) {
    kept.answer = `${kept.answer.slice(0, chars)}…`;
  }
  return kept;
}

function clip(text: string): string {
  return text.length <= partCharsMax ? text : `${text.slice(0, partCharsMax)}…`;
}
