/** B22: a run on a branch that is not checked out changes that branch alone. */
import { describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireConfig } from "../../src/config/load.ts";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { openRepository } from "../../src/git/repository.ts";
import { resolvePlan } from "../../src/plan/locate.ts";
import {
  archiveInBooks,
  commitBookkeeping,
  openBooks,
  recordLandings,
} from "../../src/runner/bookkeeping.ts";
import {
  coverageBaselineFile,
  coverageBaselineText,
  parseCoverageBaseline,
} from "../../src/settlement/coverage/baseline.ts";
import { dgov } from "../harness/bin.ts";
import { checkoutState } from "../harness/checkout-state.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const script: ModelScript = {
  rules: ["a", "b"].map((key) => ({
    unit: unit(key),
    turns: [call("write_file", { path: `${key}.txt`, content: `${key}\n` }), done("ok")],
  })),
};

function project(more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  return testProject({ tasks: { a: {}, b: {} }, script, ...more });
}

/** Files of a branch below `.dgov/plans`, relative to the project, sorted. */
async function planFiles(p: TestProject, branch: string, dir = ""): Promise<string[]> {
  const at = `${branch}:${dir === "" ? "" : `${dir}/`}.dgov/plans`;
  return (await p.repo.git("ls-tree", "-r", "--name-only", at)).split("\n");
}

const archived = ["archive/p/_root.toml", "archive/p/tasks/main.toml", "deployed.jsonl"];
const live = ["p/_root.toml", "p/tasks/main.toml"];

