/** Review, autofix and commit of an attempt's changes. */

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { duration } from "../../src/std/text.ts";
import { scaled } from "../harness/limits.ts";
import { type TestSettlement, testSettlement } from "./harness.ts";

const old = "one  \ntwo\nthree  \n";

/** Text of a file in the commit of a passed review, without its last newline. */
async function landed(
  c: TestSettlement,
  outcome: Awaited<ReturnType<TestSettlement["review"]>>,
  path: string,
): Promise<string> {
  if (!outcome.passed) throw new Error(outcome.reason);
  return c.git.repo.git("show", `${outcome.commit}:${path}`);
}

describe("review", () => {
  test("review commits exactly the claimed changes, reproducibly", async () => {
    await using c = await testSettlement({
      files: { "f.txt": old, ".gitignore": "*.log\n" },
      config: { scope: { ignore_files: ["scratch/"] } },
    });
    const files = { "f.txt": "new\n", "scratch/x.txt": "x\n", "a.log": "ignored\n" };
    const outcome = await c.review(files, { edit: ["f.txt"] });
    expect(outcome).toMatchObject({
      passed: true,
      changed: ["f.txt"],
      autofixed: [],
      touched: false,
    });
    if (!outcome.passed) return;
    expect(await c.git.repo.git("diff", "--name-only", c.base, outcome.commit)).toBe("f.txt");
    expect(await c.review(files, { edit: ["f.txt"] })).toEqual(outcome);
  });

  test("A15 an empty diff is rejected; earlier attempts decide on a retry", async () => {
    await using c = await testSettlement({ files: { "f.txt": old } });
    expect(await c.review({}, { edit: ["f.txt"] })).toMatchObject({
      passed: false,
      verdict: "empty_diff",
      retriable: false,
    });
  });

  test.each([
    ["an unclaimed file", "other.txt", ["f.txt"], "scope_violation"],
    ["C9 dgov's own folder", ".dgov/project.toml", ["f.txt", ".dgov"], "reserved_path"],
    ["C9 the structural baseline", ".sentrux/baseline.json", ["**"], "reserved_path"],
    ["C9 the coverage baseline", ".coverage-baseline/coverage.json", ["**"], "reserved_path"],
    ["C9 claimed attributes", ".gitattributes", [".gitattributes"], "reserved_path"],
  ])("review rejects a change of %s", async (_, path, touch, wanted) => {
    await using c = await testSettlement({ files: { "f.txt": old } });
    const outcome = await c.review(
      { "f.txt": "new\n", [path]: "x\n" },
      { touch: ["f.txt", ...touch] },
    );
    expect(outcome).toMatchObject({ passed: false, retriable: false, verdict: wanted });
    if (!outcome.passed) expect(outcome.detail).toContain(path);
  });

  test("C9 .gitignore needs an exact claim", async () => {
    await using c = await testSettlement({});
    const files = { ".gitignore": "x\n" };
    expect((await c.review(files, { touch: ["**"] })).passed).toBe(false);
    expect((await c.review(files, { touch: [".gitignore"] })).passed).toBe(true);
  });

  test("C9 .gitattributes needs an exact claim and the setting", async () => {
    await using c = await testSettlement({ config: { scope: { allow_git_control: true } } });
    const files = { ".gitattributes": "*.txt text\n" };
    expect((await c.review(files, { touch: [".gitattributes"] })).passed).toBe(true);
    expect((await c.review(files, { touch: ["**"] })).passed).toBe(false);
  });

  test("a rewritten .git file is tampering", async () => {
    await using c = await testSettlement({ files: { "f.txt": old } });
    const spoil = (path: string): void => writeFileSync(join(path, ".git"), "gitdir: /tmp/evil\n");
    const outcome = await c.review({ "f.txt": "x\n" }, { edit: ["f.txt"] }, spoil);
    expect(outcome).toMatchObject({ passed: false, verdict: "tampering", retriable: false });
  });

  test("C3 a failing review hook rejects with its output, and files a hook writes are reviewed", async () => {
    await using c = await testSettlement({ files: { "f.txt": old } });
    c.context.config.reviewHooks = ["echo no to {files}; exit 2"];
    const no = await c.review({ "f.txt": "x\n" }, { edit: ["f.txt"] });
    expect(no).toMatchObject({ passed: false, verdict: "hook_fail", retriable: true });
    if (!no.passed) expect(no.detail).toContain("no to f.txt");
    c.context.config.reviewHooks = ["echo x > other.txt"];
    const wrote = await c.review({ "f.txt": "x\n" }, { edit: ["f.txt"] });
    expect(wrote).toMatchObject({ passed: false, verdict: "scope_violation" });
  });
});

