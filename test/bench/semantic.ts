/** Accuracy of the semantic gate on the corpus, and its speed. */
import { checkCase, checkTrees } from "../semantic/check-case.ts";
import { type Case, readCorpus } from "../semantic/corpus.ts";
import { type Benchmark, type Figure, median, timed } from "./figure.ts";

const rounds = 5;
const files = 60;
const functionsPerFile = 80;

/** Counts for one part of the corpus. */
export interface Score {
  cases: number;
  /** Number of conflicts, and of those that were rejected for any reason. */
  conflicts: number;
  found: number;
  /** Rejected conflicts whose kind was reported. */
  kindsRight: number;
  innocent: number;
  innocentRejected: number;
}

/** Judges cases. Runs git. */
export async function scoreOf(cases: readonly Case[]): Promise<Score> {
  const score: Score = {
    cases: cases.length,
    conflicts: 0,
    found: 0,
    kindsRight: 0,
    innocent: 0,
    innocentRejected: 0,
  };
  for (const one of cases) {
    const verdict = await checkCase(one);
    if (one.expect === "conflict") {
      score.conflicts++;
      if (verdict.rejected) score.found++;
      if (verdict.kinds.some((kind) => kind === one.kind)) score.kindsRight++;
    } else {
      score.innocent++;
      if (verdict.rejected) score.innocentRejected++;
    }
  }
  return score;
}

/** Share of the rejections that were conflicts; 1 without rejections. */
export function precisionOf({ found, innocentRejected }: Score): number {
  return found + innocentRejected === 0 ? 1 : found / (found + innocentRejected);
}

/** Share of the conflicts that were rejected; 1 without conflicts. */
export function recallOf({ found, conflicts }: Score): number {
  return conflicts === 0 ? 1 : found / conflicts;
}

const benchmark: Benchmark = {
  name: "semantic",
  async run() {
    const cases = readCorpus();
    const tuned = await scoreOf(cases.filter(({ heldOut }) => !heldOut));
    const heldOut = await scoreOf(cases.filter((one) => one.heldOut));
    return [...figuresOf("tuned", tuned), ...figuresOf("held out", heldOut), await speed()];
  },
};

function figuresOf(part: string, score: Score): Figure[] {
  const of = { runs: 1, ratio_to: null };
  const { cases, innocentRejected, kindsRight, found } = score;
  const name = (what: string): string => `semantic gate, ${part}: ${what}`;
  return [
    { ...of, name: name("cases"), value: cases, unit: "", aim: null },
    { ...of, name: name("precision"), value: precisionOf(score), unit: "", aim: ">= 0.95" },
    { ...of, name: name("recall"), value: recallOf(score), unit: "", aim: ">= 0.9" },
    { ...of, name: name("innocent rejected"), value: innocentRejected, unit: "", aim: "<= 0" },
    {
      ...of,
      name: name("kind as expected"),
      value: found === 0 ? 1 : kindsRight / found,
      unit: "",
      aim: null,
    },
  ];
}

/** Speed on a merge of many TypeScript files, each changed by both sides in distant places. */
async function speed(): Promise<Figure> {
  const tree = (from: string, to: string): Map<string, string> =>
    new Map(Array.from({ length: files }, (_, n) => [`src/f${n}.ts`, source(n).replace(from, to)]));
  const [top, end] = ["const start = 0", `input * ${functionsPerFile - 1} `];
  const base = tree("", "");
  const ours = tree(top, "const start = 1");
  const theirs = tree(end, `input * ${functionsPerFile} `);
  const merged = new Map(
    [...ours].map(([path, text]) => [path, text.replace(end, `input * ${functionsPerFile} `)]),
  );
  const bytes = [...merged.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const judge = async (): Promise<void> => {
    const { blocking } = await checkTrees({ base, ours, theirs, merged });
    if (blocking.length > 0) throw new Error(blocking[0]?.message);
  };
  await judge();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await timed(judge));
  return {
    name: "semantic gate, bytes of changed files",
    value: bytes / 1e6 / (median(times) / 1000),
    unit: "MB/s",
    runs: rounds,
    ratio_to: null,
    aim: null,
  };
}

function source(file: number): string {
  const functions = Array.from(
    { length: functionsPerFile },
    (_, n) =>
      `/** Step ${n}. */\nexport function step${n}(input: number, limit = ${n}): number {\n  const scaled = input * ${n} + limit;\n  return scaled > limit ? scaled : step${Math.max(0, n - 1)}(scaled, limit);\n}\n`,
  );
  return `const start = 0;\n\n${functions.join("\n")}\nexport const file = start + ${file};\n`;
}

export default benchmark;
