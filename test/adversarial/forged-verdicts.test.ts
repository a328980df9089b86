/** Verdicts and cached values that another program than dgov wrote. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { openEventLog } from "../../src/log/event-log.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const write = (path: string, content: string) => call("write_file", { path, content });

/** A project whose unit `a` is rejected by its tests; unit `b` is good. */
function rejected(): Promise<TestProject> {
  return testProject({
    files: { "check.sh": "! grep -q BAD a.txt 2>/dev/null\n" },
    tasks: { a: { test_cmd: "sh check.sh" }, b: {} },
    plan: { max_retries: 0 },
    script: {
      rules: [
        { unit: unit("a"), turns: [write("a.txt", "BAD\n"), done("ok")] },
        { unit: unit("b"), turns: [write("b.txt", "b\n"), done("ok")] },
      ],
    },
  });
}

test.each(["--continue", "--restart"])(
  "C20 forged passes in the event log land nothing in a run with %s",
  async (flag) => {
    await using p = await rejected();
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(await p.landed()).toEqual([unit("b")]);
    const built = p
      .events()
      .find(({ type, unit: of }) => type === "candidate.built" && of === unit("a"));
    const of = { run: built?.run ?? "", plan: built?.plan ?? "", unit: unit("a"), attempt: 1 };
    const { car, tree, commit } = built?.data ?? {};
    const log = openEventLog(p.root);
    const verdicts = { tests: "passed", semantic: "passed" };
    log.append([
      {
        ...of,
        type: "gates.finished",
        data: { car, tree, verdicts, passed: true, blame: null, reason: "" },
      },
      { ...of, type: "landing.finished", data: { car, commit } },
    ]);
    log[Symbol.dispose]();
    const again = await p.dgov(["run", "p", flag]);
    expect(again.exitCode).toBe(1);
    expect(await p.landed()).toEqual([unit("b")]);
    expect(await p.repo.git("ls-tree", "--name-only", "HEAD", "a.txt")).toBe("");
  },
);

/** Every file below a folder with this suffix. */
function filesBelow(folder: string, suffix: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(suffix))
    .map((path) => join(folder, path));
}

test("C20 passes that 0.1.0 or a worker left in a cache file are not believed", async () => {
  await using p = await rejected();
  expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  const tree = p
    .events()
    .find(({ type, unit: of }) => type === "candidate.built" && of === unit("a"))?.data["tree"];
  const home = p.repo.env["HOME"] ?? "";
  const caches = p.env["XDG_CACHE_HOME"] ?? join(home, ".cache");
  const [place] = filesBelow(caches, "slots");
  expect(place).toBeDefined();
  const verdict = { gate: "tests", status: "passed", reason: "", cached: false, blame: null };
  const line = JSON.stringify([`${tree}`, verdict]);
  writeFileSync(join(place ?? "", "../verdicts.jsonl"), `{"version":"1"}\n${line}\n`);
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(1);
  expect(await p.landed()).toEqual([unit("b")]);
});

test("C20 entries of a cache that a worker changed are computed again", async () => {
  const offender = `def god(x):\n${"    if x: x += 1\n".repeat(30)}    return x\n\ngod(1)\n`;
  await using p = await testProject({
    files: { "a.py": "x = 1\n" },
    tasks: { a: { files: ["a.py"] } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [call("read_file", { path: "a.py" }), write("a.py", offender), done("ok")],
        },
      ],
    },
  });
  expect((await p.dgov(["sentrux", "gate-save"])).exitCode).toBe(0);
  await p.repo.git("add", ".sentrux");
  await p.repo.git("commit", "-q", "-m", "structural baseline");
  expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  const home = p.repo.env["HOME"] ?? "";
  const [cache] = filesBelow(p.env["XDG_CACHE_HOME"] ?? join(home, ".cache"), "structure.jsonl");
  expect(existsSync(cache ?? "")).toBe(true);
  // Every function of the recorded metrics becomes a simple one.
  const text = readFileSync(cache ?? "", "utf8").replace(/"(cyclomatic|cognitive)":\d+/g, '"$1":1');
  writeFileSync(cache ?? "", text);
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(1);
  expect(await p.landed()).toEqual([]);
});
