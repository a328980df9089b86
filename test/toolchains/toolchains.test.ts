/**
 * Gates with real toolchains: a good change lands, a bad one is rejected by the expected gate with the
 * expected lines, diagnostics of the base are not charged, and a failing base is reported.
 *
 * `test/toolchains/install.sh DIR` installs the tools, and `DGOV_TOOLCHAINS=DIR` names their folder;
 * without it the suite is skipped.
 */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { scaled } from "../harness/limits.ts";
import { type TaskSpec, type TestProject, testProject, unit } from "../harness/project.ts";
import { goTools } from "./go.ts";
import { pythonTools } from "./python.ts";
import { rustTools } from "./rust.ts";
import { installed, type Toolchain } from "./toolchain.ts";
import { typescriptTools } from "./typescript.ts";

const toolchains = [pythonTools, typescriptTools, rustTools, goTools];

/** A project whose tasks write these files. */
function projectFor(
  { project, env }: Toolchain,
  files: Record<string, string>,
  writes: Record<string, { path: string; content: string }[]>,
): Promise<TestProject> {
  const tasks = Object.entries(writes).map(([key, all]): [string, TaskSpec] => [
    key,
    { files: all.map(({ path }) => path) },
  ]);
  const rules = Object.entries(writes).map(([key, all]) => ({
    unit: unit(key),
    turns: [...all.map(({ path, content }) => call("write_file", { path, content })), done("ok")],
  }));
  return testProject({
    files,
    tasks: Object.fromEntries(tasks),
    plan: { max_retries: 0 },
    config: { project, run: { env, jobs: 2 } },
    script: { rules },
    env: homes(),
  });
}

/** Folders in the user's HOME that the toolchains need; the test's own HOME is empty. */
function homes(): Record<string, string> {
  const home = process.env["HOME"] ?? "/root";
  return {
    CARGO_HOME: process.env["CARGO_HOME"] ?? join(home, ".cargo"),
    RUSTUP_HOME: process.env["RUSTUP_HOME"] ?? join(home, ".rustup"),
    GOCACHE: join(installed ?? "", "go-cache"),
    GOFLAGS: "-mod=mod",
  };
}

interface ReportedDiagnostic {
  file: string;
  line: number | null;
  code: string;
}

/** `file:line code` of each diagnostic of the gates that failed for a unit, or the gate's reason. */
function failures(p: TestProject, key: string): Record<string, string[]> {
  const results: Record<string, string[]> = {};
  for (const { type, unit: of, data } of p.events()) {
    if (type !== "gate.finished" || of !== unit(key)) continue;
    if (data["status"] !== "failed" && data["status"] !== "errored") continue;
    // The failure of a candidate that it stood on, which depends on the order in which workers end.
    if (data["blame"] === "other_base") continue;
    const found = data["diagnostics"] as ReportedDiagnostic[];
    const lines = found.map(({ file, line, code }) => `${file}:${line} ${code}`);
    results[`${data["gate"]}`] = lines.length > 0 ? lines : [`${data["reason"]}`];
  }
  return results;
}

describe.skipIf(installed === undefined)("toolchains (skipped without DGOV_TOOLCHAINS)", () => {
  for (const toolchain of toolchains) {
    const { name, files, legacy, good, bad, red } = toolchain;

    test(
      `${name}: a good change lands, and each bad one is rejected by its gate with its lines`,
      async () => {
        // One more line in a file with diagnostics of the base: none of them is new.
        const old = { path: legacy, content: `${files[legacy]}\n` };
        const changes = Object.entries(bad).map(([gate, change]) => [`${gate}`, [change]] as const);
        const writes = { good: [good, old], ...Object.fromEntries(changes) };
        await using p = await projectFor(toolchain, files, writes);
        if ("coverage_cmd" in toolchain.project) {
          const saved = await p.dgov(["coverage-baseline"]);
          expect([saved.exitCode, saved.stderr]).toEqual([0, expect.any(String)]);
        }
        const run = await p.dgov(["run", "p"]);
        expect([run.exitCode, run.stderr]).toEqual([1, expect.any(String)]);
        const actual = ["good", ...Object.keys(bad)].map((key) => [key, failures(p, key)]);
        const expected = Object.entries({ good, ...bad }).map(([key, { verdict }]) => [
          key,
          Object.fromEntries(
            Object.entries(verdict).map(([gate, lines]) => [
              gate,
              lines.map((l) => (typeof l === "string" ? l : expect.stringMatching(l))),
            ]),
          ),
        ]);
        expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(expected));
        expect(await p.landed()).toEqual([unit("good")]);
      },
      scaled(240_000),
    );

    test(
      `${name}: tests that fail on the base are reported and not charged`,
      async () => {
        await using p = await projectFor(
          toolchain,
          { ...files, [red.path]: red.content },
          {
            good: [good],
          },
        );
        const run = await p.dgov(["run", "p"]);
        expect(run.exitCode).toBe(1);
        expect(run.stderr).toMatch(/the base is red: tests fails before any change/);
        expect(run.stderr).toMatch(red.test);
        expect(failures(p, "good")).toEqual({ tests: [expect.stringContaining("base is red")] });
      },
      scaled(240_000),
    );
  }
});
