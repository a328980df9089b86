/** Every tool with valid, invalid and hostile arguments, in a real worktree. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { WorkerRequest } from "../../src/worker/protocol.ts";
import { callTool, toolsFor } from "../../src/worker/tools/index.ts";
import {
  allRoles,
  argumentSchema,
  type Tool,
  type ToolContext,
  toolAnswer,
  writingTools,
} from "../../src/worker/tools/tool.ts";
import { scaled } from "../harness/limits.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";

let repo: TestRepo;
let request: WorkerRequest;

beforeAll(async () => {
  repo = await testRepo({
    "src/a.ts": "export function alpha() {\n  return 1;\n}\n",
    "src/b.ts": 'import { alpha } from "./a.ts";\nalpha();\n',
    "crlf.txt": "one\r\ntwo\r\nthree\r\n",
    "bom.txt": "\uFEFFone\ntwo",
    "data.json": '{ "scripts": { "test": "x" }, "items": [{ "n": 1 }, { "n": 2 }] }\n',
    ".hidden/f.txt": "hidden\n",
    "readme.md": "hello\n",
    "run me.sh": "#!/bin/sh\nexit 0\n",
  });
  writeFileSync(join(repo.path, "binary.bin"), Buffer.from([0, 1, 2, 255]));
  writeFileSync(join(repo.path, "latin.txt"), Buffer.from([0xe4, 0xf6, 10]));
  symlinkSync("/etc/passwd", join(repo.path, "out"));
  symlinkSync("nowhere", join(repo.path, "dangling"));
  symlinkSync("..", join(repo.path, "up"));
  execFileSync("mkfifo", [join(repo.path, "pipe")]);
  request = {
    role: "worker",
    worktree: repo.path,
    projectDir: "",
    base: await repo.git("rev-parse", "HEAD"),
    marker: `tools-test-${process.pid}/x/1`,
    claims: {
      create: ["new/**"],
      edit: ["*.txt", "src/**"],
      delete: ["readme.md"],
      touch: ["moved.md"],
      read: [],
    },
    summary: "",
    scope: { allow: [], deny: [], ignore: [], allowGitControl: false },
    departments: [],
    operatorPaths: [],
    limits: {
      toolOutputBytes: 65_536,
      bashTimeoutMs: scaled(20_000),
      bashTimeoutMaxMs: 20_000,
      commandTimeoutMs: scaled(20_000),
    },
    commands: {
      test: "echo testing {test_dir}",
      lint: "false {file}",
      lintFix: null,
      format: null,
      typeCheck: "true",
      verify: { unit: "echo unit" },
      gates: {},
    },
    toolPolicy: {
      restrictRunBash: false,
      denyShellCommands: [],
      denyShellFileMutations: false,
      requireWrappedVerifyTools: false,
      requireUvRun: false,
    },
    confine: null,
    toolEnvironment: repo.env,
    project: { srcDir: "src/", testDir: "tests/" },
  } as unknown as WorkerRequest;
});

afterAll(async () => {
  await repo[Symbol.asyncDispose]();
});

async function call(tool: string, args: unknown, changes: Partial<WorkerRequest> = {}) {
  const tools = toolsFor("worker");
  const context = contextOf(changes);
  const text = typeof args === "string" ? args : JSON.stringify(args);
  return (await callTool(tools, tool, text, context)).result;
}
function contextOf(changes: Partial<WorkerRequest>): ToolContext {
  const changed = { ...request, ...changes };
  const root = join(repo.path, changed.projectDir);
  return { request: changed, root, signal: new AbortController().signal };
}
const ok = async (tool: string, args: unknown): Promise<string> => {
  const result = await call(tool, args);
  expect([tool, args, result.ok, result.ok ? "" : result.text]).toEqual([tool, args, true, ""]);
  return result.text;
};
const no = async (tool: string, args: unknown): Promise<string | null> => {
  const result = await call(tool, args);
  expect([tool, args, result.ok]).toEqual([tool, args, false]);
  return result.errorKind;
};
const bytes = (path: string): string => readFileSync(join(repo.path, path), "latin1");

describe("invalid calls", () => {
  const names = toolsFor("worker").map((tool) => tool.name);

  test.each(names)("D6 %s answers arguments of every wrong type", async (name) => {
    for (const args of [
      "",
      "not json",
      "[]",
      "null",
      '"x"',
      '{"path":7,"command":{},"zzz":1}',
      `{"path":"${"x".repeat(9000)}"}`,
    ]) {
      const result = await call(name, args);
      expect(typeof result.text).toBe("string");
    }
  });

  test("D6 an unknown tool or argument is an error with a suggestion", async () => {
    expect(await no("reed_file", { path: "a" })).toBe("unknown_tool");
    const result = await call("read_file", { path: "readme.md", start_lin: 1 });
    expect([result.errorKind, result.text]).toEqual([
      "invalid_arguments",
      "unknown argument `start_lin`, did you mean `start_line`?",
    ]);
  });
});

describe("read_file and list_dir", () => {
  test("read_file and list_dir read text, pages of text, and folders with dot files", async () => {
    expect(await ok("read_file", { path: "readme.md" })).toBe("hello\n");
    expect(await ok("read_file", { path: "src/a.ts", start_line: 2, end_line: 2 })).toStartWith(
      "2:   return 1;",
    );
    expect(await ok("list_dir", { path: ".hidden" })).toBe("f.txt  7");
    expect(await ok("list_dir", {})).toContain("dangling -> nowhere");
  });

  test("D5 read_file cuts a long file to a page that says how to continue", async () => {
    writeFileSync(join(repo.path, "long.txt"), "0123456789\n".repeat(100_000));
    const result = await call("read_file", { path: "long.txt" });
    expect(result.text.length).toBeLessThan(65_600);
    expect(result.text).toMatch(/continue with start_line \d+\]$/);
  });

  test.each([
    ["binary.bin", "unsupported"],
    ["latin.txt", "unsupported"],
    ["src", "unsupported"],
    ["pipe", "unsupported"],
    ["missing", "not_found"],
    ["dangling", "not_permitted"],
    ["out", "not_permitted"],
    ["up/x", "not_permitted"],
    ["../x", "not_permitted"],
    ["/etc/passwd", "not_permitted"],
    [".git/config", "not_permitted"],
    [".GIT/config", "not_permitted"],
    ["a\0b", "invalid_arguments"],
  ])("C4 D6 read_file rejects %p as %s", async (path, kind) => {
    expect(await no("read_file", { path })).toBe(kind);
  });
});

describe("editing tools", () => {
  test("write_file creates folders, and rejects unclaimed files, git's files, links and pipes", async () => {
    await ok("write_file", { path: "new/deep/x.txt", content: "x" });
    expect(bytes("new/deep/x.txt")).toBe("x");
    for (const path of [
      "readme2.md",
      ".git/config",
      ".GIT/config",
      "src/.Git/x",
      ".dgov/x",
      "../y",
      "/tmp/z",
      "src/../../q.txt",
    ]) {
      expect([path, await no("write_file", { path, content: "x" })]).toEqual([
        path,
        "not_permitted",
      ]);
    }
    symlinkSync("/tmp/dgov-escape.txt", join(repo.path, "link.txt"));
    expect(await no("write_file", { path: "link.txt", content: "x" })).toBe("not_permitted");
    expect(existsSync("/tmp/dgov-escape.txt")).toBe(false);
    linkSync(join(repo.path, "readme.md"), join(repo.path, "hard.txt"));
    expect(await no("write_file", { path: "hard.txt", content: "x" })).toBe("not_permitted");
    expect(bytes("readme.md")).toBe("hello\n");
  });

  test.each(["new", "src", "/etc", "nowhere", "."])(
    "C4 write_file through a folder that is a link to %s is refused",
    async (target) => {
      const link = join(repo.path, "new/linked");
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(target.startsWith("/") ? target : `../${target}`, link);
      try {
        expect(await no("write_file", { path: "new/linked/x.txt", content: "x" })).toBe(
          "not_permitted",
        );
        expect(existsSync(join(link, "x.txt"))).toBe(false);
      } finally {
        rmSync(link);
      }
    },
  );

  test("E12 edit_file changes only the bytes of the edit", async () => {
    await ok("edit_file", { path: "crlf.txt", old_text: "two\n", new_text: "TWO\nplus\n" });
    expect(bytes("crlf.txt")).toBe("one\r\nTWO\r\nplus\r\nthree\r\n");
    await ok("edit_file", { path: "bom.txt", old_text: "two", new_text: "zwei" });
    expect(bytes("bom.txt")).toBe("\xef\xbb\xbfone\nzwei");
  });

  test("edit_file rejects a missing, ambiguous or empty text", async () => {
    expect(await no("edit_file", { path: "src/b.ts", old_text: "nope", new_text: "" })).toBe(
      "not_found",
    );
    expect(await no("edit_file", { path: "src/b.ts", old_text: "alpha", new_text: "" })).toBe(
      "ambiguous",
    );
    expect(await no("edit_file", { path: "src/b.ts", old_text: "", new_text: "x" })).toBe(
      "invalid_arguments",
    );
  });

  test("E12 apply_patch applies unified and envelope patches, all or nothing", async () => {
    const unified =
      "--- a/src/a.ts\n+++ b/src/a.ts\n@@ -1,3 +1,3 @@\n export function alpha() {\n-  return 1;\n+  return 2;\n }\n";
    await ok("apply_patch", { patch: unified });
    expect(bytes("src/a.ts")).toContain("return 2;");
    const envelope =
      "*** Begin Patch\n*** Add File: new/p.txt\n+added\n*** Update File: src/a.ts\n@@\n-  return 2;\n+  return 3;\n*** End Patch";
    await ok("apply_patch", { patch: envelope });
    expect([bytes("new/p.txt"), bytes("src/a.ts").includes("return 3;")]).toEqual([
      "added\n",
      true,
    ]);
    const half =
      "*** Begin Patch\n*** Update File: src/a.ts\n@@\n-  return 3;\n+  return 4;\n*** Update File: src/b.ts\n@@\n-not there\n+x\n*** End Patch";
    expect(await no("apply_patch", { patch: half })).toBe("conflict");
    expect(bytes("src/a.ts")).toContain("return 3;");
    expect(await no("apply_patch", { patch: unified.replaceAll("src/a.ts", "run me.sh") })).toBe(
      "not_permitted",
    );
    expect(await no("apply_patch", { patch: "no patch at all" })).toBe("invalid_arguments");
  });

  test("move_file, delete_file and revert_file respect the claims", async () => {
    expect(await no("move_file", { from: "run me.sh", to: "moved.md" })).toBe("not_permitted");
    expect(await no("delete_file", { path: "crlf.txt" })).toBe("not_permitted");
    await ok("move_file", { from: "new/p.txt", to: "new/q.txt" });
    expect(await no("move_file", { from: "new/q.txt", to: "new/deep/x.txt" })).toBe("conflict");
    await ok("delete_file", { path: "new/q.txt" });
    await ok("revert_file", { path: "src/a.ts" });
    expect(bytes("src/a.ts")).toContain("return 1;");
    await ok("write_file", { path: "new/r.txt", content: "x" });
    await ok("revert_file", { path: "new/r.txt" });
    expect(existsSync(join(repo.path, "new/r.txt"))).toBe(false);
  });
});

/** Calls of every tool that writes, each of which changes `path`. */
const writes: [tool: string, args: (path: string) => object][] = [
  ["write_file", (path) => ({ path, content: "x" })],
  ["edit_file", (path) => ({ path, old_text: "one", new_text: "1" })],
  ["apply_patch", (path) => ({ path, patch: "@@ -1 +1 @@\n-one\n+1" })],
  ["apply_patch", (path) => ({ patch: `*** Add File: ${path}\n+x\n*** Begin Patch` })],
  ["apply_patch", (path) => ({ patch: `*** Begin Patch\n*** Delete File: ${path}` })],
  [
    "apply_patch",
    (path) => ({
      patch: `*** Begin Patch\n*** Update File: new/mine.txt\n*** Move to: ${path}\n@@\n-mine\n+x`,
    }),
  ],
  [
    "apply_patch",
    (path) => ({
      patch: `*** Begin Patch\n*** Update File: ${path}\n*** Move to: new/to.txt\n@@\n-one\n+x`,
    }),
  ],
  ["delete_file", (path) => ({ path })],
  ["move_file", (path) => ({ from: path, to: "new/to.txt" })],
  ["move_file", (path) => ({ from: "new/mine.txt", to: path })],
  ["revert_file", (path) => ({ path })],
  ["format_file", (path) => ({ file: path })],
  ["lint_fix", (path) => ({ file: path })],
];

