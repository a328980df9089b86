/** The states of a plan's units, as every command shows them. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { short, words } from "../../src/std/text.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

interface Shown {
  unit: string;
  state: string;
  phase: string | null;
  run: string | null;
  commit: string | null;
  at: string | null;
  attempts: number;
}

const json = async (p: TestProject, ...args: string[]) => {
  const { stdout } = await p.dgov([...args, "--json"]);
  return JSON.parse(stdout);
};

const one = (of: Shown): Shown => {
  const { unit, state, phase, run, commit, at, attempts } = of;
  return { unit, state, phase, run, commit, at, attempts };
};

/**
 * The state of each unit by its key, after a check that every command shows the same units with the same states,
 * counts, times, runs, commits and attempts, with `text` also that their texts have the same words.
 */
async function statesOf(p: TestProject, text = false): Promise<Record<string, string>> {
  const [status, list, plan, review] = await Promise.all([
    json(p, "status"),
    json(p, "plan", "list", "--all"),
    json(p, "plan", "status", "p"),
    json(p, "plan", "review", "p"),
  ]);
  const units: Shown[] = plan.units.map(one);
  const row = list.plans[0];
  const [shown] = status.runs;
  const ofStatus = shown.units.map((u: Shown & { attempt: number }) =>
    one({ ...u, attempts: u.attempt }),
  );
  expect(ofStatus).toEqual(units.map((u) => ({ ...u, phase: u.phase ?? "pending" })));
  expect(row.units).toEqual(units.map(({ unit, phase, state }) => ({ unit, phase, state })));
  for (const [at, of] of review.units.entries()) {
    const { unit, state, run, commit, attempts, at: time } = units[at] as Shown;
    expect([of.unit, of.state, of.run]).toEqual([unit, state, run]);
    expect([of.landed?.commit ?? null, of.attempts.length]).toEqual([commit, attempts]);
    if (of.landed !== null && state !== "undone") expect(of.landed.at).toBe(time);
  }
  const counts = [shown, row, plan, review].map(({ landed, total }) => [landed, total]);
  const finished = units.filter(({ state }) => /^(landed|done|already_satisfied)$/.test(state));
  expect(counts).toEqual(counts.map(() => [finished.length, units.length]));
  expect([status.landed, status.units]).toEqual([finished.length, units.length]);
  expect([row.status, shown.plan_status]).toEqual([plan.status, plan.status]);
  const texts = [
    ["status"],
    ["plan", "status", "p"],
    ["plan", "review", "p"],
    ...units.map(({ unit }) => ["explain", unit]),
  ];
  const printed = await Promise.all((text ? texts : []).map((args) => p.dgov(args)));
  for (const { unit, state } of text ? units : []) {
    const name = unit.replaceAll(/[/.]/g, "\\$&");
    const word = words(state);
    const [first, second, third, ...explained] = printed.map(({ stdout }) => stdout);
    expect(first).toMatch(new RegExp(`^ +${word} +${name}(  |$)`, "m"));
    expect(second).toMatch(new RegExp(`^ +${word} +${name}(  |$)`, "m"));
    expect(third).toMatch(new RegExp(`^${name}  ${word}(:|$)`, "m"));
    expect(explained.join("\n")).toMatch(new RegExp(`^${name} is ${word}( since |:|$)`, "m"));
  }
  const explained = await json(p, "explain", unit("a"));
  expect([explained.state, explained.run]).toEqual([units[0]?.state, units[0]?.run]);
  const newest = await json(p, "runs", "show", String(plan.run));
  const recorded: Shown[] = newest.units;
  for (const { unit, state } of recorded) {
    expect([unit, state]).toEqual([unit, units.find((u) => u.unit === unit)?.state ?? ""]);
  }
  return Object.fromEntries(units.map(({ unit, state }) => [unit.split(".")[1], state]));
}

const writes = (key: string, text: string) => ({
  unit: unit(key),
  turns: [call("write_file", { path: `${key}.txt`, content: `${text}\n` }), done("ok")],
});

