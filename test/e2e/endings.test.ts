/** Failures after the last landing: the units stay landed, the exit code says 4, and the next run completes the rest. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit, untilEvent } from "../harness/project.ts";

/** A worker that writes `a.txt`; `act` runs before it says that it is done. */
function writesA(act: () => void = () => {}): ModelScript {
  const turn = call("write_file", { path: "a.txt", content: "a\n" });
  const last = (): ReturnType<typeof done> => {
    act();
    return done("ok");
  };
  return { rules: [{ unit: unit("a"), turns: [turn, last] }] };
}

/** Variables with a `git` that first does `act` for commands with this text once unit `a` has landed. */
function gitAfterLanding(p: TestProject, text: string, act: string): Record<string, string> {
  const bin = join(p.repo.root, "bin");
  mkdirSync(bin, { recursive: true });
  const path = p.env["PATH"] ?? process.env["PATH"] ?? "";
  writeFileSync(
    join(bin, "git"),
    `#!/bin/sh
if [ ! -e '${p.repo.root}/repaired' ] && grep -q -s '"to":"landed"' '${p.root}'/.dgov/state.db*; then
  case "$*" in *${text}*) ${act};; esac
fi
PATH='${path}' exec git "$@"
`,
  );
  chmodSync(join(bin, "git"), 0o755);
  return { PATH: `${bin}:${path}` };
}

/** Expects that the unit is landed in every view although the run ended with a problem. */
async function expectLanded(p: TestProject): Promise<void> {
  expect(await p.landed()).toEqual([unit("a")]);
  const finished = p.events().filter(({ type }) => type === "run.finished");
  expect(finished.map(({ data }) => data["exit_code"])).toEqual([4]);
  const status = JSON.parse((await p.dgov(["status", "--json"])).stdout);
  expect(status.runs[0].units[0].phase).toBe("landed");
  const review = await p.dgov(["plan", "review", "p"]);
  expect(review.exitCode).toBe(0);
  expect(review.stdout).toContain("landed");
}

/** Runs the plan again and expects the complete bookkeeping. */
async function expectRepaired(p: TestProject, env: Record<string, string> = {}): Promise<void> {
  writeFileSync(join(p.repo.root, "repaired"), "");
  const again = await p.dgov(["run", "p"], env);
  expect({ code: again.exitCode, out: again.stdout + again.stderr }).toMatchObject({ code: 0 });
  expect(await p.repo.git("ls-files", ".dgov/plans")).toContain(".dgov/plans/archive/p/_root.toml");
  expect(await p.repo.git("show", "HEAD:.dgov/plans/deployed.jsonl")).toContain(unit("a"));
  expect(await p.repo.git("status", "--porcelain")).toBe("");
}

