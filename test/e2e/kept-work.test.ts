/** Kept work and repeated runs (P2): no work is lost. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const writesA = {
  rules: [
    {
      unit: unit("a"),
      turns: [call("write_file", { path: "a.txt", content: "precious\n" }), done("ok")],
    },
  ],
};

/** A git that fails its first calls after the file `broken` exists. */
function failingGit(o: { broken: string; count: string; times: number }): string {
  return `#!/bin/sh
if [ -e '${o.broken}' ]; then
  printf x >> '${o.count}'
  if [ "$(wc -c < '${o.count}')" -le ${o.times} ]; then echo 'fatal: injected' >&2; exit 128; fi
fi
exec '${Bun.which("git") ?? "git"}' "$@"
`;
}

async function keptText(p: TestProject): Promise<string> {
  const kept = p.events().findLast((e) => e.type === "attempt.kept");
  return p.repo.git("show", `${kept?.data["ref"]}:a.txt`);
}

describe("kept work", () => {
  test.concurrent("B1 B2 a rejected attempt is kept under its ref, which review names and clean keeps", async () => {
    await using p = await testProject({
      files: { "check.sh": "#!/bin/sh\n[ ! -e a.txt ]\n" },
      tasks: { a: {} },
      plan: { max_retries: 0 },
      config: { project: { test_cmd: "sh check.sh" } },
      script: writesA,
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(await keptText(p)).toBe("precious");
    const ref = p.events().findLast((e) => e.type === "attempt.kept")?.data["ref"];
    expect((await p.dgov(["plan", "review", "p"])).stdout).toContain(String(ref));
    expect((await p.dgov(["clean"])).exitCode).toBe(0);
    expect(await keptText(p)).toBe("precious");
  });

  test.concurrent("B1 what was too large to keep is named at the end of the run", async () => {
    await using p = await testProject({
      tasks: { a: { files: ["*.txt"] } },
      config: { worktree: { keep_mib_max: 1 } },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [
              call("write_file", {
                path: "big.txt",
                content: `${"x".repeat(99)}\n`.repeat(12_000),
              }),
              call("write_file", { path: "a.txt", content: "precious\n" }),
              done("no", { status: "blocked" }),
            ],
          },
        ],
      },
    });
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain(
      `kept without big.txt, too large or not a file that git stores: dgov take ${unit("a")}\n`,
    );
    expect(await keptText(p)).toBe("precious");
  });

  test.concurrent("B1 B13 an operator's ignored file in the way blocks the landing and is unchanged", async () => {
    await using p = await testProject({
      files: { ".gitignore": "a.txt\n" },
      tasks: { a: { files: ["*.txt"] } },
      config: { merge: { checkout_wait_s: 0 } },
      script: writesA,
    });
    p.repo.write("a.txt", "mine\n");
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).not.toBe(0);
    expect(p.repo.read("a.txt")).toBe("mine\n");
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("B11 nothing that a run leaves blocks the next run", async () => {
    const p0 = { fail: true };
    await using p = await testProject({
      tasks: { a: {}, b: {} },
      script: {
        rules: [
          ...writesA.rules,
          {
            unit: unit("b"),
            attempt: 1,
            when: () => p0.fail,
            turns: [done("no", { status: "blocked" })],
          },
          {
            unit: unit("b"),
            turns: [call("write_file", { path: "b.txt", content: "b\n" }), done("ok")],
          },
        ],
      },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    p0.fail = false;
    const bare = await p.dgov(["run", "p", "--json"]);
    expect([JSON.parse(bare.stdout).status, bare.exitCode]).toEqual(["unresolved", 1]);
    const again = await p.dgov(["run", "p", "--json"]);
    expect(again.stdout).toBe(bare.stdout);
    expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
    expect((await p.landed()).sort()).toEqual([unit("a"), unit("b")]);
    expect(await p.repo.git("status", "--porcelain", "--untracked-files=all")).toBe("");
    const cache = join(p.env["XDG_CACHE_HOME"] ?? "", "dgov");
    const runs = readdirSync(cache).flatMap((id) => {
      const folder = join(cache, id, "runs");
      return existsSync(folder) ? readdirSync(folder) : [];
    });
    expect(runs).toEqual([]);
    expect(await p.repo.git("worktree", "list", "--porcelain")).not.toContain(cache);
  });
  test.concurrent.each([
    ["the end of the run", 3],
    ["the next run", 60],
  ])(
    "B1 B17 work that could not be kept when its attempt ended is kept by %s",
    async (_, times) => {
      const ref = { broken: "", count: "" };
      await using p = await testProject({
        tasks: { a: {} },
        script: {
          rules: [
            {
              unit: unit("a"),
              attempt: 1,
              turns: [
                call("write_file", { path: "a.txt", content: "precious\n" }),
                { ...done("ok"), until: async () => void (await Bun.write(ref.broken, "")) },
              ],
            },
            ...writesA.rules,
          ],
        },
      });
      const bin = join(p.repo.root, "bin");
      [ref.broken, ref.count] = [join(p.repo.root, "broken"), join(p.repo.root, "count")];
      p.repo.write("../bin/git", failingGit({ ...ref, times }));
      const run = await p.dgov(["run", "p"], { PATH: `${bin}:${p.env["PATH"]}` });
      expect(run.stderr).toContain("its work was not kept");
      const name = String(p.events().find((e) => e.type === "run.started")?.run);
      const next = times === 3 ? run : await p.dgov(["run", "p", "--continue"]);
      expect(next.exitCode).toBe(0);
      const kept = p
        .events()
        .filter((e) => e.type === "attempt.kept" && e.run === name && e.attempt === 1);
      expect(kept).toHaveLength(1);
      expect(await p.repo.git("show", `${kept[0]?.data["ref"]}:a.txt`)).toBe("precious");
      expect((await p.repo.git("worktree", "list")).split("\n")).toHaveLength(1);
    },
  );

  test.concurrent("B1 B5 kept work whose record a crash lost is recorded by the next run", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writesA });
    const crashed = await p.dgov(["run", "p"], { DGOV_FAULT: "keep.after_ref" });
    expect(crashed.exitCode).toBe(137);
    const listed = await p.repo.git("worktree", "list", "--porcelain");
    const worktree = listed.match(/^worktree (.*\/tree)$/m)?.[1] ?? "";
    rmSync(worktree, { recursive: true });
    await p.repo.git("worktree", "prune", "--expire=now");
    expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
    const [first] = p.events();
    const kept = p.events().filter((e) => e.type === "attempt.kept" && e.run === first?.run);
    expect(kept).toHaveLength(1);
    expect(await p.repo.git("show", `${kept[0]?.data["ref"]}:a.txt`)).toBe("precious");
  });

  test.concurrent("B9 edited and reverted units run again, unchanged ones do not", async () => {
    await using p = await testProject({
      tasks: { a: {}, b: {} },
      script: {
        rules: ["a", "b"].map((key) => ({
          unit: unit(key),
          turns: [call("write_file", { path: `${key}.txt`, content: `${key}\n` }), done("ok")],
        })),
      },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    const [commit = ""] = (
      await p.repo.git("log", "--format=%H", "--grep", `Dgov-Unit: ${unit("a")}`, "main")
    ).split("\n");
    await p.repo.git("revert", "--no-edit", commit);
    await p.repo.git("mv", ".dgov/plans/archive/p", ".dgov/plans/p");
    await p.repo.git("commit", "-qm", "once more");
    const requestsBefore = p.model.requests.length;
    const run = await p.dgov(["run", "p", "--json"]);
    expect(JSON.parse(run.stdout).status).toBe("complete");
    const units = new Set(p.model.requests.slice(requestsBefore).map((r) => r.conversation.unit));
    expect([...units]).toEqual([unit("a")]);
    expect(p.repo.read("a.txt")).toBe("a\n");
  });
});
