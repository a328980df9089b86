/** Failures of the machine (git, disk, permissions) during a run: they are told apart from failures of the work. */
import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit, untilEvent } from "../harness/project.ts";

const write = (path: string): ModelTurn => call("write_file", { path, content: `${path}\n` });

/** PATH with a git that fails the first `times` calls whose arguments contain a text. */
function faultyGit(p: TestProject, text: string, times: number): Record<string, string> {
  const bin = join(p.repo.root, "bin");
  mkdirSync(bin, { recursive: true });
  const path = p.env["PATH"] ?? "";
  const slots = Array.from({ length: times }, (_, n) => `'${join(bin, `failed-${n}`)}'`);
  const script = `#!/bin/sh
case "$*" in *'${text}'*)
  for slot in ${slots.join(" ")}; do
    if mkdir "$slot" 2>/dev/null; then echo 'fatal: injected' >&2; exit 128; fi
  done;;
esac
PATH='${path}' exec git "$@"
`;
  writeFileSync(join(bin, "git"), script, { mode: 0o755 });
  return { PATH: `${bin}:${path}` };
}

test.concurrent("B17 a candidate that git cannot build twice is a failure of the machine, not a conflict", async () => {
  const p: TestProject = await testProject({
    tasks: { a: {}, b: {} },
    script: {
      rules: [
        { unit: unit("a"), turns: [write("a.txt"), done("ok")] },
        {
          unit: unit("b"),
          turns: [
            { ...write("b.txt"), until: () => untilEvent(p, "attempt.rejected") },
            done("ok"),
          ],
        },
      ],
    },
  });
  await using _ = p;
  const env = faultyGit(p, "update-ref --no-deref refs/dgov/candidate/", 2);
  const run = await p.dgov(["run", "p"], env);
  expect({ code: run.exitCode, text: run.stderr }).toMatchObject({ code: 1 });
  expect(await p.landed()).toEqual([unit("b")]);
  expect(p.events().filter(({ type }) => type === "candidate.conflicted")).toEqual([]);
  const rejected = p.events().filter(({ type }) => type === "attempt.rejected");
  expect(rejected.map(({ unit: of, data }) => [of, data["verdict"]])).toEqual([
    [unit("a"), "errored"],
  ]);
  expect(String(rejected[0]?.data["reason"])).toContain("the candidate could not be built: git");
  const diagnosed = JSON.parse((await p.dgov(["diagnose", "--json"])).stdout) as {
    findings: Record<string, unknown>[];
  };
  expect(diagnosed.findings.map((one) => [one["name"], one["intent_class"]])).toEqual([
    ["errored", "environment"],
  ]);
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  expect((await p.landed()).sort()).toEqual([unit("a"), unit("b")]);
});