describe("B18 after the last landing", () => {
  const cases: [name: string, text: string][] = [
    ["bookkeeping", "read-tree"],
    ["every git command", ""],
  ];
  for (const [name, text] of cases) {
    test.concurrent(`a failure of ${name} leaves units landed, exits 4, and the next run repairs it`, async () => {
      await using p = await testProject({ tasks: { a: {} }, script: writesA() });
      const env = gitAfterLanding(p, text, 'echo "fatal: no $1" >&2; exit 128');
      const run = await p.dgov(["run", "p"], env);
      expect({ code: run.exitCode, out: run.stdout + run.stderr }).toMatchObject({ code: 4 });
      expect(run.stdout).toContain("1 of 1 units landed");
      expect(run.stdout).toContain("error: ");
      await expectLanded(p);
      await expectRepaired(p, env);
    });
  }

  test.concurrent("a failing removal of refs is a warning, and the next run removes them", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writesA() });
    const fail = 'echo "fatal: no $1" >&2; exit 128';
    const env = gitAfterLanding(p, "refs/dgov/candidate/", fail);
    const run = await p.dgov(["run", "p"], env);
    expect({ code: run.exitCode, out: run.stdout + run.stderr }).toMatchObject({ code: 0 });
    expect(run.stdout).toContain("warning: refs of candidates were not removed: ");
    expect(p.events().at(-1)?.data).toMatchObject({ exit_code: 0, problems: [] });
    const refs = (): Promise<string> => p.repo.git("for-each-ref", "refs/dgov/candidate");
    expect(await refs()).not.toBe("");
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(await refs()).toBe("");
  });

  test.concurrent("a worktree whose work was not kept stays, is a warning, and is removed once it is kept", async () => {
    const p: TestProject = await testProject({
      tasks: { a: {}, b: { depends_on: ["a"] } },
      config: { run: { crash_retries: 0 } },
      script: {
        rules: [
          ...(writesA().rules ?? []),
          {
            unit: unit("b"),
            turns: [call("write_file", { path: "b.txt", content: "b\n" }), done("ok")],
          },
        ],
      },
    });
    await using _ = p;
    const fail = 'echo "fatal: no $1" >&2; exit 128';
    const keep = "'--no-deref refs/dgov/keep/'";
    const run = await p.dgov(["run", "p"], gitAfterLanding(p, keep, fail));
    expect({ code: run.exitCode, out: run.stdout + run.stderr }).toMatchObject({ code: 1 });
    expect(run.stdout).toContain("warning: not removed: worktree of tasks/main.b, attempt 1");
    const [, line = ""] = (await p.repo.git("worktree", "list", "--porcelain")).split("\n\n");
    const tree = /^worktree (.+)$/m.exec(line)?.[1] ?? "";
    expect(readFileSync(join(tree, "b.txt"), "utf8")).toBe("b\n");
    expect((await p.dgov(["clean"])).stdout).toContain("holds work");
    expect(readFileSync(join(tree, "b.txt"), "utf8")).toBe("b\n");
    rmSync(join(tree, "b.txt"));
    writeFileSync(join(p.repo.root, "repaired"), "");
    expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
    expect(existsSync(tree)).toBe(false);
    expect(await p.landed()).toEqual([unit("a"), unit("b")]);
  });

  test.concurrent("all units landed and the branch is red: exit 1, and the plan is not archived", async () => {
    const turns = (key: string) => [
      call("write_file", { path: `${key}.txt`, content: `${key}\n` }),
      done("ok"),
    ];
    await using p = await testProject({
      tasks: { a: {}, b: { depends_on: ["a"] } },
      // Only the verification compares the work of both units with the start of the run.
      config: {
        project: { lint_cmd: "printf '%s\\n' {files} | grep -c '^[ab].txt' | grep -qv 2" },
      },
      script: { rules: ["a", "b"].map((key) => ({ unit: unit(key), turns: turns(key) })) },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(JSON.parse(run.stdout)).toMatchObject({
      status: "complete",
      archived_to: null,
      verification: { status: "failed" },
      warnings: [expect.stringContaining("the branch is red")],
    });
    expect([run.exitCode, await p.landed()]).toEqual([1, [unit("a"), unit("b")]]);
    expect(existsSync(join(p.root, ".dgov/plans/p"))).toBe(true);
  });

  test.concurrent("a plan that cannot be archived stays, and the next run archives it", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writesA() });
    const archive = join(p.root, ".dgov/plans/archive");
    writeFileSync(archive, "");
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(4);
    expect(run.stdout).toContain("error: not archived: ");
    await expectLanded(p);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(4);
    rmSync(archive);
    await expectRepaired(p);
  });

  test.concurrent("an interrupt leaves units landed and is not reported as before the first unit", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writesA() });
    const [blocked, go] = ["blocked", "go"].map((name) => join(p.repo.root, name));
    const wait = `: > '${blocked}'; while [ ! -e '${go}' ]; do sleep 0.05; done`;
    const child = p.spawn(["run", "p"], gitAfterLanding(p, "", wait));
    child.stdin.end();
    while (!existsSync(blocked ?? "")) await Bun.sleep(10);
    child.kill("SIGINT");
    writeFileSync(go ?? "", "");
    expect(await child.exited).toBe(130);
    const out = await new Response(child.stdout as ReadableStream).text();
    expect(out).toContain("1 of 1 units landed");
    expect(out).not.toContain("before any unit");
    expect(await p.landed()).toEqual([unit("a")]);
    expect(JSON.stringify(p.events().filter((e) => e.type === "run.finished"))).not.toContain(
      "nothing landed",
    );
  });
});

describe("B20 the target", () => {
  const moves = {
    deleted: ["update-ref", "-d", "refs/heads/main"],
    renamed: ["branch", "-m", "trunk"],
  };
  for (const [name, args] of Object.entries(moves)) {
    test.concurrent(`${name} during the run ends it with exit 4, and the work is kept`, async () => {
      const acted = Promise.withResolvers<void>();
      const script = writesA();
      const turns = script.rules?.[0]?.turns ?? [];
      const [first, ...rest] = turns;
      const wait = call("write_file", { path: "a.txt", content: "a\n" });
      const rules = [
        {
          unit: unit("a"),
          turns: [first ?? wait, { ...wait, until: () => acted.promise }, ...rest],
        },
      ];
      await using p = await testProject({ tasks: { a: {} }, script: { rules } });
      const running = p.dgov(["run", "p"]);
      await untilEvent(p, "worker.started", unit("a"));
      await p.repo.git(...args);
      acted.resolve();
      const run = await running;
      expect({ code: run.exitCode, out: run.stdout + run.stderr }).toMatchObject({ code: 4 });
      expect(run.stdout).toContain("branch main no longer exists");
      expect(p.events().filter((e) => e.type === "run.finished")).toHaveLength(1);
      const kept = await p.repo.git("for-each-ref", "--format=%(refname)", "refs/dgov/keep");
      expect(kept).not.toBe("");
    });
  }
});