test.each(writes)("C11 %s changes no path that the review would reject", async (tool, args) => {
  const write = "printf changed > {file}";
  const changes = {
    claims: { create: ["new/**", "area/**"], edit: [], delete: [], touch: [], read: ["read/**"] },
    departments: [{ name: "core", patterns: ["area/core/**"] }],
    scope: {
      allow: ["new", "area", "read"],
      deny: ["area/secret"],
      ignore: [],
      allowGitControl: true,
    },
    commands: { ...request.commands, format: write, lintFix: write },
  };
  const paths = [
    "area/core/a.txt",
    "area/secret/a.txt",
    "area/.gitattributes",
    "read/a.txt",
    "else/a.txt",
    ".dgov/a.txt",
  ];
  for (const path of [...paths, "new/mine.txt"]) {
    mkdirSync(dirname(join(repo.path, path)), { recursive: true });
    writeFileSync(join(repo.path, path), path === "new/mine.txt" ? "mine\n" : "one\n");
  }
  for (const path of paths) {
    const result = await call(tool, args(path), { ...changes, summary: "Tidy" });
    expect([path, result.ok, result.errorKind]).toEqual([path, false, "not_permitted"]);
    expect([path, bytes(path), bytes("new/mine.txt")]).toEqual([path, "one\n", "mine\n"]);
  }
  if (/Add File/.test(JSON.stringify(args("x"))) || (tool === "move_file" && "from" in args("x"))) {
    return;
  }
  const named = await call(tool, args("area/core/a.txt"), { ...changes, summary: "Tidy core" });
  expect(named.errorKind).not.toBe("not_permitted");
});

