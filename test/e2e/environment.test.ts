/** Gates judge the candidate's code, not installed copies of the project or code planted for the judge. */
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { dgovJson } from "../harness/bin.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

function put(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

describe("editable Python package", () => {
  const source = (answer: string): string => `def ok():\n    return ${answer}\n`;
  const edit = (answer: string): ModelTurn[] => [
    call("write_file", { path: "src/pkg/__init__.py", content: source(answer) }),
    done("ok"),
  ];

  /** A project whose test imports its package by name, from wherever Python finds it. */
  function project(
    answer: string,
    more: Record<string, unknown> = {},
    turns = edit(answer),
  ): Promise<TestProject> {
    return testProject({
      files: { "src/pkg/__init__.py": source("True"), ".gitignore": ".venv/\n" },
      tasks: { a: { files: { edit: ["src/pkg/__init__.py"], create: ["seen.txt"] } } },
      plan: { max_retries: 0 },
      config: {
        project: {
          test_cmd: "python3 -c 'import pkg, sys; sys.exit(0 if pkg.ok() else 1)'",
          ...more,
        },
      },
      script: { rules: [{ unit: unit("a"), turns }] },
    });
  }

  /** Creates an environment whose package is found in the checkout, in one of the ways of installers. */
  function install(p: TestProject, at: string, how: string): void {
    const made = Bun.spawnSync(["python3", "-m", "venv", "--without-pip", at], { env: p.env });
    expect(made.stderr.toString()).toBe("");
    const [version = ""] = readdirSync(join(at, "lib"));
    const site = join(at, "lib", version, "site-packages");
    if (how === "path file") put(site, "_pkg.pth", `${p.root}/src\n`);
    else {
      const mapping = `MAPPING = {'pkg': '${p.root}/src/pkg'}`;
      put(site, "__editable___pkg_0_finder.py", `${finder.replace("MAPPING = {}", mapping)}`);
      put(site, "__editable__.pkg-0.pth", "import __editable___pkg_0_finder as f; f.install()\n");
      const url = `{"url": "file://${p.root}", "dir_info": {"editable": true}}`;
      put(site, "pkg-0.dist-info/direct_url.json", url);
    }
    p.env["PATH"] = `${join(at, "bin")}:${p.env["PATH"]}`;
  }

  test.concurrent.each([
    ["in the checkout", ".venv", "path file"],
    ["in the checkout", ".venv", "finder"],
    ["elsewhere", "../venvs/pkg", "path file"],
    ["elsewhere", "../venvs/pkg", "finder"],
  ])(
    "A18 an editable package %s (%s, %s) does not let a broken candidate pass",
    async (_, at, how) => {
      await using p = await project("False");
      install(p, join(p.root, at), how);
      expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
      expect(await p.landed()).toEqual([]);
      expect(p.events().some((e) => e.type === "gate.finished" && e.unit === unit("a"))).toBe(true);
    },
  );

  test.concurrent.each(["path file", "finder"])(
    "A18 an editable package elsewhere (%s) lets a valid candidate land",
    async (how) => {
      await using p = await project("1 == 1");
      install(p, join(p.root, "../venvs/pkg"), how);
      expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    },
  );

  test.concurrent.each([".venv", "../venvs/pkg"])(
    "A18 a worker's own tools do not import the editable package in %s",
    async (at) => {
      const look = "python3 -c 'import pkg; print(pkg.ok())' > seen.txt || echo nothing > seen.txt";
      await using p = await project("7", { test_cmd: "true" }, [
        call("write_file", { path: "src/pkg/__init__.py", content: source("7") }),
        call("run_bash", { command: look }),
        done("ok"),
      ]);
      install(p, join(p.root, at), "path file");
      expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
      expect(p.repo.read("seen.txt")).toBe(at === ".venv" ? "nothing\n" : "7\n");
    },
  );

  test.concurrent.each([
    ["lets a valid candidate land", "1 == 1", 0],
    ["rejects a broken candidate", "False", 1],
  ])("A18 an editable package that setup_cmd installs %s", async (_what, answer, exitCode) => {
    await using p = await project(answer, {
      setup_cmd:
        'python3 -m venv --without-pip .venv && for d in .venv/lib/*/site-packages; do echo "$PWD/src" > $d/_pkg.pth; done',
      test_cmd: ".venv/bin/python -c 'import pkg, sys; sys.exit(0 if pkg.ok() else 1)'",
    });
    install(p, join(p.root, ".venv"), "path file");
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, await p.landed()]).toEqual([exitCode, exitCode === 0 ? [unit("a")] : []]);
  });
});

