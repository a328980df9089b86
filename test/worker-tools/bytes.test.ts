/** E12, E13: editing tools keep all bytes outside the edit, and git_diff shows every kind of change. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { WorkerRequest } from "../../src/worker/protocol.ts";
import { callTool, toolsFor } from "../../src/worker/tools/index.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";

let repo: TestRepo;
let request: WorkerRequest;

beforeAll(async () => {
  repo = await testRepo({ "gone.txt": "gone\n", "old.txt": "moved\n", "kept.txt": "kept\n" });
  request = {
    role: "worker",
    worktree: repo.path,
    projectDir: "",
    base: await repo.git("rev-parse", "HEAD"),
    marker: `bytes-test-${process.pid}/x/1`,
    claims: { create: [], edit: [], delete: [], touch: ["**"], read: [] },
    scope: { allow: [], deny: [], ignore: [], allowGitControl: false },
    limits: { toolOutputBytes: 65_536 },
    confine: null,
    toolEnvironment: repo.env,
  } as unknown as WorkerRequest;
});

afterAll(() => repo[Symbol.asyncDispose]());

async function call(tool: string, args: object): Promise<{ ok: boolean; text: string }> {
  const context = { request, root: repo.path, signal: new AbortController().signal };
  const { result } = await callTool(toolsFor("worker"), tool, JSON.stringify(args), context);
  return result;
}

/** Contents by description; each has a line `two` that the edit changes to `TWO`. */
const contents: Record<string, string> = {
  LF: "one\ntwo\nthree\n",
  CRLF: "one\r\ntwo\r\nthree\r\n",
  "mixed line endings": "one\r\ntwo\nthree\r\nfour",
  "a BOM": "\uFEFFone\ntwo\nthree\n",
  "a BOM and CRLF": "\uFEFFone\r\ntwo\r\nthree\r\n",
  "no final newline": "one\ntwo\nthree",
  "the edit on a last line without newline": "one\r\ntwo",
  "trailing spaces and a form feed": "one  \ntwo\n\f\tthree \n\n\n",
  "several scripts": "eins ä\ntwo\n三 \u{1F600}\n",
};

const edits: Record<string, (path: string, text: string) => [tool: string, args: object]> = {
  edit_file: (path) => ["edit_file", { path, old_text: "two", new_text: "TWO" }],
  "apply_patch, unified": (path, text) => {
    const [first = "", , third] = text.replace(/^\uFEFF/, "").split(/\r?\n/);
    const body = [
      ` ${first}`,
      "-two",
      "+TWO",
      ...(third === undefined || third === "" ? [] : [` ${third}`]),
    ];
    const count = body.length - 1;
    const head = `--- a/${path}\n+++ b/${path}\n@@ -1,${count} +1,${count} @@\n`;
    return ["apply_patch", { patch: `${head}${body.join("\n")}\n` }];
  },
  "apply_patch, envelope": (path) => [
    "apply_patch",
    { patch: `*** Begin Patch\n*** Update File: ${path}\n@@\n-two\n+TWO\n*** End Patch\n` },
  ],
};

const cases = Object.keys(edits).flatMap((edit) => Object.keys(contents).map((of) => [edit, of]));

test.each(cases)("E12 %s changes only the edited line of a file with %s", async (edit, of) => {
  const text = contents[of ?? ""] ?? "";
  const path = `in/${cases.findIndex(([e, o]) => e === edit && o === of)}.txt`;
  mkdirSync(join(repo.path, "in"), { recursive: true });
  writeFileSync(join(repo.path, path), text);
  const [tool, args] = edits[edit ?? ""]?.(path, text) ?? ["", {}];
  const { ok, text: said } = await call(tool, args);
  expect([ok, ok ? "" : said]).toEqual([true, ""]);
  expect(readFileSync(join(repo.path, path), "utf8")).toBe(text.replace("two", "TWO"));
});

