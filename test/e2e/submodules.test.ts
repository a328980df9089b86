/** F1: submodules in a run: provided to workers and gates, moved only by a claim, missing ones named. */
import { describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type ProjectOptions, testProject, unit } from "../harness/project.ts";
import { testRepo } from "../harness/repo.ts";

const allowFile = ["-c", "protocol.file.allow=always"];

/** A project with the submodule `sub` at the first of its two commits, and `sub/deep` in it. */
async function withSubmodule(options: ProjectOptions) {
  const deep = await testRepo({ "d.txt": "deep\n" });
  const sub = await testRepo({ "s.txt": "one\n" });
  await sub.git(...allowFile, "submodule", "add", "-q", deep.path, "deep");
  await sub.git("commit", "-qam", "deep");
  const first = await sub.git("rev-parse", "HEAD");
  writeFileSync(join(sub.path, "s.txt"), "two\n");
  await sub.git("commit", "-qam", "two");
  const p = await testProject(options);
  await p.repo.git(...allowFile, "submodule", "add", "-q", sub.path, "sub");
  await p.repo.git("-C", "sub", "checkout", "-q", first);
  await p.repo.git("add", "sub");
  await p.repo.git(...allowFile, "submodule", "update", "-q", "--init", "--recursive");
  await p.repo.git("commit", "-qm", "sub");
  const second = await sub.git("rev-parse", "HEAD");
  return {
    ...{ p, first, second },
    async [Symbol.asyncDispose]() {
      for (const one of [p, sub, deep]) await one[Symbol.asyncDispose]();
    },
  };
}

describe("submodules", () => {
  test.concurrent("F1 workers and gates have submodules; one moves only where it is claimed, and files of setup in it are no change", async () => {
    const bash = (command: string) => call("run_bash", { command });
    const move = "git -C sub checkout --detach -q origin/main";
    await using s = await withSubmodule({
      tasks: {
        reads: { files: { create: ["a.txt"] } },
        moves: { files: { edit: ["sub"], create: ["b.txt"] } },
        wild: { files: { touch: ["s*b"] }, depends_on: ["moves"] },
        edits: { files: { edit: ["c.txt"] } },
      },
      files: { "c.txt": "c\n" },
      plan: { max_retries: 0 },
      config: {
        project: {
          setup_cmd: "echo built > sub/built.txt",
          test_cmd:
            "grep -q . sub/s.txt && test -f sub/deep/d.txt && test -f sub/built.txt && echo x >> sub/s.txt",
        },
      },
      script: {
        rules: [
          {
            unit: unit("reads"),
            turns: [bash("cat sub/s.txt sub/deep/d.txt > a.txt"), done("ok")],
          },
          { unit: unit("moves"), turns: [bash(`${move} && cp sub/s.txt b.txt`), done("ok")] },
          {
            unit: unit("wild"),
            turns: [bash("git -C sub checkout --detach -q HEAD~1"), done("ok")],
          },
          {
            unit: unit("edits"),
            turns: [bash("echo x >> c.txt; echo x >> sub/s.txt"), done("ok")],
          },
        ],
      },
    });
    const { p } = s;
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(1);
    expect((await p.landed()).sort()).toEqual([unit("moves"), unit("reads")]);
    expect(p.repo.read("a.txt")).toBe("one\ndeep\n");
    expect(p.repo.read("b.txt")).toBe("two\n");
    expect(await p.repo.git("rev-parse", "main:sub")).toBe(s.second);
    // The operator's folder is left alone, as after a pull.
    expect(p.repo.read("sub/s.txt")).toBe("one\n");
    expect(await p.repo.git("status", "--porcelain", "--ignore-submodules=none")).toBe(" M sub");
    const reasons = Object.fromEntries(
      p
        .events()
        .flatMap((e) => (e.type === "attempt.rejected" ? [[e.unit, e.data["reason"]]] : [])),
    );
    expect(reasons[unit("wild")]).toContain("sub (a submodule at another commit");
    expect(reasons[unit("edits")]).toContain("sub (a submodule, which belongs to another");
  });

  test.concurrent("F1 a submodule whose commit is not on this machine is named with the command that brings it", async () => {
    await using s = await withSubmodule({
      tasks: { a: {} },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")],
          },
        ],
      },
    });
    const { p } = s;
    await p.repo.git("submodule", "--quiet", "deinit", "-f", "sub");
    rmSync(join(p.repo.path, ".git/modules/sub"), { recursive: true });
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(0);
    const remedy = "git submodule update --init --recursive sub";
    expect(run.stderr).toContain(remedy);
    const doctor = JSON.parse((await p.dgov(["doctor", "--json"])).stdout);
    const row = doctor.checks.find(({ check }: { check: string }) => check === "submodules");
    expect(row).toMatchObject({ state: "warn", next: remedy });
  });
});