test("C11 the tools that write are those whose claims are tested", () => {
  expect([...new Set(writes.map(([tool]) => tool))].sort()).toEqual([...writingTools].sort());
});

test("E15 the tools of a project below the repository take paths of the project", async () => {
  const changes = {
    projectDir: "src",
    claims: { create: [], edit: ["a.ts"], delete: [], touch: [], read: [] },
  };
  const before = bytes("src/a.ts");
  expect((await call("write_file", { path: "a.ts", content: "x" }, changes)).ok).toBe(true);
  expect(bytes("src/a.ts")).toBe("x");
  expect((await call("write_file", { path: "src/a.ts", content: "x" }, changes)).ok).toBe(false);
  expect((await call("revert_file", { path: "a.ts" }, changes)).ok).toBe(true);
  expect(bytes("src/a.ts")).toBe(before);
});

describe("search tools", () => {
  test("E13 E14 glob and grep need only git, and find untracked and dot files", async () => {
    mkdirSync(join(repo.path, "new"), { recursive: true });
    writeFileSync(join(repo.path, "new/fresh.ts"), "needle\n");
    expect(await ok("glob", { pattern: "**/*.ts" })).toBe("new/fresh.ts\nsrc/a.ts\nsrc/b.ts");
    expect(await ok("glob", { pattern: "./.hidden/*" })).toBe(".hidden/f.txt");
    expect(await ok("glob", { pattern: "*.zig" })).toBe("no files match");
    expect(await ok("grep", { pattern: "needle|hidden" })).toContain("new/fresh.ts:1:needle");
    expect(await ok("grep", { pattern: "zzz" })).toBe("no matches");
    expect(await no("grep", { pattern: "(" })).toBe("invalid_arguments");
    expect(await ok("grep", { pattern: "--output=x", fixed: true })).toBe("no matches");
  });

  test("E13 git_diff shows new and changed files, and recent_changes shows commits", async () => {
    await ok("edit_file", { path: "src/b.ts", old_text: "alpha();", new_text: "alpha(2);" });
    const diff = await ok("git_diff", {});
    expect(diff).toContain("+alpha(2);");
    expect(diff).toContain("+needle");
    expect(await ok("recent_changes", { path: "readme.md" })).toContain("initial");
  });

  test("json_query reads single values", async () => {
    expect(await ok("json_query", { path: "data.json", query: ".scripts.test" })).toBe('"x"');
    expect(await ok("json_query", { path: "data.json", query: ".items[].n" })).toBe("1\n2");
    expect(await no("json_query", { path: "data.json", query: "$(rm)" })).toBe("invalid_arguments");
    expect(await no("json_query", { path: "readme.md", query: "." })).toBe("unsupported");
  });

  test("scope_status gives the review's verdict", async () => {
    expect(await ok("scope_status", {})).toStartWith("scope_status: ");
  });
});

