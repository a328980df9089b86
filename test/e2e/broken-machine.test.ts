/** Failures of the machine (git, disk, permissions) during a run: they are told apart from failures of the work. */
import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit, untilEvent } from "../harness/project.ts";
import { smallCache, unprivileged } from "../harness/unprivileged.ts";

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

const shell = (command: string): ModelTurn => call("run_bash", { command });

/** Shell text that sets `C` to the folder of all runs, gate trees and caches. */
const cache = 'C="$PWD"; while [ "$(basename "$C")" != dgov ]; do C=$(dirname "$C"); done';

describe.skipIf(unprivileged === null)(
  "B17 with file modes that count (needs setpriv for root)",
  () => {
    /** A run in which unit `a` executes a command in its first conversation, before unit `b` writes its file. */
    async function runWith(command: string): Promise<void> {
      const p: TestProject = await testProject({
        tasks: { a: {}, b: {} },
        plan: { max_retries: 0 },
        prefix: unprivileged ?? [],
        script: {
          rules: [
            { unit: unit("a"), attempt: 1, turns: [write("a.txt"), shell(command), done("ok")] },
            { unit: unit("a"), turns: [write("a.txt"), done("ok")] },
            {
              unit: unit("b"),
              turns: [
                { ...write("b.txt"), until: () => untilEvent(p, "worker.exited", unit("a")) },
                done("ok"),
              ],
            },
          ],
        },
      });
      await using _ = p;
      const run = await p.dgov(["run", "p"]);
      expect({ code: run.exitCode, text: run.stderr }).not.toMatchObject({ code: 70 });
      expect(await p.landed()).toContain(unit("b"));
      if (run.exitCode !== 0) {
        const next = await p.dgov(["run", "p", "--continue"]);
        expect({ code: next.exitCode, text: next.stderr }).toMatchObject({ code: 0 });
      }
      expect((await p.landed()).sort()).toEqual([unit("a"), unit("b")]);
      expect((await p.repo.git("worktree", "list")).split("\n")).toHaveLength(1);
    }

    test.concurrent.each<[string, string]>([
      ["makes its worktree unreadable", 'chmod 000 "$PWD"'],
      ["makes its worktree read-only", 'chmod 555 "$PWD"'],
      ["makes the folder of its attempt unreadable", 'chmod 000 "$(dirname "$PWD")"'],
      ["makes the folder of its run unreadable", 'chmod 000 "$(dirname "$(dirname "$PWD")")"'],
      ["makes its git folder unreadable", 'chmod 000 "$(git rev-parse --git-dir)"'],
      [
        "makes every folder above the worktrees read-only",
        `${cache}; find "$C" -name tree -prune -o -type d -exec chmod 555 {} +`,
      ],
      ["makes the cache unreadable", `${cache}; chmod 000 "$C"`],
      ["removes the cache", `${cache}; cd /; rm -rf "$C"`],
    ])("a worker that %s costs attempts, not the run", async (_, command) => runWith(command));
  },
);

test.skipIf(process.getuid?.() !== 0 || unprivileged === null)(
  "B17 B18 files of another user in a gate tree are a warning, until they can be removed (needs root and setpriv)",
  async () => {
    const wait = 'mv "$HOME/new" "$HOME/mark"; while [ ! -e "$HOME/go" ]; do sleep 0.05; done';
    const p = await testProject({
      tasks: { a: {}, b: { depends_on: ["a"] } },
      plan: { max_retries: 0 },
      prefix: unprivileged ?? [],
      config: {
        project: {
          test_cmd: `if [ -e a.txt ] && [ ! -e "$HOME/go" ]; then mkdir out; echo x > out/f; pwd > "$HOME/new"; ${wait}; fi`,
        },
      },
      script: {
        rules: ["a", "b"].map((key) => ({
          unit: unit(key),
          turns: [write(`${key}.txt`), done("ok")],
        })),
      },
    });
    await using _ = p;
    const home = p.env["HOME"] ?? "";
    const running = p.dgov(["run", "p"]);
    while (!existsSync(join(home, "mark"))) await Bun.sleep(10);
    const out = join(readFileSync(join(home, "mark"), "utf8").trim(), "out");
    chmodSync(out, 0o700);
    chownSync(out, 65534, 65534);
    writeFileSync(join(home, "go"), "");
    const run = await running;
    expect({ code: run.exitCode, text: run.stdout + run.stderr }).toMatchObject({ code: 0 });
    expect(await p.landed()).toEqual([unit("a"), unit("b")]);
    const aside = /warning: not removed: (\S+\.left-[0-9a-f]+): /.exec(run.stdout)?.[1] ?? "";
    expect(existsSync(join(aside, "out"))).toBe(true);
    expect((await p.dgov(["clean"])).stdout).toContain("slots");
    chownSync(join(aside, "out"), 0, 0);
    const again = await p.dgov(["run", "p", "--restart"]);
    expect({ code: again.exitCode, text: again.stdout }).toMatchObject({ code: 0 });
    expect(existsSync(aside)).toBe(false);
  },
);

describe.skipIf(smallCache === null)("B17 a full disk (needs mount namespaces)", () => {
  /** Shell text that writes a file until the disk is full. */
  const fill = (path: string): string => `cat /dev/zero > "${path}" 2>/dev/null; true`;

  async function project(worker: ModelTurn[], testCommand: string): Promise<TestProject> {
    let conversations = 0;
    const p: TestProject = await testProject({
      tasks: { a: {}, b: {} },
      plan: { max_retries: 0 },
      prefix: smallCache ?? [],
      config: { project: { test_cmd: testCommand } },
      script: {
        rules: [
          {
            unit: unit("a"),
            when: ({ turn }) => (turn === 1 ? conversations++ === 0 : conversations === 1),
            turns: [write("a.txt"), ...worker, done("ok")],
          },
          { unit: unit("a"), turns: [write("a.txt"), shell("rm -f big"), done("ok")] },
          {
            unit: unit("b"),
            turns: [
              write("b.txt"),
              { ...done("ok"), until: () => untilEvent(p, "worker.exited", unit("a")) },
            ],
          },
        ],
      },
    });
    return p;
  }

  test.concurrent.each<[string, ModelTurn[], string]>([
    ["in a worktree", [shell(fill("big"))], "true"],
    ["in the cache", [shell(`${cache}; ${fill("$C/big")}`)], "true"],
    ["in a gate tree", [], `if [ -e a.txt ]; then ${fill("big")}; fi`],
    ["in a temporary folder", [], `if [ -e a.txt ]; then ${fill("$TMPDIR/big")}; fi`],
  ])("%s costs attempts, and the next run lands everything", async (_, worker, testCommand) => {
    await using p = await project(worker, testCommand);
    const run = await p.dgov(["run", "p"]);
    expect([0, 1, 4]).toContain(run.exitCode);
    expect(p.events().at(-1)?.type).toBe("run.finished");
    for (let tries = 0; tries < 2 && (await p.landed()).length < 2; tries++) {
      const next = await p.dgov(["run", "p", "--continue"]);
      expect({ code: next.exitCode, text: next.stderr }).not.toMatchObject({ code: 70 });
    }
    expect((await p.landed()).sort()).toEqual([unit("a"), unit("b")]);
  });
});