describe("states", () => {
  test.concurrent("E17 E25 every command agrees on a plan that crashed, was continued, landed by hand, undone and reset", async () => {
    await using p = await testProject({
      tasks: {
        a: {},
        b: {},
        c: { depends_on: ["b"] },
        d: { depends_on: ["a"] },
        e: { depends_on: ["d"] },
      },
      plan: { max_retries: 0 },
      config: { project: { test_cmd: "! grep -q wrong *.txt" }, run: { jobs: 1 } },
      script: {
        rules: [writes("a", "a"), writes("b", "wrong"), writes("d", "d"), writes("e", "e")],
      },
    });
    const runs = (): string[] => [...new Set(p.events().map(({ run }) => run))];
    const review = async (...args: string[]) => await p.dgov(["plan", "review", "p", ...args]);

    expect((await p.dgov(["run", "p"], { DGOV_FAULT: "land.prepared@2" })).exitCode).not.toBe(0);
    const crashed = { a: "landed", b: "failed", c: "skipped", d: "interrupted", e: "not_started" };
    expect(await statesOf(p, true)).toEqual(crashed);
    const first = String(runs()[0]);
    for (const args of [["status"], ["plan", "list"], ["runs", "list"], ["runs", "show", first]]) {
      const { stdout } = await p.dgov(args);
      expect(stdout).toMatch(/1\/5|1 landed/);
      expect(stdout).not.toContain("nothing landed");
    }

    expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(1);
    const continued = { ...crashed, d: "landed", e: "landed" };
    expect(await statesOf(p)).toEqual(continued);

    const taken = (await p.dgov(["take", "b", "--json"])).stdout;
    writeFileSync(join(String(JSON.parse(taken).path), "b.txt"), "by hand\n");
    expect((await p.dgov(["land", "b"])).exitCode).toBe(0);
    expect(await statesOf(p, true)).toEqual({ ...continued, b: "landed", c: "not_started" });
    const status = await json(p, "status");
    expect(status.summary).toBe("needs attention: p: last run complete: 4/5 landed, 1 not started");

    // Each unit has the run, commit, attempts, gates and tokens of the run that landed it.
    const [, second, third] = runs();
    const found = await json(p, "plan", "review", "p");
    const details = found.units.map((u: Shown & { attempts: { gates: object[] }[] }) => [
      u.unit.split(".")[1],
      u.run,
      u.attempts.flatMap((attempt) => attempt.gates).length > 0,
    ]);
    expect(details).toEqual([
      ["a", first, true],
      ["b", third, true],
      ["c", second, false],
      ["d", second, true],
      ["e", second, true],
    ]);
    expect(found.units[0].spending.turns).toBe(2);
    const commit = String(found.units[0].landed.commit);
    expect(await p.repo.git("log", "-1", "--format=%H", "--", "a.txt")).toBe(commit);
    expect((await review()).stdout).toMatch(
      new RegExp(`landed ${short(commit)} at .* in run ${first}: 1 file`),
    );
    expect((await review("--diff", "a")).stdout).toContain("+++ b/a.txt");
    expect((await review("--events", "a")).stdout).toContain("landing.finished");

    // A run as it left its units, by a part of its id.
    const older = await json(p, "plan", "review", "p", "--run", String(second).slice(-4));
    const left = older.units.map((u: Shown) => [u.unit.split(".")[1], u.state]);
    expect(older.run).toBe(second);
    expect(Object.fromEntries(left)).toEqual(continued);
    expect((await review("--run", first, "--diff", "b")).stdout).toContain("+wrong");
    const unknown = await review("--run", "nope");
    expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringContaining("no run nope")]);
    for (const run of runs()) expect(unknown.stderr).toContain(run);
    expect((await review("--run", first.slice(0, 8))).stderr).toContain("matches");

    expect((await p.dgov(["undo", "e"])).exitCode).toBe(0);
    const undone = { a: "landed", b: "landed", c: "not_started", d: "landed", e: "undone" };
    expect(await statesOf(p, true)).toEqual(undone);

    // Below the undo and the commit of b: e is on the branch again.
    const base = await p.repo.git("log", "-1", "--format=%H^", "--", "b.txt");
    await p.repo.git("reset", "-q", "--hard", base);
    expect(await statesOf(p)).toEqual({ ...undone, b: "undone", e: "landed" });
    const { stdout } = await p.dgov(["plan", "status", "p"]);
    expect(stdout).toMatch(
      new RegExp(`landed in run ${third} as \\w{10}, which is not on main any more`),
    );
  });

  test.concurrent("E17 E25 a restart that finds the work done, and an interrupt, are shown alike", async () => {
    const asked = Promise.withResolvers<void>();
    await using p = await testProject({
      tasks: { a: { files: ["a.txt"] }, b: { depends_on: ["a"] }, c: { depends_on: ["b"] } },
      script: {
        rules: [
          writes("a", "a"),
          {
            unit: unit("b"),
            turns: [
              {
                ...done("never"),
                until: () => {
                  asked.resolve();
                  return new Promise(() => {});
                },
              },
            ],
          },
        ],
      },
    });
    const child = p.spawn(["run", "p"]);
    await asked.promise;
    const live = { a: "landed", b: "working", c: "waiting" };
    const working = await json(p, "plan", "status", "p");
    const states = working.units.map((u: Shown) => [u.unit.split(".")[1], u.state]);
    expect(Object.fromEntries(states)).toEqual(live);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    const stopped = { a: "landed", b: "interrupted", c: "not_started" };
    expect(await statesOf(p)).toEqual(stopped);
    expect((await json(p, "plan", "list")).plans[0].status).toBe("partial");
    expect((await json(p, "status")).summary).toContain("1/3 landed, 1 interrupted, 1 not started");

    const first = String((await json(p, "status")).runs[0].run);
    expect((await p.dgov(["run", "p", "--only", "a", "--restart"])).exitCode).toBe(0);
    expect(await statesOf(p)).toEqual({ ...stopped, a: "already_satisfied" });
    const [a] = (await json(p, "plan", "review", "p")).units;
    expect([a.run, a.attempts.length]).toEqual([first, 1]);
    expect((await p.dgov(["plan", "review", "p", "--diff", "a"])).stdout).toContain("+a");
  });
});