describe("code tools", () => {
  test("file_symbols and check_syntax use the grammar", async () => {
    expect(await ok("file_symbols", { path: "src/a.ts" })).toBe("1-3 function alpha");
    expect(await ok("check_syntax", { path: "src/a.ts" })).toBe("src/a.ts parses");
    await ok("write_file", { path: "new/broken.ts", content: "function (\n" });
    expect(await no("check_syntax", { path: "new/broken.ts" })).toBe("failed");
    expect(await no("file_symbols", { path: "readme.md" })).toBe("unsupported");
    expect(await no("check_syntax", { path: "../x.ts" })).toBe("not_permitted");
  });

  test("find_references separates definitions from uses, and ignores comments and strings", async () => {
    await ok("write_file", { path: "new/c.ts", content: '// alpha\nexport const s = "alpha";\n' });
    const found = await ok("find_references", { symbol: "alpha" });
    expect(found).toContain("definitions (1):\n  src/a.ts:1: export function alpha() {");
    expect(found).toContain("uses (2):");
    expect(found).not.toContain("new/c.ts");
    expect(await no("find_references", { symbol: "a b; rm" })).toBe("invalid_arguments");
    expect(await ok("find_references", { symbol: "nowhere_at_all" })).toBe("no references");
  });

  test("related_files and search_tests_for find imports, importers and tests", async () => {
    expect(await ok("related_files", { path: "src/a.ts" })).toBe("imported by:\n  src/b.ts");
    expect(await ok("related_files", { path: "src/b.ts" })).toBe("imports:\n  src/a.ts");
    await ok("write_file", { path: "new/a.test.ts", content: "alpha();\n" });
    expect(await ok("search_tests_for", { symbol: "alpha" })).toBe("new/a.test.ts:1:alpha();\n");
    const test = '// ./b.ts\nimport "node:a";\nimport * as all from "../src/a.js";\n';
    await ok("write_file", { path: "new/all.test.ts", content: test });
    expect(await ok("related_files", { path: "src/a.ts" })).toBe(
      "imported by:\n  src/b.ts\ntests:\n  new/all.test.ts",
    );
    expect(await ok("related_files", { path: "src/b.ts" })).not.toContain("tests:");
    expect(await ok("search_tests_for", { symbol: "alpha" })).toBe(
      "new/a.test.ts:1:alpha();\ntests that import a file defining alpha:\n  new/all.test.ts",
    );
    expect(await ok("related_files", { path: "new/all.test.ts" })).toBe(
      "imports:\n  node:a\n  src/a.ts",
    );
    expect(await ok("search_tests_for", { symbol: "zzz" })).toBe("no tests mention zzz");
  });
});

