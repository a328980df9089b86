/** `dgov init` in places that dgov does not support, where it writes nothing, in subfolders, and below the git dir. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dgov, dgovJson } from "../harness/bin.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";

/** Functions that turn a repository into an unsupported place and return its folder. */
const places: Record<string, (repo: TestRepo) => Promise<string>> = {
  "no repository": async (repo) => {
    const folder = join(repo.root, "nowhere");
    mkdirSync(folder);
    return folder;
  },
  "a bare repository": async (repo) => {
    const bare = join(repo.root, "bare.git");
    await repo.git("clone", "-q", "--bare", ".", bare);
    return bare;
  },
  "a partial clone": async (repo) => {
    await repo.git("config", "remote.origin.promisor", "true");
    return repo.path;
  },
  "a reftable repository": async (repo) => {
    await repo.git("config", "core.repositoryFormatVersion", "1");
    await repo.git("config", "extensions.refStorage", "reftable");
    return repo.path;
  },
};

test.concurrent.each([
  ["no repository", /cannot use .* as a git checkout: not a git repository/],
  ["a bare repository", /cannot use .* as a git checkout: the repository is bare/],
  ["a partial clone", /this is a partial clone/],
  // A git that does not support reftable reports it itself.
  ["a reftable repository", /reftable|refstorage/i],
])("E15 init in %s names the problem and writes nothing", async (place, words) => {
  await using repo = await testRepo({ "readme.txt": "hello\n" });
  const cwd = (await places[place]?.(repo)) ?? "";
  const before = readdirSync(cwd);
  const { stdout, stderr, exitCode } = await dgov(["init", "-y"], { cwd, env: repo.env });
  expect(stderr).toMatch(words);
  expect([stdout, exitCode]).toEqual(["", 4]);
  const json = await dgovJson(["init", "-y"], { cwd, env: repo.env });
  expect([json.document["code"], json.exitCode]).toEqual(["NOT_A_REPOSITORY", 4]);
  expect(existsSync(join(cwd, ".dgov"))).toBe(false);
  expect(readdirSync(cwd)).toEqual(before);
});

test.concurrent("init in a subfolder says that it sets up the root of the repository, and with --here sets up the subfolder", async () => {
  await using repo = await testRepo({ "web/app/readme.txt": "hello\n" });
  const cwd = join(repo.path, "web/app");
  const above = await dgovJson(["init", "-y"], { cwd, env: repo.env });
  expect([above.exitCode, above.document["root"]]).toEqual([0, repo.path]);
  expect(above.stderr).toContain(`setting up ${repo.path}; --here sets up the current folder`);
  const here = await dgovJson(["init", "-y", "--here"], { cwd, env: repo.env });
  expect([here.exitCode, here.document["root"]]).toEqual([0, cwd]);
  expect(here.stderr).not.toContain("--here");
  expect(existsSync(join(cwd, ".dgov/project.toml"))).toBe(true);
  const again = await dgovJson(["init", "-y"], { cwd, env: repo.env });
  expect([again.document["root"], again.document["created"]]).toEqual([cwd, []]);
});

test.concurrent("F6, E22 init writes the repository's own commands and gates of its packages, and names a check that reads nothing", async () => {
  await using repo = await testRepo({
    "package.json": JSON.stringify({
      workspaces: ["packages/*"],
      scripts: { lint: "eslint src", typecheck: "tsc --noEmit" },
    }),
    "tsconfig.json": '{ "files": [], "references": [] }',
    "package-lock.json": "{}",
    "packages/a/package.json": JSON.stringify({ name: "a", scripts: { test: "node --test" } }),
    "packages/a/a.test.js": "",
    ".github/workflows/ci.yml":
      "on: pull_request\njobs: { a: { steps: [{ run: npm ci }, { run: npm run lint }] } }\n",
  });
  const run = await dgov(["init", "-y", "--provider", "openai"], { cwd: repo.path, env: repo.env });
  expect(run.exitCode).toBe(0);
  expect(run.stderr).toContain("lint_cmd: from .github/workflows/ci.yml");
  expect(run.stderr).toContain("gates of packages: a");
  expect(run.stderr).toContain(
    "type_check_cmd: script typecheck: tsc checks no file: tsconfig.json",
  );
  const text = repo.read(".dgov/project.toml");
  expect(text).toContain('lint_cmd = "npm run lint"');
  expect(text).toContain(
    '[[gates]]\nname = "a"\nkind = "test"\npaths = ["packages/a", "package.json", "tsconfig*.json", "package-lock.json"]\n' +
      'cwd = "packages/a"\ncommand = "npm run test"\n',
  );
});

test.concurrent("F11 init --local writes below the git dir alone, is repeated without the flag, and is refused beside .dgov", async () => {
  await using repo = await testRepo({ "src/a.ts": "export const a = 1;\n" });
  const at = { cwd: repo.path, env: repo.env };
  const excludes = (): string => readFileSync(join(repo.path, ".git/info/exclude"), "utf8");
  const before = excludes();
  const first = await dgovJson(["init", "-y", "--local"], {
    ...at,
    env: { ...at.env, CI: "true" },
  });
  const folder = join(repo.path, ".git/dgov/project/.dgov");
  expect([first.exitCode, first.document]).toMatchObject([
    0,
    { root: repo.path, folder, local: true },
  ]);
  const created = first.document["created"] as string[];
  expect(created).toContain(".git/dgov/project/.dgov/project.toml");
  expect(created).toContain(".git/dgov/project/.sentrux/baseline.json");
  expect(created.filter((path) => !existsSync(join(repo.path, path)))).toEqual([]);
  expect(first.stderr).toContain(
    "local files end with this clone; a CI job needs a committed .dgov/",
  );
  const again = await dgovJson(["init", "-y"], at);
  expect(again.document).toMatchObject({ folder, local: true, created: [] });
  expect([await repo.git("status", "--porcelain", "--ignored"), excludes()]).toEqual(["", before]);

  mkdirSync(join(repo.path, ".dgov"));
  for (const line of ["plan list", "init -y --local", "doctor"]) {
    const run = await dgov(line.split(" "), at);
    expect([line, run.exitCode > 0]).toEqual([line, true]);
    expect(run.stdout + run.stderr).toContain(
      `the project has files of dgov in ${repo.path}/.dgov and`,
    );
  }
  await using other = await testRepo({ ".dgov/project.toml": "" });
  const refused = await dgovJson(["init", "-y", "--local"], { cwd: other.path, env: other.env });
  expect(refused.document).toMatchObject({ code: "REFUSED" });
  expect(existsSync(join(other.path, ".git/dgov"))).toBe(false);
});

test.concurrent("F11 a local project without a commit is refused, since dgov commits nothing of its own there", async () => {
  await using repo = await testRepo({}, { commit: false });
  const at = { cwd: repo.path, env: repo.env };
  expect((await dgov(["init", "-y", "--local"], at)).exitCode).toBe(0);
  await dgov(["init-plan", "p"], at);
  const run = await dgovJson(["run", "p", "-y"], at);
  expect([run.exitCode, run.document["message"]]).toEqual([1, "the repository has no commits"]);
  expect(await repo.git("for-each-ref")).toBe("");
});
