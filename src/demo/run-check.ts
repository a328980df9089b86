/** Checks the result of the demo's run against the expected phases, and explains it. Pure. */
import { samplePlan } from "./sample-project.ts";

const expected: Record<string, string> = {
  "functions/main.slugify": "landed",
  "functions/main.truncate": "landed",
  "functions/main.word-count": "landed",
  "functions/main.exports": "landed",
  "docs/main.usage": "failed",
};

/**
 * Checks the JSON document of `dgov run`. `text` is the explanation to print; `root` the sample
 * repository.
 */
export function checkDemoRun(
  document: Record<string, unknown>,
  root: string,
): { asExpected: boolean; text: string } {
  const units = (document["units"] ?? []) as { unit: string; phase: string; attempts: number }[];
  const phase = (unit: string): string => units.find((u) => u.unit === unit)?.phase ?? "missing";
  const retried = units.find((u) => u.unit === "functions/main.word-count")?.attempts === 2;
  const asExpected =
    retried && Object.entries(expected).every(([unit, wanted]) => phase(unit) === wanted);
  if (!asExpected) {
    const found = Object.keys(expected).map((unit) => `  ${unit}: ${phase(unit)}`);
    return { asExpected, text: `The demo failed; its units ended as:\n${found.join("\n")}` };
  }
  return {
    asExpected,
    text: `What happened:
  slugify and truncate ran in parallel; exports waited until both had landed.
  word-count reported that its tests pass, but they failed in the gate. The attempt was rejected, and the
  second attempt received the test output and fixed the code.
  usage edited package.json, which its task does not claim. Nothing of it landed; its work is kept.
Four of five units landed, each as exactly the tree that passed the tests.

Next commands:
  cd ${root}
  git log --stat
  dgov plan review ${samplePlan}
  dgov plan review ${samplePlan} --only usage
  dgov status`,
  };
}