describe("commands", () => {
  test("run_bash returns output and exit code, stops at its timeout, and leaves no process", async () => {
    expect(await ok("run_bash", { command: "echo out; echo err >&2" })).toContain("out");
    expect(await no("run_bash", { command: "exit 3" })).toBe("command_failed");
    expect(await no("run_bash", { command: "sleep 60", timeout_s: 1 })).toBe("timeout");
    expect(await no("run_bash", { command: "  " })).toBe("invalid_arguments");
    const large = await call("run_bash", { command: "head -c 1048576 /dev/zero | tr '\\0' x" });
    expect([large.clipped, large.text.length < 70_000]).toEqual([true, true]);
  });

  test.each([
    ["restrictRunBash", true, "cd /operator/repo", "ls /"],
    ["denyShellCommands", ["curl"], "curl -h", "ls /"],
    ["denyShellFileMutations", true, "rm x", "ls /"],
    ["requireWrappedVerifyTools", true, "pytest", "ls /"],
    ["requireUvRun", true, "ty", "ls /"],
  ])("C7 run_bash applies %s", async (key, value, command, harmless) => {
    const changes = {
      toolPolicy: { ...request.toolPolicy, restrictRunBash: true, [key]: value },
      operatorPaths: ["/operator/repo"],
    };
    expect((await call("run_bash", { command }, changes)).errorKind).toBe("not_permitted");
    expect((await call("run_bash", { command: harmless }, changes)).ok).toBe(true);
  });

  test("run_bash is stopped after the default limit without timeout_s, and after the maximum with it", async () => {
    const limits = { ...request.limits, bashTimeoutMs: 100, bashTimeoutMaxMs: scaled(20_000) };
    const command = "sleep 60";
    expect((await call("run_bash", { command }, { limits })).errorKind).toBe("timeout");
    const short = { ...limits, bashTimeoutMs: scaled(20_000), bashTimeoutMaxMs: 100 };
    const asked = { command, timeout_s: 50 };
    expect((await call("run_bash", asked, { limits: short })).errorKind).toBe("timeout");
  });

  test("configured commands run with quoted arguments, or report that none is configured", async () => {
    expect(await ok("run_tests", {})).toContain("testing tests");
    expect(await ok("run_tests", { file: "run me.sh" })).toContain("$ echo testing 'run me.sh'");
    expect(await no("lint_check", { file: "src/a.ts" })).toBe("command_failed");
    expect(await no("lint_check", { file: "$(touch /tmp/x)" })).toBe("command_failed");
    expect(await no("lint_fix", {})).toBe("unsupported");
    expect(await no("format_file", {})).toBe("unsupported");
    expect(await ok("type_check", {})).toContain("exit code 0");
    expect(await ok("verify", { name: "unit" })).toContain("unit");
    expect(await no("verify", { name: "toString" })).toBe("not_found");
  });

  test("done accepts only valid arguments", async () => {
    await ok("done", { status: "complete", summary: "x" });
    expect(await no("done", { status: "finished", summary: "x" })).toBe("invalid_arguments");
  });
});

