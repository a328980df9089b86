/** E15: locations of a project, and special repository contents; each is supported or clearly refused. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { dgov } from "../harness/bin.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";
import { testRepo } from "../harness/repo.ts";

function one(turns: ModelTurn[], more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  return testProject({
    tasks: { a: {} },
    plan: { max_retries: 0 },
    script: { rules: [{ unit: unit("a"), turns }] },
    ...more,
  });
}

const writesA = [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")];

describe("project locations", () => {
  test.concurrent.each([
    ["in a folder of a monorepo", "repo", "packages/app"],
    ["with spaces and unicode in its path", "ä repo 漢字", ""],
    [
      "with quotes, dollar signs and dashes in its path",
      '-re\'po "$HOME" %2e;#',
      "sub 'dir'/-ö $x",
    ],
  ])(
    "E15 a project %s runs, is gated, lands, is reviewed and archived",
    async (_what, name, dir) => {
      const at = (path: string): string => (dir === "" ? path : `${dir}/${path}`);
      const check = '[ ! -e "b c.txt" ] || { [ "$(cat "b c.txt")" = right ] && [ -e own.txt ]; }';
      await using p = await one(
        [
          call("write_file", { path: "../outside.txt", content: "x\n" }),
          call("run_bash", { command: "cat own.txt > 'b c.txt'" }),
          done("ok"),
        ],
        {
          name,
          dir,
          files: { [at("own.txt")]: "right\n", "other/own.txt": "wrong\n" },
          tasks: { a: { files: { create: ["b c.txt"], read: ["own.txt"] } } },
          config: {
            project: {
              test_cmd: check,
              lint_cmd: 'for f in {files}; do [ -f "$f" ] || exit 1; done',
            },
          },
        },
      );
      const run = await p.dgov(["run", "p", "--json"]);
      expect([run.exitCode, JSON.parse(run.stdout).status]).toEqual([0, "complete"]);
      const gates = p.events().filter((e) => e.type === "gate.finished" && e.unit === unit("a"));
      const statuses = Object.fromEntries(gates.map((e) => [e.data["gate"], e.data["status"]]));
      expect(statuses).toMatchObject({ lint: "passed", tests: "passed" });
      const [landing] = p.events().filter((e) => e.type === "landing.finished");
      const commit = String(landing?.data["commit"]);
      const changed = await p.repo.git("show", "-z", "--format=", "--name-only", commit);
      expect(changed).toBe(`${at("b c.txt")}\0`);
      expect(p.repo.read(at("b c.txt"))).toBe("right\n");
      expect(existsSync(join(p.root, ".dgov/plans/archive/p"))).toBe(true);
      expect(existsSync(join(p.root, "../outside.txt"))).toBe(false);
      expect(await p.repo.git("status", "--porcelain")).toBe("");
      const messages = JSON.stringify(p.model.requests.at(1)?.body["messages"]);
      expect(messages).toContain("../outside.txt");
      expect((await p.dgov(["status", "--json"])).exitCode).toBe(0);
      expect((await p.dgov(["plan", "review", "p"])).stdout).toContain(unit("a"));
    },
  );

  test.concurrent("E15 a project in a folder of a monorepo lands nothing outside its folder", async () => {
    await using p = await one(
      [call("run_bash", { command: "echo a > a.txt; echo x > ../../other/x.txt" }), done("ok")],
      {
        dir: "packages/app",
        files: { "other/own.txt": "other\n" },
        tasks: { a: { files: { touch: ["**"] } } },
      },
    );
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
    const rejected = p.events().find((e) => e.type === "attempt.rejected");
    expect(rejected?.data["verdict"]).toBe("scope_violation");
    expect(rejected?.data["reason"]).toContain("other/x.txt (outside the project)");
    expect(existsSync(join(p.repo.path, "other/x.txt"))).toBe(false);
  });
});

describe("checkouts", () => {
  test.concurrent("E15 a run in a second worktree lands on its branch and leaves the first one unchanged", async () => {
    await using p = await one(writesA);
    const second = join(p.repo.root, "second tree");
    await p.repo.git("worktree", "add", "-q", "-b", "side", second);
    const before = await p.repo.git("rev-parse", "main");
    const run = await dgov(["run", "p", "--json"], { cwd: second, env: p.env });
    expect([run.exitCode, JSON.parse(run.stdout).status]).toEqual([0, "complete"]);
    expect(await p.landed("side")).toEqual([unit("a")]);
    expect(readFileSync(join(second, "a.txt"), "utf8")).toBe("a\n");
    expect(await p.repo.git("-C", second, "status", "--porcelain")).toBe("");
    expect(await p.repo.git("rev-parse", "main")).toBe(before);
    expect([existsSync(join(p.root, "a.txt")), await p.repo.git("status", "--porcelain")]).toEqual([
      false,
      "",
    ]);
  });

  test.concurrent("E15 a run in a submodule lands there, and the outer repository sees only a new commit", async () => {
    await using p = await one(writesA);
    await using around = await testRepo({ "top.txt": "top\n" });
    const allowed = ["-c", "protocol.file.allow=always"];
    await around.git(...allowed, "submodule", "add", "-q", p.repo.path, "sub");
    await around.git("commit", "-qm", "sub");
    const inside = join(around.path, "sub");
    const run = await dgov(["run", "p", "--json"], { cwd: inside, env: p.env });
    expect([run.exitCode, JSON.parse(run.stdout).status]).toEqual([0, "complete"]);
    expect(readFileSync(join(inside, "a.txt"), "utf8")).toBe("a\n");
    expect(await around.git("-C", "sub", "status", "--porcelain")).toBe("");
    expect(await around.git("status", "--porcelain")).toBe(" M sub");
  });

  test.concurrent("E15 a run in a linked folder works on the link's target", async () => {
    await using p = await one(writesA);
    const link = join(p.repo.root, "link");
    symlinkSync(p.repo.path, link);
    const run = await dgov(["run", "p", "--json"], { cwd: link, env: { ...p.env, PWD: link } });
    expect(run.exitCode).toBe(0);
    expect(p.repo.read("a.txt")).toBe("a\n");
    expect(await p.repo.git("status", "--porcelain")).toBe("");
  });

  test.concurrent("E15 a run in a bare repository is refused", async () => {
    await using p = await one(writesA);
    const bare = join(p.repo.root, "bare.git");
    await p.repo.git("clone", "-q", "--bare", p.repo.path, bare);
    const run = await dgov(["run", "p", "--json"], { cwd: bare, env: p.env });
    expect(run.exitCode).not.toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ code: "NOT_INITIALISED", exit_code: 4 });
    expect(p.model.requests).toEqual([]);
  });
});

describe("submodules", () => {
  const withSubmodule = async (turns: ModelTurn[], touch: string[]) => {
    const sub = await testRepo({ "s.txt": "s\n" });
    const p = await one(turns, { tasks: { a: { files: { touch } } } });
    const allowed = ["-c", "protocol.file.allow=always"];
    await p.repo.git(...allowed, "submodule", "add", "-q", sub.path, "sub");
    await p.repo.git("commit", "-qm", "sub");
    return {
      p,
      link: await p.repo.git("ls-tree", "main", "sub"),
      [Symbol.asyncDispose]: async () => {
        await p[Symbol.asyncDispose]();
        await sub[Symbol.asyncDispose]();
      },
    };
  };

  test.concurrent("E15 a submodule is unchanged while work lands beside it", async () => {
    await using s = await withSubmodule(writesA, ["**"]);
    const { p } = s;
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.repo.read("a.txt")).toBe("a\n");
    expect(await p.repo.git("ls-tree", "main", "sub")).toBe(s.link);
    expect(p.repo.read("sub/s.txt")).toBe("s\n");
    expect(await p.repo.git("status", "--porcelain", "--untracked-files=all")).toBe("");
  });

  test.concurrent.each([
    ["files", "echo x > sub/x.txt; echo a > a.txt"],
    ["a repository", "rm sub/.git; git init -q sub; echo a > a.txt"],
    ["a file in its place", "rm -rf sub; echo a > sub; echo a > a.txt"],
  ])("E15 a worker's change of a submodule (%s) is refused by name", async (_what, command) => {
    await using s = await withSubmodule([call("run_bash", { command }), done("ok")], ["**"]);
    const { p } = s;
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    const rejected = p.events().find((e) => e.type === "attempt.rejected");
    expect(rejected?.data["verdict"]).toBe("unsafe_path");
    expect(rejected?.data["reason"]).toContain("sub (a submodule");
    expect(await p.repo.git("ls-tree", "main", "sub")).toBe(s.link);
    expect(p.repo.read("sub/s.txt")).toBe("s\n");
    expect(await p.repo.git("status", "--porcelain", "--untracked-files=all")).toBe("");
  });
});

describe("LFS pointers", () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4d".repeat(32)}\nsize 7\n`;
  const files = {
    ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    "big.bin": pointer,
  };

  test.concurrent("E15 LFS pointers without git-lfs are ordinary files", async () => {
    await using p = await one(writesA, { files });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.repo.read("big.bin")).toBe(pointer);
    expect(await p.repo.git("show", "main:big.bin")).toBe(pointer.trimEnd());
    expect(await p.repo.git("status", "--porcelain")).toBe("");
  });

  test.concurrent("E15 LFS files are content for worker and gates, and pointers in commits", async () => {
    await using p = await one(
      [call("run_bash", { command: "grep -q content big.bin && echo a > a.txt" }), done("ok")],
      { files, config: { project: { test_cmd: "grep -q content big.bin" } } },
    );
    await installLfs(p, "global", pointer);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("a")]);
    expect(await p.repo.git("show", "main:big.bin")).toBe(pointer.trimEnd());
  });

  test.concurrent("E15 an LFS filter defined only by the repository is refused by name before any request", async () => {
    await using p = await one(writesA, { files });
    const ran = await installLfs(p, "repository", pointer);
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(4);
    expect(run.stdout).toContain("the git filter lfs is defined only in the repository's own");
    expect(p.model.requests).toEqual([]);
    expect(readdirSync(dirname(ran))).not.toContain("ran");
  });
});

/** A stand-in for git-lfs with one object. Returns the path of the file that it creates when it runs. */
async function installLfs(
  p: TestProject,
  where: "global" | "repository",
  pointer: string,
): Promise<string> {
  const folder = join(p.repo.root, "lfs");
  const ran = join(folder, "ran");
  const program = join(folder, "git-lfs");
  mkdirSync(folder);
  writeFileSync(join(folder, "pointer"), pointer);
  writeFileSync(
    program,
    `#!/bin/sh\n: > '${ran}'\nif [ "$1" = clean ]; then cat >/dev/null; cat '${folder}/pointer'; else cat >/dev/null; echo content; fi\n`,
  );
  chmodSync(program, 0o755);
  const global = join(folder, "gitconfig");
  const file = where === "global" ? ["--file", global] : ["--local"];
  if (where === "global") p.env["GIT_CONFIG_GLOBAL"] = global;
  for (const verb of ["clean", "smudge"]) {
    await p.repo.git("config", ...file, `filter.lfs.${verb}`, `${program} ${verb} %f`);
  }
  await p.repo.git("config", ...file, "filter.lfs.required", "true");
  if (where === "global") {
    // The operator's checkout holds the content, as after `git lfs pull`.
    writeFileSync(join(p.repo.path, "big.bin"), "content\n");
    await p.repo.git("-c", `include.path=${global}`, "add", "big.bin");
  }
  return ran;
}

