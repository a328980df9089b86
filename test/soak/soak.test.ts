/** The soak itself, against a program with planted defects. */
import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dgovCommand } from "../harness/bin.ts";
import { scaled } from "../harness/limits.ts";
import type { Result } from "./summary.ts";

/** A schedule of two units, in which the operator adds a file. */
const small = { seed: "1", only: "334" };

/** The result of that schedule with a program. */
async function soak(program: string): Promise<Result> {
  const main = join(import.meta.dir, "main.ts");
  const args = ["--seed", small.seed, "--only", small.only, "--json"];
  const child = Bun.spawn([process.execPath, main, ...args], {
    env: { ...process.env, DGOV_BIN: program },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [text] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  const result = JSON.parse(text) as Result;
  if (result.kept !== null) rmSync(result.kept, { recursive: true, force: true });
  return result;
}

/** A program that runs dgov, then does what dgov must not do, and ends as dgov did. */
function defective(folder: string, defect: string): string {
  const path = join(folder, "dgov");
  const words = dgovCommand().map((word) => `'${word}'`);
  const run = `${words.join(" ")} "$@"`;
  const script = defect === "" ? `exec ${run}` : `${run}\ncode=$?\n${defect}\nexit $code`;
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Each defect takes place at the end of the run that completes the plan. */
const defects = `if [ "$1" = run ] && [ $code = 0 ]; then
  git for-each-ref --format='delete %(refname)' --count=1 refs/dgov/keep | git update-ref --stdin
  echo landed > ungated.txt; git add ungated.txt
  git commit -q -m 'feat: more' -m 'Dgov-Plan: p
Dgov-Unit: tasks/main.a
Dgov-Digest: 1
Dgov-Run: none'
  touch .git/index.lock
  sleep 100 > /dev/null 2>&1 &
fi`;

test(
  "a dropped keep-ref, an ungated landing, a left lock and a left process are found, and nothing in dgov itself",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "dgov-soak-test-"));
    try {
      const healthy = defective(folder, "");
      expect((await soak(healthy)).violations).toEqual([]);
      const found = await soak(defective(folder, defects));
      const rules = new Set(found.violations.map((v) => v.rule));
      for (const rule of ["lost_work", "ungated_landing", "left_lock", "left_process"]) {
        expect(rules).toContain(rule);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  scaled(240_000),
);