test("a result of exactly the limit is sent whole, and a longer one is cut to at most the limit", async () => {
  const context = contextOf({ limits: { ...request.limits, toolOutputBytes: 1000 } });
  const printing = (text: string): Tool => ({
    name: "print",
    description: "",
    parameters: argumentSchema({}),
    roles: allRoles,
    run: async () => toolAnswer(text),
  });
  const print = async (text: string) =>
    (await callTool([printing(text)], "print", "{}", context)).result;
  for (const text of ["x".repeat(999), "x".repeat(1000), "ö".repeat(500)]) {
    expect(await print(text)).toMatchObject({ text, clipped: false });
  }
  for (const text of [`${"x".repeat(1000)}y`, "ö".repeat(501), `x${"ö".repeat(50_000)}`]) {
    const result = await print(text);
    const rawBytes = Buffer.byteLength(text);
    expect(result).toMatchObject({ clipped: true, rawBytes, ok: true });
    expect(Buffer.byteLength(result.text)).toBeLessThanOrEqual(1000);
    expect([result.text.at(0), result.text.at(-1)]).toEqual([text.at(0), text.at(-1)]);
    expect(result.text).not.toContain("\uFFFD");
    const left = Number(/(\d+) of \d+ bytes left out/.exec(result.text)?.[1]);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(rawBytes);
  }
});

test.each([
  ["grep", { pattern: "x", context_lines: 20 }, { pattern: "x", context_lines: 21 }],
  ["grep", { pattern: "x", context_lines: 0 }, { pattern: "x", context_lines: -1 }],
  ["read_file", { path: "bom.txt", start_line: 1 }, { path: "bom.txt", start_line: 0 }],
  ["read_file", { path: "bom.txt", end_line: 1 }, { path: "bom.txt", end_line: 0 }],
  ["read_file", { path: "bom.txt", start_line: 2 }, { path: "bom.txt", start_line: 1.5 }],
  ["run_bash", { command: "true", timeout_s: 1 }, { command: "true", timeout_s: 0 }],
  ["grep", { pattern: "x", fixed: true }, { pattern: "x", fixed: "yes" }],
])("D6 %s takes %j and not %j", async (tool, good, bad) => {
  expect((await call(tool, good)).errorKind).not.toBe("invalid_arguments");
  expect(await no(tool, bad)).toBe("invalid_arguments");
});

test("D5 read_file takes a file of 16 MiB, and none larger", async () => {
  const path = join(repo.path, "sparse.bin");
  writeFileSync(path, "");
  truncateSync(path, 16 * 1024 * 1024);
  expect((await call("read_file", { path: "sparse.bin" })).text).toBe("sparse.bin is binary");
  truncateSync(path, 16 * 1024 * 1024 + 1);
  expect((await call("read_file", { path: "sparse.bin" })).text).toContain("larger than 16 MiB");
});

test.each(["researcher", "reviewer", "planner"] as const)(
  "C5 a %s has no tool that writes or runs a command",
  (role) => {
    const names = toolsFor(role).map((tool) => tool.name);
    expect(names).toEqual([
      "read_file",
      "list_dir",
      "glob",
      "grep",
      "git_diff",
      "recent_changes",
      "file_symbols",
      "check_syntax",
      "find_references",
      "related_files",
      "search_tests_for",
      "json_query",
      "done",
    ]);
  },
);