test.concurrent("E15 a plan outside .dgov/plans runs beside its own compiled file, twice, and stays where it is", async () => {
  await using p = await testProject({
    tasks: { a: {} },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")],
        },
        {
          unit: unit("b"),
          turns: [call("write_file", { path: "b.txt", content: "b\n" }), done("ok")],
        },
      ],
    },
  });
  mkdirSync(join(p.root, "extern"));
  renameSync(join(p.root, ".dgov/plans/p"), join(p.root, "extern/q"));
  await p.repo.git("add", "-A");
  await p.repo.git("commit", "-q", "-m", "move the plan");
  await p.dgov(["compile", "extern/q"]);
  const first = await p.dgov(["run", "extern/q"]);
  expect([first.exitCode, first.stderr]).toEqual([0, expect.any(String)]);
  expect(await p.repo.git("status", "--short")).toBe("?? extern/q/_compiled.toml");
  p.writePlan({ a: {}, b: {} });
  renameSync(
    join(p.root, ".dgov/plans/p/tasks/main.toml"),
    join(p.root, "extern/q/tasks/main.toml"),
  );
  await p.repo.git("add", "extern/q/tasks");
  await p.repo.git("commit", "-q", "-m", "another task");
  const second = await p.dgov(["run", "extern/q"]);
  expect([second.exitCode, second.stderr]).toEqual([0, expect.any(String)]);
  expect(await p.landed()).toEqual([unit("a"), unit("b")]);
  // Another file of the plan's author still stops a run.
  writeFileSync(join(p.root, "extern/other.toml"), "x = 1\n");
  expect((await p.dgov(["run", "extern/q", "--restart"])).stderr).toContain("extern/other.toml");
});
