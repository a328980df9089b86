/** `dgov plan remediate`: problems of the last run become a plan that compiles and runs. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { openEventLog } from "../../src/log/event-log.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { RunLog } from "../harness/run-log.ts";

const check = "#!/bin/sh\n[ -e good.txt ] || { echo good.txt is missing; exit 1; }\n";
const repair = "fix/main.repair";

/** A project whose tests fail until good.txt exists. */
function redProject(): Promise<TestProject> {
  const writes = (of: string, path: string) => ({
    unit: of,
    turns: [call("write_file", { path, content: "x\n" }), done("ok")],
  });
  return testProject({
    files: { "check.sh": check },
    tasks: { a: {} },
    plan: { max_retries: 0 },
    config: { project: { test_cmd: "sh check.sh" } },
    script: { rules: [writes(unit("a"), "a.txt"), writes(repair, "good.txt")] },
  });
}

function plans(p: TestProject): string[] {
  return readdirSync(join(p.root, ".dgov/plans")).sort();
}

async function remediate(p: TestProject, ...args: string[]): Promise<Record<string, unknown>> {
  const run = await p.dgov(["plan", "remediate", "--json", ...args]);
  return { ...JSON.parse(run.stdout), exitCode: run.exitCode };
}

describe("plan remediate", () => {
  test.concurrent("plan remediate turns a failing base into a compiled plan with the gate and its output", async () => {
    await using p = await redProject();
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    const answer = await remediate(p, "p");
    expect(answer).toMatchObject({
      schema: "dgov.plan-remediate/1",
      name: "p-remediation",
      path: ".dgov/plans/p-remediation",
      of: "p",
      degraded: false,
      units: [{ unit: repair, summary: "Make the gates pass again" }],
      exitCode: 0,
    });
    expect(String(answer["red"])).toStartWith("tests: ");
    expect(existsSync(join(p.root, ".dgov/plans/p-remediation/_compiled.toml"))).toBe(true);
    const shown = await p.dgov(["compile", "p-remediation", "--dry-run", "--show", "repair"]);
    expect(shown.stdout).toContain("good.txt is missing");
    expect((await p.dgov(["run", "p-remediation"])).exitCode).toBe(0);
    expect(await p.landed()).toEqual([repair]);
    expect(await remediate(p, "p")).toMatchObject({ name: "p-remediation-2" });
    expect(await remediate(p, "p", "--name", "p-remediation")).toMatchObject({
      code: "REFUSED",
      message: "the name p-remediation is or was in use",
      exitCode: 1,
    });
  });

  test.concurrent("plan remediate turns a degraded structure into one unit per offender", async () => {
    await using p = await redProject();
    const offender = { kind: "large_file", path: "readme.txt", name: "", value: 600, limit: 500 };
    {
      using log = openEventLog(p.root);
      log.append(
        new RunLog({ units: [{ unit: unit("a") }] }).lands(unit("a")).finished("complete", {
          after: "b".repeat(40),
          degraded: true,
          structural: { offenders: [offender] },
        }).news,
      );
    }
    expect(await remediate(p, "p", "--name", "repair")).toMatchObject({
      name: "repair",
      degraded: true,
      red: "",
      units: [
        {
          unit: "fix/main.readme-txt",
          summary: "Bring readme.txt within the structural limits",
        },
      ],
      exitCode: 0,
    });
  });

  test.concurrent("plan remediate without a problem, without a run, or with a bad name writes nothing", async () => {
    await using p = await redProject();
    const before = plans(p);
    expect(await remediate(p, "p")).toMatchObject({ code: "NOT_FOUND", exitCode: 1 });
    expect(existsSync(join(p.root, ".dgov/state.db"))).toBe(false);
    p.repo.write("good.txt", "");
    await p.repo.git("add", "good.txt");
    await p.repo.git("commit", "-q", "-m", "good");
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(await remediate(p, "p")).toMatchObject({
      code: "REFUSED",
      message: "the last run of p left nothing to fix",
    });
    expect(await remediate(p, "pp")).toMatchObject({ code: "NOT_FOUND", exitCode: 1 });
    expect(await remediate(p, "p", "--name", "../x")).toMatchObject({ code: "USAGE", exitCode: 2 });
    expect(plans(p)).toEqual(["archive", "deployed.jsonl"]);
    expect(before).toEqual(["p"]);
  });
});
