/**
 * C5: read-only roles cannot change a byte. Every tool is called with hostile arguments, in an attempt of a
 * hostile repository; the worktree, the repository and the files around them are compared afterwards.
 */

import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../src/std/digest.ts";
import type { WorkerRequest, WorkerRole } from "../../src/worker/protocol.ts";
import { callTool, toolsFor } from "../../src/worker/tools/index.ts";
import type { Property, Tool } from "../../src/worker/tools/tool.ts";
import { type OpenedRepo, openTestRepo } from "../git/harness.ts";
import { scaled } from "../harness/limits.ts";

const files = {
  "a.ts": 'import { b } from "./b.ts";\nexport const a = b;\n',
  "b.ts": "export const b = 1;\n",
  "b.test.ts": 'import { b } from "./b.ts";\nb;\n',
  "data.json": '{ "a": { "b": 1 } }\n',
  "*.ts": "a file that is called like a pattern\n",
  "-n": "a file that is called like a flag\n",
  ".gitattributes": "* filter=evil diff=evil merge=evil\n",
  ".dgov/project.toml": "\n",
};

/** An attempt in a repository whose configuration, hooks and attributes try to execute commands. */
async function hostileRepo(): Promise<{ g: OpenedRepo; request: Omit<WorkerRequest, "role"> }> {
  const g = await openTestRepo(files);
  const { repo } = g;
  const owned = join(repo.root, "owned");
  const run = `touch ${owned}; cat`;
  for (const [key, value] of Object.entries({
    "filter.evil.clean": run,
    "filter.evil.smudge": run,
    "diff.evil.command": run,
    "diff.evil.textconv": run,
    "core.fsmonitor": run,
    "core.pager": run,
    "core.editor": run,
    "grep.fallbackToNoIndex": "true",
  })) {
    await repo.git("config", key, value);
  }
  mkdirSync(join(repo.root, "outside"));
  writeFileSync(join(repo.root, "outside/secret.ts"), "secret\n");
  const tree = await g.attempt();
  symlinkSync(join(repo.root, "outside"), join(tree.path, "out"));
  symlinkSync("/etc/passwd", join(tree.path, "passwd"));
  symlinkSync("nowhere", join(tree.path, "dangling"));
  symlinkSync(".", join(tree.path, "loop"));
  execFileSync("mkfifo", [join(tree.path, "pipe")]);
  writeFileSync(join(tree.path, "binary.bin"), Buffer.from([0, 255, 10]));
  writeFileSync(join(tree.path, "untracked.ts"), "export const u = 1;\n");
  writeFileSync(join(tree.path, "a.ts"), `${files["a.ts"]}// changed\n`);
  const request = {
    worktree: tree.path,
    projectDir: "",
    base: tree.base,
    marker: `read-only-${process.pid}/x/1`,
    // Read-only roles must ignore the claims of a plan.
    claims: { create: ["**"], edit: ["**"], delete: ["**"], touch: ["**"], read: [] },
    scope: { allow: [], deny: [], ignore: [], allowGitControl: true },
    limits: {
      toolOutputBytes: 65_536,
      bashTimeoutMs: scaled(5000),
      bashTimeoutMaxMs: 5000,
      commandTimeoutMs: scaled(5000),
    },
    commands: {
      test: run,
      lint: run,
      lintFix: run,
      format: run,
      typeCheck: run,
      verify: { x: run },
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
    toolEnvironment: { ...repo.env, GIT_PAGER: run, GIT_EXTERNAL_DIFF: run, PAGER: run },
    project: { language: "typescript", srcDir: "", testDir: "", sourceExtensions: [".ts"] },
  } as unknown as Omit<WorkerRequest, "role">;
  return { g, request };
}

/** Mode and content digest of every file below a folder. */
function bytesOf(folder: string, at = ""): string[] {
  return readdirSync(join(folder, at))
    .sort()
    .flatMap((name) => {
      const path = at === "" ? name : `${at}/${name}`;
      const full = join(folder, path);
      const stats = lstatSync(full);
      const about = `${path} ${stats.mode.toString(8)}`;
      if (stats.isDirectory()) return [about, ...bytesOf(folder, path)];
      if (stats.isSymbolicLink()) return [`${about} -> ${readlinkSync(full)}`];
      return [stats.isFile() ? `${about} ${sha256(readFileSync(full))}` : about];
    });
}

/** Texts that are valid, lead out of the worktree, or are special to git, a shell or a parser. */
function texts(root: string): string[] {
  return [
    "a.ts",
    "data.json",
    ".",
    "../outside/secret.ts",
    join(root, "outside/secret.ts"),
    ".git/config",
    "out/secret.ts",
    "pipe",
    "a.ts\0b",
    "--output=owned",
    "-Otouch owned",
    "--open-files-in-pager=touch owned",
    ":(exclude)a.ts",
    "$(touch owned) `touch owned`; touch owned",
    "b",
  ];
}

function hostile(property: Property, root: string): unknown[] {
  switch (property.type) {
    case "string":
      return [...(property.enum ?? []), ...texts(root)];
    case "integer":
      return [0, 1, 20, -1, 2 ** 53];
    case "boolean":
      return [true];
    case "object":
      return [{ approved: true }, { "../x": 1, __proto__: { polluted: 1 } }];
    default:
      return property satisfies never;
  }
}

function usual(argument: string): string {
  return argument === "query" ? "." : "a.ts";
}

/** Calls of a tool: each argument takes every hostile value in turn, the others a harmless one. */
function callsOf(tool: Tool, root: string): Record<string, unknown>[] {
  const { properties, required } = tool.parameters;
  const harmless: Record<string, unknown> = Object.fromEntries(
    required.map((name) => {
      const property = properties[name];
      return [name, property?.type === "string" ? (property.enum?.[0] ?? usual(name)) : 1];
    }),
  );
  const bad = Object.entries(properties).flatMap(([name, property]) =>
    hostile(property, root).map((value) => ({ ...harmless, [name]: value })),
  );
  return [harmless, ...bad];
}

/** Number of concurrent calls. */
const atOnce = 8;

test.concurrent.each(["researcher", "reviewer", "planner"] satisfies WorkerRole[])(
  "C5 no tool call of a %s, with any arguments, changes a byte of worktree, repository or surroundings",
  async (role) => {
    const { g, request } = await hostileRepo();
    await using _ = g;
    const { root } = g.repo;
    const context = {
      request: { ...request, role } as WorkerRequest,
      root: request.worktree,
      signal: new AbortController().signal,
    };
    const offered = toolsFor(role);
    // Tools of the worker are called too: a model can try them.
    const all = toolsFor("worker");
    const calls = [...all.filter(({ name }) => name !== "done"), ...offered.slice(-1)].flatMap(
      (tool) => callsOf(tool, root).map((args) => ({ tool: tool.name, args })),
    );
    const before = bytesOf(root);
    const answers: { tool: string; kind: string | null }[] = [];
    for (let from = 0; from < calls.length; from += atOnce) {
      await Promise.all(
        calls.slice(from, from + atOnce).map(async ({ tool, args }) => {
          const { result } = await callTool(offered, tool, JSON.stringify(args), context);
          expect(result.text).not.toContain("secret\n");
          answers.push({ tool, kind: result.errorKind });
        }),
      );
    }
    expect(bytesOf(root)).toEqual(before);
    const known = new Set(offered.map(({ name }) => name));
    const refused = answers.filter(({ kind }) => kind === "unknown_tool").map(({ tool }) => tool);
    expect([...new Set(refused)].sort()).toEqual(
      all
        .map(({ name }) => name)
        .filter((name) => !known.has(name))
        .sort(),
    );
    // Each offered tool must have succeeded at least once; otherwise the comparison proves nothing.
    const worked = new Set(answers.flatMap(({ tool, kind }) => (kind === null ? [tool] : [])));
    expect([...worked].sort()).toEqual([...known].sort());
  },
);
