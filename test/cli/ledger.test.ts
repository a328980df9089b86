/** `dgov ledger`, merging of ledgers between clones, and ledger entries in worker prompts. */
import { describe, expect, test } from "bun:test";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type DgovRun, dgov } from "../harness/bin.ts";
import { testProject, unit } from "../harness/project.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";

const file = ".dgov/ledger.jsonl";

function project(): Promise<TestRepo> {
  return testRepo({ ".dgov/project.toml": "" });
}

function ledgerIn(cwd: string, repo: TestRepo) {
  return (...args: string[]): Promise<DgovRun> => dgov(["ledger", ...args], { cwd, env: repo.env });
}

/** Id of the entry that `ledger add` printed. */
async function added(run: Promise<DgovRun>): Promise<string> {
  return /^added \w+ (\w+)/.exec((await run).stdout)?.[1] ?? "";
}

describe("ledger", () => {
  test("a ledger entry is added, listed, shown, resolved and reopened", async () => {
    await using repo = await project();
    const ledger = ledgerIn(repo.path, repo);
    const more = ["--path", "./src/", "--path", "src", "--tag", "time", "--severity", "high"];
    const id = await added(ledger("add", "rule", "Dates are UTC", ...more));
    expect((await ledger("list")).stdout).toBe(`${id}    rule, high  src  Dates are UTC\n`);
    const { entries } = JSON.parse((await ledger("list", "--json")).stdout);
    expect(entries).toEqual([
      {
        id,
        status: "open",
        category: "rule",
        severity: "high",
        text: "Dates are UTC",
        paths: ["src"],
        tags: ["time"],
        opened_at: expect.stringMatching(/^\d{4}-/),
        opened_by: expect.any(String),
        changes: [],
      },
    ]);
    const resolved = await ledger("resolve", id.slice(0, 6), "--note", "no longer", "--json");
    expect(JSON.parse(resolved.stdout)).toMatchObject({
      schema: "dgov.ledger-entry/1",
      changed: true,
      entry: { id, status: "resolved", changes: [{ event: "resolved", note: "no longer" }] },
    });
    expect((await ledger("list")).stdout).toBe("no matching entries\n");
    expect((await ledger("show", id)).stdout).toContain(": no longer");
    const again = await ledger("resolve", id);
    expect([again.stdout, again.exitCode]).toEqual([`rule ${id} is already resolved\n`, 0]);
    expect((await ledger("reopen", id)).stdout).toBe(`reopened rule ${id}\n`);
    expect(repo.read(file).trimEnd().split("\n")).toHaveLength(3);
  });

  test("ledger list filters by category, status, text, tag and path", async () => {
    await using repo = await project();
    const ledger = ledgerIn(repo.path, repo);
    const rule = await added(ledger("add", "rule", "Never print", "--path", "src/**/*.ts"));
    const bug = await added(ledger("add", "bug", "Prints twice", "--path", "lib", "--tag", "io"));
    const old = await added(ledger("add", "debt", "Copied"));
    await ledger("resolve", old);
    const ids = async (...args: string[]): Promise<string[]> =>
      JSON.parse((await ledger("list", "--json", ...args)).stdout).entries.map(
        (entry: { id: string }) => entry.id,
      );
    expect(await ids()).toEqual([bug, rule]);
    expect(await ids("-c", "rule")).toEqual([rule]);
    expect(await ids("-s", "resolved")).toEqual([old]);
    expect(await ids("-s", "all")).toEqual([old, bug, rule]);
    expect(await ids("-q", "PRINT")).toEqual([bug, rule]);
    expect(await ids("--tag", "io")).toEqual([bug]);
    expect(await ids("--path", "src/app")).toEqual([rule]);
  });

  test.each([
    [["add", "gossip", "x"], 2, "is not a category"],
    [["add", "bug", " "], 2, "the text is empty"],
    [["add", "bug", "x".repeat(4001)], 2, "longer than 4000"],
    [["add", "bug", "x", "--path", "../up"], 2, "contains `..`"],
    [["add", "bug", "x", "--path", "/etc"], 2, "is absolute"],
    [["add", "bug", "x", "--tag", "a b"], 2, "is not a tag"],
    [
      ["add", "bug", "x", "--severity", "dire"],
      2,
      '--severity takes low, normal, high, not "dire"',
    ],
    [["list", "-s", "closed"], 2, '--status takes open, resolved, all, not "closed"'],
    [["show", "zzz"], 1, "no entry zzz"],
    [["resolve", "zzz"], 1, "no entry zzz"],
    [["reopen", ""], 1, "no entry"],
  ])("ledger rejects %j and writes nothing", async (args, exitCode, message) => {
    await using repo = await project();
    const run = await ledgerIn(repo.path, repo)(...args);
    expect([run.exitCode, run.stdout]).toEqual([exitCode, ""]);
    expect(run.stderr).toContain(message);
    expect(existsSync(join(repo.path, file))).toBe(false);
  });

  test("an ambiguous ledger id is rejected with the ids it matches, and a number with the length that is needed", async () => {
    await using repo = await project();
    const line = (id: string): string =>
      `{"id":"${id}","event":"opened","ts":"2026-01-02","by":"","category":"bug","text":"x"}\n`;
    repo.write(file, line("abcd1") + line("abcd2") + line("1f2e3"));
    const short = await ledgerIn(repo.path, repo)("resolve", "1");
    expect([short.exitCode, short.stderr]).toEqual([
      1,
      "error: no entry 1\nhint: give the id, or at least its first 4 characters: dgov ledger list\n",
    ]);
    const run = await ledgerIn(repo.path, repo)("show", "abcd");
    expect([run.exitCode, run.stderr]).toEqual([
      1,
      'error: "abcd" matches abcd1, abcd2\nhint: dgov ledger list -s all\n',
    ]);
  });

  test("E9 ledger list creates no file", async () => {
    await using repo = await project();
    const run = await ledgerIn(repo.path, repo)("list");
    expect([run.stdout, run.exitCode]).toEqual(["the ledger is empty\n", 0]);
    expect(await repo.git("status", "--porcelain", "--ignored")).toBe("");
  });

  test("broken ledger lines are reported by file and line, and kept", async () => {
    await using repo = await project();
    const ledger = ledgerIn(repo.path, repo);
    const id = await added(ledger("add", "bug", "x"));
    repo.write(file, `${repo.read(file)}{"half": `);
    await ledger("add", "bug", "y");
    expect(repo.read(file).split("\n")[1]).toBe('{"half": ');
    const run = await ledger("list");
    expect([run.exitCode, run.stdout]).toEqual([0, expect.stringContaining(id)]);
    expect(run.stderr).toContain(`${file}:2: not JSON`);
    expect(JSON.parse((await ledger("list", "--json")).stdout)).toMatchObject({
      entries: [{ text: "y" }, { text: "x" }],
      broken: [{ file, line: 2, problem: "not JSON" }],
    });
  });

  test("C13 control characters in entries are not printed, and a ledger that is a link is not followed", async () => {
    await using repo = await project();
    const ledger = ledgerIn(repo.path, repo);
    const id = await added(ledger("add", "bug", "red \u001b[31m and \u202eleft", "--path", "a"));
    for (const run of [await ledger("list"), await ledger("show", id)]) {
      expect(run.stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    }
    const outside = join(repo.root, "outside");
    writeFileSync(outside, "kept");
    await repo.git("clean", "-fdxq");
    symlinkSync(outside, join(repo.path, file));
    const run = await ledger("add", "bug", "x");
    expect([run.exitCode, run.stderr]).toEqual([4, expect.stringContaining("is a link")]);
    expect(await Bun.file(outside).text()).toBe("kept");
  });
});

describe("ledgers of clones", () => {
  test("ledger entries of two clones merge without a conflict", async () => {
    await using repo = await testRepo({ "readme.txt": "" });
    const init = await dgov(["init", "-y", "--provider", "other"], {
      cwd: repo.path,
      env: repo.env,
    });
    expect(init.exitCode).toBe(0);
    const here = ledgerIn(repo.path, repo);
    const shared = await added(here("add", "rule", "shared"));
    await repo.git("add", "-A");
    await repo.git("commit", "-qm", "ledger");
    await repo.git("clone", "-q", ".", "../clone");
    const clone = join(repo.root, "clone");
    const there = ledgerIn(clone, repo);
    const mine = await added(here("add", "bug", "mine"));
    await here("resolve", shared);
    const theirs = await added(there("add", "debt", "theirs"));
    await repo.git("commit", "-qam", "mine");
    await repo.git("-C", clone, "commit", "-qam", "theirs");
    await repo.git("pull", "-q", "--no-rebase", "--no-edit", clone, "main");
    const list = JSON.parse((await here("list", "-s", "all", "--json")).stdout);
    expect(list.broken).toEqual([]);
    expect(list.entries.map((e: { id: string; status: string }) => [e.id, e.status])).toEqual([
      [theirs, "open"],
      [mine, "open"],
      [shared, "resolved"],
    ]);
  });
});

describe("ledger entries for workers", () => {
  test("E2 workers get the ledger entries of their claims in every attempt, and compile --show prints them", async () => {
    await using p = await testProject({
      files: { "check.sh": "! grep -q bad a.txt\n" },
      config: { project: { test_cmd: "sh check.sh" } },
      tasks: { a: {}, b: {} },
      script: {
        rules: [
          {
            unit: unit("a"),
            attempt: 1,
            turns: [call("write_file", { path: "a.txt", content: "bad\n" }), done("ok")],
          },
          {
            unit: unit("a"),
            turns: [call("write_file", { path: "a.txt", content: "good\n" }), done("ok")],
          },
        ],
      },
    });
    for (const [text, path] of [
      ["Say good", "a.txt"],
      ["Say well", "b.txt"],
    ] as const) {
      await p.dgov(["ledger", "add", "rule", text, "--path", path]);
    }
    const shown = await p.dgov(["compile", "p", "--dry-run", "--show", "a"]);
    expect(shown.stdout).toContain("- rule (a.txt): Say good\n<<<END ledger>>>");
    expect(shown.stdout).toMatch(/^ {2}ledger: \d+ bytes$/m);
    const run = await p.dgov(["run", "p", "--only", "a"]);
    expect([run.exitCode, run.stderr]).toEqual([0, expect.anything()]);
    for (const attempt of [1, 2]) {
      const request = p.model.requests.find(({ conversation }) => conversation.attempt === attempt);
      const prompt = JSON.stringify(request?.body["messages"]);
      expect(prompt).toContain("- rule (a.txt): Say good");
      expect(prompt).not.toContain("Say well");
    }
  });
});