describe("autofix", () => {
  const strip = "sed -i 's/ *$//'";
  test.each([
    ["files", `${strip} {files}`],
    ["the whole tree", `${strip} *.txt; touch left.txt`],
  ])("B10 a formatter of %s changes only lines of the attempt", async (_, format) => {
    await using c = await testSettlement({
      files: { "f.txt": old, "other.txt": "other  \n" },
      project: { format_cmd: format },
    });
    const files = { "f.txt": "one  \nTWO  \nthree  \n", "new.txt": "n  \n" };
    const outcome = await c.review(files, { touch: ["f.txt", "new.txt"] });
    expect(await landed(c, outcome, "f.txt")).toBe("one  \nTWO\nthree  ");
    expect(await landed(c, outcome, "new.txt")).toBe("n");
    expect(await landed(c, outcome, "other.txt")).toBe("other  ");
    expect(outcome).toMatchObject({ autofixed: ["f.txt", "new.txt"], touched: true });
  });

  test("C3 a formatter that changes unclaimed files is rejected", async () => {
    await using c = await testSettlement({
      files: { "f.txt": old },
      project: { format_cmd: "touch other.txt; true {files}" },
    });
    const outcome = await c.review({ "f.txt": "x\n" }, { edit: ["f.txt"] });
    expect(outcome).toMatchObject({ passed: false, verdict: "scope_violation", touched: true });
  });

  test("B10 a partial fix that would break a string is not applied", async () => {
    // Acts like a formatter: changes quotes in a valid text, and refuses one with unpaired quotes.
    const swap =
      "for f in {files}; do n=$(grep -c \"'''\" $f); m=$(grep -c '###' $f);" +
      " [ $((n % 2)) = 1 ] || [ $((m % 2)) = 1 ] || sed -i \"s/'''/###/\" $f; done";
    await using c = await testSettlement({
      files: { "f.txt": "x = '''a\nb\n'''\n" },
      project: { format_cmd: swap },
    });
    const text = "y = '''a\nb\n'''\n";
    const outcome = await c.review({ "f.txt": text }, { edit: ["f.txt"] });
    expect(await landed(c, outcome, "f.txt")).toBe(text.trimEnd());
    expect(outcome).toMatchObject({ autofixed: [] });
    const whole = await c.review({ "f.txt": "y = '''A\nB\n''' \n" }, { edit: ["f.txt"] });
    expect(await landed(c, whole, "f.txt")).toBe("y = ###A\nB\n### ");
  });

  test("invalid UTF-8 and line endings survive autofix", async () => {
    await using c = await testSettlement({ project: { format_cmd: `LC_ALL=C ${strip} {files}` } });
    const bytes = Buffer.from([0xff, 0xfe, 0x0d, 0x0a, 0xe4, 0x20, 0x0a]);
    const spoil = (path: string): void => writeFileSync(join(path, "b.txt"), bytes);
    const outcome = await c.review({}, { create: ["b.txt"] }, spoil);
    if (!outcome.passed) throw new Error(outcome.reason);
    const child = Bun.spawnSync(["git", "show", `${outcome.commit}:b.txt`], {
      cwd: c.git.repo.path,
      env: c.git.repo.env,
    });
    expect([...child.stdout]).toEqual([0xff, 0xfe, 0x0d, 0x0a, 0xe4, 0x0a]);
  });

  test("a formatter that deletes a file does not delete it from the attempt", async () => {
    await using c = await testSettlement({
      files: { "f.txt": old },
      project: { format_cmd: "rm {files}" },
    });
    const outcome = await c.review({ "f.txt": "x\n" }, { edit: ["f.txt"] });
    expect(await landed(c, outcome, "f.txt")).toBe("x");
  });

  test("autofix does not write through a link that a formatter put in place of a file or folder", async () => {
    await using c = await testSettlement({ files: { "d/f.txt": old, "victim/f.txt": "victim\n" } });
    const victim = join(c.git.repo.path, "victim");
    c.context.config.commands.format = `rm d/f.txt; ln -s ${victim}/f.txt d/f.txt; true {files}`;
    const file = await c.review({ "d/f.txt": "x\n" }, { edit: ["d/f.txt"] });
    expect(await landed(c, file, "d/f.txt")).toBe("x");
    c.context.config.commands.format = `rm -r d; ln -s ${victim} d; true {files}`;
    const folder = await c.review({ "d/f.txt": "x\n" }, { edit: ["d/f.txt"] });
    expect(folder.passed).toBe(false);
    c.context.config.commands.format = "rm -r d; touch d; true {files}";
    expect((await c.review({ "d/f.txt": "x\n" }, { edit: ["d/f.txt"] })).passed).toBe(false);
    expect(c.git.repo.read("victim/f.txt")).toBe("victim\n");
  });

  test("a formatter that fails or times out leaves a note and rejects nothing", async () => {
    await using c = await testSettlement({
      files: { "f.txt": old },
      project: {
        lint_fix_cmd: "false {files}",
        format_cmd: "sleep 3000; true {files}",
        settlement_timeout: scaled(1),
      },
    });
    const outcome = await c.review({ "f.txt": "x\n" }, { edit: ["f.txt"] });
    expect(outcome).toMatchObject({ passed: true, autofixed: [] });
    if (outcome.passed)
      expect(outcome.notes.join()).toContain(`timed out after ${duration(scaled(1) * 1000)}`);
  });
});
