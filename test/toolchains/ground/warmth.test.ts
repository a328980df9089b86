/**
 * Dependencies of real projects, counted over a plan of six units, from the check of the base to the last landing:
 * external crates and packages are compiled once for each command, packages are installed once, and a candidate
 * builds what its change reaches.
 *
 * `test/toolchains/install.sh DIR` installs the tools, and `DGOV_TOOLCHAINS=DIR` names their folder; without it the
 * suite is skipped. `DGOV_TEST_LONG` chooses the large projects.
 */
import { describe, expect, test } from "bun:test";
import { scaled } from "../../harness/limits.ts";
import { type TestProject, unit } from "../../harness/project.ts";
import { installed } from "../toolchain.ts";
import { type CorpusSize, missingPrograms } from "./corpus.ts";
import { corpora } from "./index.ts";
import { candidateChanges, gateOutput, groundProject, installsIn, repeatedIn } from "./run.ts";

const size: CorpusSize = process.env["DGOV_TEST_LONG"] === undefined ? "small" : "large";

/** Crates that cargo named in its output. */
function builtCrates(output: string): string[] {
  const lines = output.matchAll(/^ *(?:Checking|Compiling) (\S+) v/gm);
  return [...new Set([...lines].map(([, name = ""]) => name))].toSorted();
}

async function landsAll(p: TestProject, keys: readonly string[]): Promise<void> {
  const run = await p.dgov(["run", "p"]);
  expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
  expect((await p.landed()).toSorted()).toEqual(keys.map(unit).toSorted());
}

describe.skipIf(installed === undefined)("warmth (skipped without DGOV_TOOLCHAINS)", () => {
  for (const make of corpora) {
    const corpus = make(size);
    const lacking = missingPrograms(corpus);
    const skipped = lacking.length === 0 ? "" : ` (skipped without ${lacking.join(", ")})`;

    test.skipIf(lacking.length > 0)(
      `F3, F4 ${corpus.name}: six units install each package once, compile each dependency once and build what they reach${skipped}`,
      async () => {
        await using ground = await groundProject(corpus);
        const { project: p } = ground;
        await landsAll(p, Object.keys(corpus.units));
        const counts = await ground.counts();
        expect(repeatedIn(counts, corpus)).toEqual([]);
        const external = new Set(
          counts.flatMap(({ subject, variant }) =>
            variant === "" || corpus.localName(subject) !== null ? [] : subject,
          ),
        );
        expect(external.size).toBeGreaterThanOrEqual(corpus.externalCrates);
        const installs = installsIn(counts);
        expect(installs).toHaveLength(corpus.packages === 0 ? 0 : 1);
        if (installs.length > 0) expect(installs[0]).toBeGreaterThanOrEqual(corpus.packages);
        if (corpus.externalCrates === 0) return;
        for (const key of Object.keys(corpus.units)) {
          const changed = await candidateChanges(p, key);
          const reached = changed
            .flatMap((path) => corpus.reach(path))
            .map((name) => `ground-${name}`);
          const built = builtCrates(gateOutput(p, key));
          expect([key, built.filter((name) => !reached.includes(name))]).toEqual([key, []]);
        }
      },
      scaled(size === "small" ? 240_000 : 900_000),
    );
  }
});
