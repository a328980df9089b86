/** Folders in the place of dgov's own files, and files in the place of its folders, as a worker can leave them. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const write = (path: string): ModelTurn => call("write_file", { path, content: `${path}\n` });

const source = { "one.ts": "export const one = 1;\n" };

type Thing = "folder" | "file" | "link";

function put(root: string, path: string, thing: Thing): void {
  const at = join(root, path);
  rmSync(at, { recursive: true, force: true });
  mkdirSync(dirname(at), { recursive: true });
  if (thing === "folder") mkdirSync(at);
  else if (thing === "file") writeFileSync(at, "x\n");
  else symlinkSync("nowhere", at);
}

/** A project whose plan `p` has units `a` and `b`, one after the other; `b` starts to work after `during`. */
async function project(
  during: (p: TestProject) => void,
  files: Record<string, string> = {},
  more: Partial<ProjectOptions> = {},
): Promise<TestProject> {
  const p: TestProject = await testProject({
    files: {
      ...source,
      ".dgov/plans/q/_root.toml": '[plan]\nname = "q"\nsections = ["tasks"]\n',
      ".dgov/plans/q/tasks/main.toml":
        '[tasks.c]\nsummary = "c"\nprompt = "Write c.txt"\nfiles.create = ["c.txt"]\ncommit_message = "c"\n',
      ...files,
    },
    tasks: { a: {}, b: { depends_on: ["a"] } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        { unit: unit("a"), turns: [write("a.txt"), done("ok")] },
        {
          unit: unit("b"),
          turns: [{ ...write("b.txt"), until: async () => during(p) }, done("ok")],
        },
        { unit: unit("c"), turns: [write("c.txt"), done("ok")] },
        { turns: [write("zz.txt"), done("ok")] },
      ],
    },
    ...more,
  });
  return p;
}

describe("B20 a worker that puts", () => {
  test.concurrent.each<[Thing, string]>([
    ["folder", ".sentrux/baseline.json"],
    ["folder", ".sentrux/dgov-baseline.json"],
    ["folder", ".dgov/plans/deployed.jsonl"],
    ["folder", ".dgov/plans/q/_compiled.toml"],
    ["folder", ".dgov/ledger.jsonl"],
    ["file", ".dgov/out"],
    ["file", ".dgov/out/plans"],
    ["file", ".dgov/runtime"],
    ["file", ".dgov/runtime/fix-plans"],
    ["file", ".dgov/plans/archive"],
    ["link", ".dgov/plans/archive"],
    ["file", ".sentrux"],
  ])("a %s at %s leaves landed units landed, and commands name it", async (thing, path) => {
    await using p = await project(({ root }) => put(root, path, thing));
    const run = await p.dgov(["run", "p"]);
    expect({ code: run.exitCode, text: run.stderr }).not.toMatchObject({ code: 70 });
    expect(await p.landed()).toContain(unit("a"));
    expect(p.events().at(-1)?.type).toBe("run.finished");
    for (const args of [
      ["plan", "list"],
      ["plan", "status", "p"],
      ["status"],
      ["doctor"],
      ["preflight"],
      ["sentrux", "status"],
      ["run", "q", "--allow-dirty"],
      ["fix", "Write zz.txt", "-f", "zz.txt", "-y"],
      ["undo"],
      ["archive-plan", "q"],
    ]) {
      const { exitCode, stdout, stderr } = await p.dgov(args);
      const text = stdout + stderr;
      expect({ args, exitCode, text }).not.toMatchObject({ exitCode: 70 });
      if (exitCode === 4) expect(text).toContain(path);
    }
    rmSync(join(p.root, path), { recursive: true, force: true });
    expect((await p.dgov(["plan", "list"])).exitCode).toBe(0);
  });
});

test.concurrent("B20 a folder in the place of a file is named with the remedy", async () => {
  await using p = await project(() => {});
  put(p.root, ".sentrux/baseline.json", "folder");
  const run = await p.dgov(["run", "p"]);
  expect(run.exitCode).toBe(4);
  expect(run.stderr).toContain(
    ".sentrux/baseline.json is a folder, where dgov expects a file\nhint: look at it, remove it or move it away, then retry",
  );
  rmSync(join(p.root, ".sentrux"), { recursive: true });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
});

test.concurrent("B20 a project with a file of its own at .sentrux gets a warning and no saved baseline", async () => {
  await using p = await project(() => {}, { ".sentrux": "mine\n" });
  const run = await p.dgov(["run", "p"]);
  expect({ code: run.exitCode, text: run.stderr }).toMatchObject({ code: 0 });
  expect(run.stdout + run.stderr).toMatch(
    /the structural baseline was not saved: \S+\.sentrux is a file, where dgov expects a folder/,
  );
  expect(await p.landed()).toEqual([unit("a"), unit("b")]);
  expect((await p.dgov(["sentrux", "gate-save"])).exitCode).toBe(4);
});

test("B20 a folder in the place of project.toml is no reason for the default configuration", async () => {
  await using p = await testProject({ tasks: { a: {} }, script: { rules: [] } });
  rmSync(join(p.root, ".dgov/project.toml"));
  mkdirSync(join(p.root, ".dgov/project.toml"));
  const run = await p.dgov(["run", "p"]);
  expect(run.exitCode).toBe(4);
  expect(run.stderr).toContain(".dgov/project.toml is a folder, where dgov expects a file");
});
