/** Parses a researcher's result: an answer with its evidence, bounded. */
import { excerpt } from "../../std/text.ts";
import { isRecord, jsonObjectsIn } from "./json-in-text.ts";

interface ResearchEvidence {
  file: string;
  line: number | null;
  text: string;
}

interface ResearchResult {
  answer: string;
  evidence: ResearchEvidence[];
  openQuestions: string[];
}

/** Bytes of the result as JSON; it is added to the prompts of dependent units. */
export const researchBytesMax = 32 * 1024;
const evidenceMax = 100;
const partCharsMax = 2000;

/** The result in `answer`, or in JSON in the summary; without either, the summary is the answer. */
export function parseResearchResult(answer: unknown, summary: string): ResearchResult {
  const object = isRecord(answer)
    ? answer
    : jsonObjectsIn(typeof answer === "string" ? answer : summary).at(-1);
  const text = object?.["answer"];
  const evidence = object?.["evidence"];
  const open = object?.["open_questions"];
  const result: ResearchResult = {
    answer: typeof text === "string" && text.trim() !== "" ? text : summary,
    evidence: Array.isArray(evidence) ? evidence.slice(0, evidenceMax).flatMap(evidenceOf) : [],
    openQuestions: Array.isArray(open)
      ? open
          .filter((part) => typeof part === "string")
          .map((part) => excerpt(part, partCharsMax))
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
  return [{ file: excerpt(file, partCharsMax), line: at, text: excerpt(text, partCharsMax) }];
}

/** Reduces a result to `researchBytesMax`: drops open questions, then evidence, then cuts the answer. */
function bounded(result: ResearchResult): ResearchResult {
  const kept = {
    ...result,
    evidence: [...result.evidence],
    openQuestions: [...result.openQuestions],
  };
  const size = (): number => Buffer.byteLength(JSON.stringify(kept));
  while (size() > researchBytesMax && kept.openQuestions.length > 0) kept.openQuestions.pop();
  while (size() > researchBytesMax && kept.evidence.length > 0) kept.evidence.pop();
  // An escaped character has up to six bytes, so a few halvings are enough.
  for (let chars = researchBytesMax - 200; size() > researchBytesMax; chars = chars / 2) {
    kept.answer = `${kept.answer.slice(0, chars)}…`;
  }
  return kept;
}