/** The finder that setuptools writes, without namespaces. */
const finder = `import sys
from importlib.util import spec_from_file_location
MAPPING = {}
class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MAPPING:
            return spec_from_file_location(name, MAPPING[name] + "/__init__.py")
def install():
    sys.meta_path.append(Finder)
`;

describe("JavaScript workspace", () => {
  const files = {
    "package.json": '{ "private": true, "workspaces": ["packages/*"] }\n',
    "packages/lib/package.json": '{ "name": "@w/lib", "version": "1.0.0", "main": "index.js" }\n',
    "packages/lib/index.js": "exports.answer = 42;\n",
    "packages/app/package.json": '{ "name": "@w/app", "version": "1.0.0" }\n',
    "packages/app/lib.test.js":
      'const { expect, test } = require("bun:test");\ntest("answer", () => expect(require("@w/lib").answer).toBe(42));\n',
    ".gitignore": "node_modules/\n",
  };
  const project = (answer: string, more: Partial<ProjectOptions> = {}): Promise<TestProject> =>
    testProject({
      files,
      tasks: { a: { files: { edit: ["packages/lib/index.js"] } } },
      plan: { max_retries: 0 },
      config: { project: { test_cmd: `'${process.execPath}' test packages/app` } },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [
              call("write_file", {
                path: "packages/lib/index.js",
                content: `exports.answer = ${answer};\n`,
              }),
              done("ok"),
            ],
          },
        ],
      },
      ...more,
    });

  test.concurrent.each([
    ["relative links, as of package managers, let a valid candidate land", "6 * 7", "../..", 0],
    ["relative links, as of package managers, reject a broken candidate", "41", "../..", 1],
    ["absolute links reject a broken candidate", "41", null, 1],
  ])("A18 workspace packages: %s", async (_what, answer, prefix, exitCode) => {
    await using p = await project(answer);
    mkdirSync(join(p.root, "node_modules/@w"), { recursive: true });
    const target = prefix === null ? join(p.root, "packages/lib") : `${prefix}/packages/lib`;
    symlinkSync(target, join(p.root, "node_modules/@w/lib"));
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, await p.landed()]).toEqual([exitCode, exitCode === 0 ? [unit("a")] : []]);
  });

  test.concurrent("A18 workspace links in a package's own folder reject a broken candidate", async () => {
    await using p = await project("41");
    mkdirSync(join(p.root, "packages/app/node_modules/@w"), { recursive: true });
    symlinkSync("../../../lib", join(p.root, "packages/app/node_modules/@w/lib"));
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  });
});

