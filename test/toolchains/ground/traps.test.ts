/**
 * The traps of warm trees with real tools: caches that claim that old code is current, tests that change what later
 * candidates are judged with, dependencies that are there although nothing declares them.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { scaled } from "../../harness/limits.ts";
import { unit } from "../../harness/project.ts";
import { installed } from "../toolchain.ts";
import { missingPrograms } from "./corpus.ts";
import { corpora } from "./index.ts";
import { failedGates, type GroundProject, groundProject } from "./run.ts";

/** Expectations by the name of a trap. */
const expectations: Record<string, string> = {
  old_times: "wrong code of equal length with an old time fails its tests",
  old_times_of_types: "a wrong type of equal length with an old time is found",
  patches: "a passing test that patches a dependency in place lands",
  after_patch: "the next candidate is judged without that patch, and lands",
  wrong_after_patch: "wrong code after the patch fails",
  dropped: "a dependency dropped from the manifest cannot be imported",
  adds_and_fails: "a candidate that adds a dependency gets it, and fails by its own test",
  undeclared: "that dependency reaches no later candidate",
};

for (const make of corpora) {
  const corpus = make("small");
  const lacking = missingPrograms(corpus);
  const reason = installed === undefined ? "DGOV_TOOLCHAINS" : lacking.join(", ");

  describe.skipIf(reason !== "")(
    `F12 ${corpus.name}${reason && ` (skipped without ${reason})`}`,
    () => {
      let ground: GroundProject;
      let landed: string[];

      beforeAll(async () => {
        ground = await groundProject(corpus, { traps: true });
        for (const plan of ground.plans) {
          const run = await ground.project.dgov(["run", plan]);
          if (![0, 1].includes(run.exitCode)) throw new Error(run.stdout + run.stderr);
        }
        landed = await ground.project.landed();
      }, scaled(400_000));

      afterAll(async () => ground?.[Symbol.asyncDispose]());

      test.each(
        Object.entries(corpus.traps).map(([key, { failing }]) => ({
          key,
          failing,
          name: expectations[key] ?? key,
        })),
      )("F12 $name", ({ key, failing }) => {
        expect(failedGates(ground.project, key).toSorted()).toEqual(failing.toSorted());
        expect(landed.includes(unit(key))).toBe(failing.length === 0);
      });
    },
  );
}