test.each([
  ["missing context", " onE\n-two\n+TWO\n three\n"],
  ["a missing removed line", " one\n-tw0\n+TWO\n three\n"],
  ["context that fits twice", "-x\n+y\n"],
])("E12 apply_patch rejects %s and changes nothing", async (name, hunk) => {
  const path = "in/refused.txt";
  const text = name.includes("twice") ? "x\nx\n" : "one\ntwo\nthree\n";
  mkdirSync(join(repo.path, "in"), { recursive: true });
  writeFileSync(join(repo.path, path), text);
  for (const patch of [
    `--- a/${path}\n+++ b/${path}\n@@ -7,${hunk.match(/^[ -]/gm)?.length} +7,${hunk.match(/^[ +]/gm)?.length} @@\n${hunk}`,
    `*** Begin Patch\n*** Update File: ${path}\n@@\n${hunk}*** End Patch\n`,
  ]) {
    expect([
      (await call("apply_patch", { patch })).ok,
      readFileSync(join(repo.path, path), "utf8"),
    ]).toEqual([false, text]);
  }
});

test("E12 move_file and revert_file keep every byte", async () => {
  const odd = Buffer.from([0xef, 0xbb, 0xbf, 0, 255, 13, 10, 13]);
  mkdirSync(join(repo.path, "in"), { recursive: true });
  writeFileSync(join(repo.path, "in/odd.bin"), odd);
  expect((await call("move_file", { from: "in/odd.bin", to: "in/moved.bin" })).ok).toBe(true);
  expect(readFileSync(join(repo.path, "in/moved.bin"))).toEqual(odd);
  writeFileSync(join(repo.path, "kept.txt"), odd);
  expect((await call("revert_file", { path: "kept.txt" })).ok).toBe(true);
  expect(repo.read("kept.txt")).toBe("kept\n");
});

test("E13 git_diff shows new, deleted, renamed, dot and binary files", async () => {
  rmSync(join(repo.path, "in"), { recursive: true, force: true });
  for (const [path, content] of Object.entries({
    "new.txt": "new\n",
    ".config/.dot": "dotted\n",
  })) {
    mkdirSync(dirname(join(repo.path, path)), { recursive: true });
    writeFileSync(join(repo.path, path), content);
  }
  writeFileSync(join(repo.path, "data.bin"), Buffer.from([0, 1, 2]));
  await call("delete_file", { path: "gone.txt" });
  await call("move_file", { from: "old.txt", to: "moved.txt" });
  const { text } = await call("git_diff", {});
  const heads = [...text.matchAll(/^diff --git a\/(\S+) b\/\S+\n(\w+)/gm)];
  expect(heads.map(([, path, what]) => `${what} ${path}`).sort()).toEqual([
    "deleted gone.txt",
    "deleted old.txt",
    "new .config/.dot",
    "new data.bin",
    "new moved.txt",
    "new new.txt",
  ]);
});

test("a write that fails in the middle leaves the file as it was, and no new file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dgov-bytes-"));
  try {
    writeFileSync(join(folder, "old.txt"), "old\n");
    // A limit on the size of files fails a write after its first part, like a full disk.
    const script = `
      const { writeOrRestore } = await import(${JSON.stringify(join(import.meta.dir, "../../src/worker/tools/paths.ts"))});
      for (const name of ["old.txt", "new.txt"]) {
        try { writeOrRestore(${JSON.stringify(folder)} + "/" + name, "x".repeat(100_000)); } catch (e) { console.log(e.code); }
      }`;
    const limited = `trap '' XFSZ; ulimit -f 8; exec "$0" -e "$1"`;
    const child = Bun.spawnSync(["bash", "-c", limited, process.execPath, script]);
    expect(child.stdout.toString()).toBe("EFBIG\nEFBIG\n");
    expect(readFileSync(join(folder, "old.txt"), "utf8")).toBe("old\n");
    expect(existsSync(join(folder, "new.txt"))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