describe("a target that is not checked out", () => {
  test.concurrent.each([
    ["at the root", ""],
    ["in a folder", "packages/app"],
  ])(
    "B22 a project %s: archive and history go into the target, the dirty checkout stays, and git accepts the branch",
    async (_, dir) => {
      await using p = await project({ dir, files: { "other.txt": "x\n" } });
      p.repo.write("readme.txt", "edited\n");
      p.repo.write("new.txt", "untracked\n");
      p.repo.write("other.txt", "staged\n");
      await p.repo.git("add", "other.txt");
      const before = checkoutState(p.repo.path);
      const main = await p.repo.git("rev-parse", "main");
      const run = await p.dgov(["run", "p", "--target", "work", "--allow-dirty", "--json"]);
      expect([run.exitCode, JSON.parse(run.stdout)]).toMatchObject([
        0,
        { target: "work", archived_on: "work", warnings: [], problems: [] },
      ]);
      expect(checkoutState(p.repo.path)).toEqual(before);
      expect(await p.repo.git("rev-parse", "main")).toBe(main);
      expect(await planFiles(p, "work", dir)).toEqual(archived);
      const tip = await p.repo.git("rev-parse", "work");
      const history = await p.repo.git(
        "show",
        `work:${dir && `${dir}/`}.dgov/plans/deployed.jsonl`,
      );
      const units = history.split("\n").map((line) => JSON.parse(line).unit);
      expect(units.sort()).toEqual([unit("a"), unit("b")]);

      // The views speak of the branch that the plan ran on.
      const status = JSON.parse((await p.dgov(["plan", "status", "p", "--json"])).stdout);
      expect(status).toMatchObject({ landed: 2, status: "landed", target: "work" });
      const [row] = JSON.parse((await p.dgov(["plan", "list", "--json"])).stdout).plans;
      expect(row).toMatchObject({ name: "p", landed: 2, status: "landed", archived: false });

      const again = await p.dgov(["run", "p", "--target", "work", "--allow-dirty"]);
      expect(again.stdout).toContain("nothing to do");
      expect(await p.repo.git("rev-parse", "work")).toBe(tip);
      expect(checkoutState(p.repo.path)).toEqual(before);

      await p.repo.git("checkout", "-q", "work");
      await p.repo.git("checkout", "-q", "main");
      await p.repo.git("merge", "-q", "--ff-only", "work");
      expect(await p.repo.git("rev-parse", "main")).toBe(tip);
      const review = await p.dgov(["plan", "review", "p", "--json"]);
      expect([review.exitCode, JSON.parse(review.stdout).target]).toEqual([0, "work"]);
    },
  );

  test.concurrent("B22 another checkout of the target moves with it, and the one of the run does not", async () => {
    await using p = await project();
    const linked = join(p.repo.root, "linked");
    await p.repo.git("worktree", "add", "-q", "-b", "work", linked);
    const before = checkoutState(p.repo.path);
    const run = await p.dgov(["run", "p", "--target", "work"]);
    expect([run.exitCode, checkoutState(p.repo.path)]).toEqual([0, before]);
    expect(await planFiles(p, "work")).toEqual(archived);
    expect(await p.repo.git("-C", linked, "status", "--porcelain")).toBe("");
    expect(existsSync(join(linked, ".dgov/plans/archive/p/_root.toml"))).toBe(true);
    await p.repo.git("merge", "-q", "--ff-only", "work");
  });

  test.concurrent("B22 a run in a linked worktree leaves its checkout and the main one alone", async () => {
    await using p = await project();
    const linked = join(p.repo.root, "linked");
    await p.repo.git("worktree", "add", "-q", "-b", "own", linked);
    const before = [checkoutState(p.repo.path), checkoutState(linked)];
    const run = await dgov(["run", "p", "--target", "work"], { cwd: linked, env: p.env });
    expect(run.exitCode).toBe(0);
    expect([checkoutState(p.repo.path), checkoutState(linked)]).toEqual(before);
    expect(await planFiles(p, "work")).toEqual(archived);
  });

  test.concurrent("B22 what has uncommitted changes in the checkout is left on the target, so that git accepts the branch", async () => {
    await using p = await project({ files: { ".dgov/plans/deployed.jsonl": "" } });
    const root = ".dgov/plans/p/_root.toml";
    appendFileSync(join(p.root, root), "# edited\n");
    p.repo.write(".dgov/plans/deployed.jsonl", "{}\n");
    p.repo.write(".dgov/plans/archive/p/_root.toml", "not tracked\n");
    const before = checkoutState(p.repo.path);
    const run = await p.dgov(["run", "p", "--target", "work", "--json"]);
    expect([run.exitCode, JSON.parse(run.stdout)]).toMatchObject([
      0,
      {
        archived_to: null,
        archived_on: null,
        warnings: [
          "left as it is on work, since it has uncommitted changes here: .dgov/plans/p, .dgov/plans/deployed.jsonl",
        ],
      },
    ]);
    expect(checkoutState(p.repo.path)).toEqual(before);
    expect(await planFiles(p, "work")).toEqual(["deployed.jsonl", ...live]);
    await p.repo.git("checkout", "-q", "work");

    // A folder of the checkout is no reason to reuse its name.
    await p.repo.git("checkout", "-q", "--", ".dgov");
    await p.repo.git("checkout", "-q", "main");
    expect((await p.dgov(["run", "p", "--target", "work"])).exitCode).toBe(0);
    expect(await planFiles(p, "work")).toEqual([
      "archive/p-2/_root.toml",
      "archive/p-2/tasks/main.toml",
      "deployed.jsonl",
    ]);
    await p.repo.git("merge", "-q", "--ff-only", "work");
  });

  test.concurrent("B22 a structural baseline that the run makes is committed on the target alone", async () => {
    await using p = await project({ files: { "src/one.ts": "export const one = 1;\n" } });
    const before = checkoutState(p.repo.path);
    expect((await p.dgov(["run", "p", "--target", "work"])).exitCode).toBe(0);
    expect(checkoutState(p.repo.path)).toEqual(before);
    expect(await p.repo.git("ls-tree", "--name-only", "work", ".sentrux/")).toContain(
      ".sentrux/baseline.json",
    );
    await p.repo.git("merge", "-q", "--ff-only", "work");
  });

  test.concurrent.each([
    ["better", "x\nx\n", 0],
    ["worse", "-\n-\n", 1],
  ])(
    "B22 coverage is compared with the baseline of the target: %s coverage ends with that result",
    async (_, content, code) => {
      await using p = await testProject({
        files: { "src/a.txt": "x\n-\n" },
        tasks: { a: { files: ["src/a.txt"] } },
        plan: { max_retries: 0 },
        config: {
          project: {
            coverage_cmd: `{ echo SF:src/a.txt; awk '{ print "DA:" NR "," ($0 == "x") }' src/a.txt; echo end_of_record; } > {output}`,
          },
        },
        script: {
          rules: [{ turns: [call("write_file", { path: "src/a.txt", content }), done("ok")] }],
        },
      });
      const baseline = { command: "", head: "", tree: "" };
      const files = [{ path: "src/a.txt", covered: 1, total: 2 }];
      await p.repo.git("checkout", "-q", "-b", "work");
      p.repo.write(coverageBaselineFile, coverageBaselineText({ ...baseline, files }));
      await p.repo.git("add", "-A");
      await p.repo.git("commit", "-q", "-m", "a baseline");
      await p.repo.git("checkout", "-q", "main");
      const before = checkoutState(p.repo.path);
      const run = await p.dgov(["run", "p", "--target", "work"]);
      expect([run.exitCode, checkoutState(p.repo.path)]).toEqual([code, before]);
      const text = await p.repo.git("show", `work:${coverageBaselineFile}`);
      expect(parseCoverageBaseline(text)?.files).toEqual(
        code === 0 ? [{ path: "src/a.txt", covered: 2, total: 2 }] : files,
      );
    },
  );

  test.concurrent("B22 a branch that the operator checks out during a run does not get its bookkeeping", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      script: {
        rules: [
          {
            turns: [
              {
                until: () => p.repo.git("checkout", "-q", "-b", "other"),
                ...call("write_file", { path: "a.txt", content: "a\n" }),
              },
              done("ok"),
            ],
          },
        ],
      },
    });
    const files = checkoutState(p.repo.path);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    const head = join(p.repo.path, ".git/HEAD");
    expect(readFileSync(head, "utf8")).toContain("other");
    expect({ ...checkoutState(p.repo.path), [head]: "" }).toMatchObject({
      ...files,
      [head]: "",
      [join(p.repo.path, ".git/index")]: expect.any(String),
    });
    expect(await p.repo.git("status", "--porcelain")).toBe("");
    expect(await planFiles(p, "main")).toEqual(archived);
    await p.repo.git("merge", "-q", "--ff-only", "main");
  });

  test.concurrent("B22 a plan that was undone on the target runs there again, and views find its last run", async () => {
    await using p = await project();
    const before = checkoutState(p.repo.path);
    expect((await p.dgov(["run", "p", "--target", "work"])).exitCode).toBe(0);
    expect((await p.dgov(["undo"])).exitCode).toBe(0);
    const status = async (): Promise<{ landed: number; run: string }> =>
      JSON.parse((await p.dgov(["plan", "status", "p", "--json"])).stdout);
    expect((await status()).landed).toBe(0);
    expect((await p.dgov(["run", "p", "--target", "work"])).exitCode).toBe(0);
    expect(checkoutState(p.repo.path)).toEqual(before);
    const run = p.events().findLast(({ type }) => type === "run.started")?.run;
    const now = { landed: 2, run };
    expect(await status()).toMatchObject(now);
    await p.repo.git("merge", "-q", "--ff-only", "work");
    expect(await status()).toMatchObject(now);
    expect(await planFiles(p, "work")).toEqual(archived);
  });

  test.concurrent.each([
    ["other files", "late.txt", null],
    ["files of dgov", ".dgov/plans/deployed.jsonl", "files of dgov on work changed"],
  ])(
    "B22 %s that are committed on the target during the bookkeeping are not undone",
    async (_, path, problem) => {
      await using p = await project();
      const repository = await openRepository(p.root);
      await p.repo.git("branch", "work");
      const target = {
        ...{ repository, projectRoot: p.root, projectPrefix: "", target: "work", run: "r" },
        ...{ plan: { name: "p" }, paths: { runs: join(p.repo.root, "runs") } },
        identity: { name: "N", email: "n@example.com" },
        config: requireConfig(p.root),
      };
      const open = await openBooks(target, await p.repo.git("rev-parse", "work"));
      const location = await resolvePlan(p.root, "p");
      recordLandings(open, [{ unit: unit("a"), digest: "d", commit: "0".repeat(40) }]);
      const archivedTo = archiveInBooks(open, location);
      const linked = join(p.repo.root, "linked");
      await p.repo.git("worktree", "add", "-q", linked, "work");
      writeFileSync(join(linked, path), "late\n");
      await p.repo.git("-C", linked, "add", "-f", path);
      await p.repo.git("-C", linked, "commit", "-q", "-m", "late");
      const result = await commitBookkeeping(open, { location, archivedTo });
      expect(result ?? "").toContain(problem ?? "");
      expect(await p.repo.git("show", `work:${path}`)).toBe("late");
      const now = problem === null ? archived : ["deployed.jsonl", ...live];
      expect(await planFiles(p, "work")).toEqual(now);
      expect(await p.repo.git("-C", linked, "status", "--porcelain")).toBe("");
    },
  );

  test.concurrent("B22 the next run completes the bookkeeping of one that was killed before its commit", async () => {
    await using p = await project();
    const before = checkoutState(p.repo.path);
    const killed = await p.dgov(["run", "p", "--target", "work"], {
      DGOV_FAULT: "finish.archived",
    });
    expect(killed.exitCode).not.toBe(0);
    expect(await planFiles(p, "work")).toEqual(live);
    expect((await p.dgov(["run", "p", "--target", "work"])).exitCode).toBe(0);
    expect(await planFiles(p, "work")).toEqual(archived);
    expect(checkoutState(p.repo.path)).toEqual(before);
  });

  test.concurrent.each(["main", "work"])(
    "B22 a plan whose name ends in a number is archived on %s",
    async (target) => {
      await using p = await project();
      await p.repo.git("mv", ".dgov/plans/p", ".dgov/plans/p-2");
      await p.repo.git("commit", "-q", "-m", "rename");
      expect((await p.dgov(["run", "p-2", "--target", target])).exitCode).toBe(0);
      expect((await planFiles(p, target))[0]).toBe("archive/p-2/_root.toml");
      expect(await p.repo.git("status", "--porcelain")).toBe("");
    },
  );
});