describe("planted code", () => {
  /** Files that Bun, Node, Python, git and the shell load; each records that it was executed. */
  const plants = (ran: string): Record<string, string> => {
    const js = `require("node:fs").writeFileSync(${JSON.stringify(ran)}, __filename); process.exit(0);\n`;
    const py = `open(${JSON.stringify(ran)}, "w").write(__file__)\n`;
    const sh = `#!/bin/sh\necho "$0" > '${ran}'\nexit 0\n`;
    return {
      "evil.js": js,
      "bunfig.toml": 'preload = ["./evil.js"]\n[test]\npreload = ["./evil.js"]\n',
      ".env": "BUN_OPTIONS=--preload=./evil.js\nNODE_OPTIONS=--require=./evil.js\n",
      "package.json": '{ "name": "dgov", "type": "commonjs", "main": "evil.js" }\n',
      "tsconfig.json": '{ "compilerOptions": { "paths": { "citty": ["./evil.js"] } } }\n',
      "node_modules/citty/index.js": js,
      "node_modules/web-tree-sitter/index.js": js,
      "dgov/__init__.py": py,
      "dgov/__main__.py": py,
      "dgov/index.js": js,
      "src/json.py": py,
      "json.py": py,
      "sitecustomize.py": py,
      "usercustomize.py": py,
      git: sh,
      sh,
      grep: sh,
    };
  };
  const write = (files: Record<string, string>): ModelTurn => ({
    calls: Object.entries(files).map(([path, content]) => ({
      tool: "write_file",
      args: { path, content },
    })),
  });
  const project = async (text: string): Promise<{ p: TestProject; ran: string }> => {
    const planted: Record<string, string> = {};
    const p = await testProject({
      tasks: {
        a: { files: { touch: ["**"] } },
        b: { depends_on: ["a"], files: { create: ["b.txt"] } },
      },
      plan: { max_retries: 0 },

      config: { project: { lint_cmd: "! grep -q BAD *.txt", format_cmd: "true {files}" } },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [
              () => write({ ...planted, "a.txt": text }),
              call("run_bash", { command: "chmod +x git sh grep" }),
              done("ok"),
            ],
          },
          {
            unit: unit("b"),
            turns: [
              call("run_bash", { command: "cat a.txt" }),
              call("write_file", { path: "b.txt", content: text }),
              done("ok"),
            ],
          },
        ],
      },
    });
    const ran = join(p.repo.root, "ran");
    Object.assign(planted, plants(ran));
    return { p, ran };
  };

  test.concurrent("A14 code that a candidate plants cannot make a failing gate pass", async () => {
    const { p, ran } = await project("BAD\n");
    await using _ = p;
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
    expect(existsSync(ran)).toBe(false);
  });

  test.concurrent("A14 code that a candidate plants is executed by no part of dgov, even after landing", async () => {
    const { p, ran } = await project("good\n");
    await using _ = p;
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, await p.landed()]).toEqual([0, [unit("a"), unit("b")]]);
    expect(existsSync(ran)).toBe(false);
  });
});

test.concurrent("F8 gates and tools get the variables of toolchains, and no secret or folder that trees would share", async () => {
  const seen =
    'printf "%s\\n" "$RUSTUP_HOME" "$UV_CACHE_DIR" "$CARGO_TARGET_DIR$npm_config__auth$UV_INDEX_URL$UV_MODEL"';
  await using p = await testProject({
    files: { ".gitignore": ".go/\n" },
    tasks: { a: { files: { create: ["seen.txt"] } } },
    config: {
      project: {
        test_cmd: `[ "$GOPATH" = "$(pwd -P)/.go" ] && if [ -e seen.txt ]; then ${seen} | cmp - seen.txt; fi`,
      },
    },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [call("run_bash", { command: `${seen} > seen.txt` }), done("ok")],
        },
      ],
    },
  });
  const variables = {
    RUSTUP_HOME: "/opt/rustup",
    UV_CACHE_DIR: "/opt/uv",
    GOPATH: join(p.root, ".go"),
    CARGO_TARGET_DIR: "/tmp/target",
    npm_config__auth: "dTpw",
    UV_INDEX_URL: "https://u:p@pypi.example.org/simple",
    UV_MODEL: p.env["TEST_KEY"] ?? "",
  };
  const run = await p.dgov(["run", "p"], variables);
  expect([run.exitCode, run.stderr]).toEqual([0, expect.not.stringContaining("the base is red")]);
  expect(p.repo.read("seen.txt")).toBe("/opt/rustup\n/opt/uv\n\n");
  const at = { cwd: p.root, env: { ...p.env, ...variables } };
  const rows = async (): Promise<unknown[]> =>
    ((await dgovJson(["doctor"], at)).document["checks"] as { check: string }[]).filter(
      ({ check }) => check === "toolchain",
    );
  expect(await rows()).toEqual([
    {
      check: "toolchain",
      state: "ok",
      detail:
        "GOPATH, RUSTUP_HOME, UV_CACHE_DIR passed to commands; withheld: CARGO_TARGET_DIR (one folder for all trees), UV_INDEX_URL (may hold a secret), UV_MODEL (may hold a secret), npm_config__auth (may hold a secret)",
      next: null,
    },
  ]);
  const config = join(p.root, ".dgov/project.toml");
  writeFileSync(config, `${readFileSync(config, "utf8")}\n[run]\nenv = ["CARGO_TARGET_DIR"]\n`);
  expect(await rows()).toMatchObject([
    { state: "warn", next: expect.stringContaining("[run] env") },
  ]);
});