test.concurrent("B20 a HOME or cache that cannot be written ends the run with exit 4 and a hint", async () => {
  await using p = await testProject({ tasks: { a: {} }, script: writesA() });
  const file = join(p.repo.root, "file");
  writeFileSync(file, "");
  for (const env of [{ XDG_CACHE_HOME: file }, { XDG_CACHE_HOME: "/proc/none" }]) {
    const run = await p.dgov(["run", "p"], env);
    expect(run.exitCode).toBe(4);
    expect(run.stderr).toContain("cannot be written");
    expect(run.stderr).toContain("[worktree] root");
  }
});

describe("B23 a run reports, with exit 4, that its event log was", () => {
  const changes: Record<string, (path: string) => void> = {
    removed: (path) => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
    },
    replaced: (path) => {
      renameSync(path, `${path}.old`);
      writeFileSync(path, "");
    },
    truncated: (path) => truncateSync(path, 0),
  };
  for (const [name, change] of Object.entries(changes)) {
    test.concurrent(name, async () => {
      let path = "";
      await using p = await testProject({
        tasks: { a: {} },
        script: writesA(() => change(path)),
      });
      path = join(p.root, ".dgov/state.db");
      const run = await p.dgov(["run", "p"]);
      expect({ code: run.exitCode, out: run.stdout + run.stderr }).toMatchObject({ code: 4 });
      expect(run.stdout + run.stderr).toContain("state.db");
    });
  }
});

test.concurrent("B24 clean names every worktree of several runs that the log does not know, also in a dry run", async () => {
  await using p = await testProject({ tasks: { a: {} }, script: writesA() });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  const cache = join(p.env["XDG_CACHE_HOME"] ?? join(p.env["HOME"] ?? "", ".cache"), "dgov");
  const [id = ""] = readdirSync(cache).filter((name) => existsSync(join(cache, name, "runs")));
  const names = ["one/u.1", "one/u.2", "two/v.1", "three/w.1"];
  for (const name of names) mkdirSync(join(cache, id, "runs", name, "tree"), { recursive: true });
  for (const args of [["clean", "--dry-run"], ["clean"]]) {
    const clean = await p.dgov(args);
    for (const name of names) expect(clean.stdout).toContain(name);
  }
  for (const name of names) expect(existsSync(join(cache, id, "runs", name, "tree"))).toBe(true);
});

test.concurrent("B24 clean removes private git dirs of ended processes, and no others", async () => {
  await using p = await testProject({ tasks: { a: {} }, script: writesA() });
  const runtime = join(p.repo.root, "runtime");
  const dead = Bun.spawn(["true"]);
  await dead.exited;
  const random = "0123456789abcdef";
  const names = [`dgov-git-${dead.pid}-1-${random}`, `dgov-git-${process.pid}-0-${random}`];
  const others = [`dgov-git-${random}`, "dgov-git-1-1", "other"];
  for (const name of [...names, ...others]) mkdirSync(join(runtime, name), { recursive: true });
  const env = { XDG_RUNTIME_DIR: runtime };
  expect((await p.dgov(["clean", "--dry-run"], env)).stdout).toContain(names[0] ?? "");
  expect(readdirSync(runtime).length).toBe(5);
  expect((await p.dgov(["clean"], env)).exitCode).toBe(0);
  expect(readdirSync(runtime).sort()).toEqual(others.sort());
});

test.concurrent("B16 an operator's commit while the bookkeeping is committed is no problem", async () => {
  await using p = await testProject({ tasks: { a: {} }, script: writesA() });
  const path = p.env["PATH"];
  const commit = `env -i PATH='${path}' HOME=/ git -C '${p.repo.path}' -c user.name=O -c user.email=o@x commit -q --allow-empty -m operator`;
  const act = `mkdir '${p.repo.root}/once' 2>/dev/null && ${commit}`;
  const run = await p.dgov(["run", "p", "--json"], gitAfterLanding(p, "--replace", act));
  expect([run.exitCode, JSON.parse(run.stdout).warnings]).toEqual([0, []]);
  const [last = "", before] = (await p.repo.git("log", "-2", "--format=%s", "main")).split("\n");
  expect(last).toStartWith("chore: dgov bookkeeping");
  expect(before).toBe("operator");
});
