/** What the demo's run came to, in words, and whether it is what the demo is meant to show. Pure. */
import { samplePlan } from "./sample-project.ts";

const expected: Record<string, string> = {
  "functions/main.slugify": "landed",
  "functions/main.truncate": "landed",
  "functions/main.word-count": "landed",
  "functions/main.exports": "landed",
  "docs/main.usage": "failed",
};

/** Reads the document of `dgov run`. */
export function checkDemoRun(
  document: Record<string, unknown>,
  root: string,
): { asExpected: boolean; text: string } {
  const units = (document["units"] ?? []) as { unit: string; phase: string; attempts: number }[];
  const phase = (unit: string): string => units.find((u) => u.unit === unit)?.phase ?? "missing";
  const repaired = units.find((u) => u.unit === "functions/main.word-count")?.attempts === 2;
  const asExpected =
    repaired && Object.entries(expected).every(([unit, wanted]) => phase(unit) === wanted);
  if (!asExpected) {
    const found = Object.keys(expected).map((unit) => `  ${unit}: ${phase(unit)}`);
    return { asExpected, text: `The demo did not go as it should:\n${found.join("\n")}` };
  }
  return {
    asExpected,
    text: `What happened:
  slugify and truncate ran side by side; exports waited until both had landed.
  word-count said its tests pass. They did not: the gate ran them, the attempt was rejected with the
  test's own output, and the second attempt, told so, repaired it.
  usage edited package.json, which it had not claimed. Nothing of it landed; its work is kept.
Four of five units landed, each as the exact tree that passed the tests.

Look at it:
  cd ${root}
  git log --stat
  dgov plan review ${samplePlan}
  dgov plan review ${samplePlan} --only usage
  dgov status`,
  };
}
