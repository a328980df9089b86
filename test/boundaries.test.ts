/**
 * Import rules: which room may import which, and where third-party packages may be used.
 *
 * A room is a folder of `src/`. Imports that are not listed are forbidden. Some imports are allowed for
 * types only, because `import type` loads no code.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { type Import, importsOf, sources, src } from "./harness/sources.ts";

/** Rooms that a room may import, and rooms from which it may import types only. `std` is open to all. */
const rooms: Record<string, { uses: string[]; types?: string[] }> = {
  std: { uses: [] },
  assets: { uses: [] },
  claims: { uses: [] },
  kernel: { uses: [] },
  plan: { uses: ["claims", "config"], types: ["kernel"] },
  config: { uses: ["claims"] },
  log: { uses: ["config"], types: ["kernel"] },
  ledger: { uses: ["config"], types: ["kernel"] },
  views: { uses: ["kernel"], types: ["plan", "log", "semantic", "worker"] },
  process: { uses: [] },
  sandbox: { uses: ["process"], types: ["config"] },
  git: { uses: ["process"] },
  languages: { uses: [] },
  structure: { uses: ["languages"] },
  semantic: { uses: ["languages"] },
  settlement: {
    uses: ["claims", "git", "process", "sandbox", "structure", "semantic", "languages", "config"],
    types: ["kernel", "plan"],
  },
  model: { uses: [] },
  worker: {
    uses: ["model", "process", "sandbox", "git", "languages", "claims"],
    types: ["config"],
  },
  planner: { uses: ["process", "plan", "git", "config", "runner"], types: ["worker"] },
  runner: {
    uses: [
      "kernel",
      "plan",
      "log",
      "ledger",
      "git",
      "process",
      "sandbox",
      "settlement",
      "structure",
      "config",
      "claims",
    ],
    types: ["worker"],
  },
  demo: { uses: ["git", "process"] },
  app: {
    uses: [
      "assets",
      "claims",
      "config",
      "demo",
      "git",
      "ledger",
      "log",
      "model",
      "plan",
      "planner",
      "process",
      "runner",
      "sandbox",
      "settlement",
      "structure",
      "languages",
      "views",
      "worker",
    ],
    types: ["kernel"],
  },
};

/** `cli` parses, asks and renders. What commands do with these rooms is in `app`. */
const closedToCli = new Set(["git", "process", "settlement", "languages", "model"]);

/** `cli` may use every other room; files directly in `src/` are open to all or are the edge. */
const common = new Set(["std", "error.ts", "build-info.ts"]);

/** Files that may import each third-party package, as prefixes of their path in `src/`. */
const packages: Record<string, string[]> = {
  citty: ["cli/"],
  consola: ["cli/log.ts"],
  diff: ["settlement/line-merge.ts"],
  "@clack/prompts": ["cli/prompt.ts"],
  "smol-toml": ["config/toml.ts"],
  arktype: ["config/schema.ts"],
  openai: ["model/"],
  "web-tree-sitter": ["languages/"],
  "@vscode/tree-sitter-wasm": ["languages/"],
  "bun:sqlite": ["log/database.ts", "process/lock.ts", "process/machine-slots.ts"],
};

/** Rooms that are pure: no file system, no process, no clock, no network. */
const pure = ["claims/", "kernel/", "views/", "structure/", "semantic/"];

/** Violations of the import rules in one file; `file` is its path in `src/`. */
function violations(file: string, text: string): string[] {
  return importsOf(text).flatMap((found) => {
    const wrong = found.from.startsWith(".")
      ? roomViolation(file, found)
      : packageViolation(file, found);
    return wrong === null ? [] : [`${file}: ${wrong}`];
  });
}

function roomViolation(file: string, { from, typeOnly }: Import): string | null {
  if (!/\.(ts|json|wasm|md|toml|sql|txt)$/.test(from)) return `${from} has no extension`;
  const target = relative(src, resolve(src, file, "..", from)).replaceAll("\\", "/");
  if (target.startsWith("../")) return target === "../package.json" ? null : `${from} leaves src`;
  const [here = "", there = ""] = [file, target].map((path) => path.split("/")[0]);
  if (here === there || common.has(there)) return null;
  if (there === "cli") return here === "main.ts" ? null : `nothing but main imports cli (${from})`;
  if (here === "main.ts") {
    return there === "process" ? null : `main imports only cli and the supervisor (${from})`;
  }
  if (there === "app" && here !== "cli") return `nothing but cli imports app (${from})`;
  if (here === "cli") {
    return closedToCli.has(there) ? `cli imports app, not ${there} (${from})` : null;
  }
  if (target === "worker/protocol.ts" && ["runner", "planner", "demo"].includes(here)) return null;
  const room = Object.hasOwn(rooms, here) ? rooms[here] : undefined;
  if (room === undefined) return `no rule for the room ${here}`;
  if (room.uses.includes(there)) return null;
  if (room.types?.includes(there)) {
    return typeOnly ? null : `${here} takes only types from ${there} (${from})`;
  }
  return `${here} does not import ${there} (${from})`;
}

function packageViolation(file: string, { from, lazy }: Import): string | null {
  const name = from.startsWith("@")
    ? from.split("/").slice(0, 2).join("/")
    : (from.split("/")[0] ?? "");
  if (pure.some((room) => file.startsWith(room))) return `a pure room imports ${from}`;
  if (from === "bun" || from === "bun:ffi" || from.startsWith("node:")) return null;
  if (!Object.hasOwn(packages, name)) return `${name} is not a package dgov uses`;
  const allowed = packages[name] ?? [];
  if (!allowed.some((prefix) => file.startsWith(prefix)))
    return `${name} is imported outside ${allowed}`;
  if (from === "consola") return "consola is imported as consola/core, which is light";
  return name === "@clack/prompts" && !lazy ? `${name} is loaded lazily` : null;
}

describe("boundaries", () => {
  test("every file imports only what its room may", () => {
    const found = sources().flatMap((file) =>
      violations(file, readFileSync(join(src, file), "utf8")),
    );
    expect(found).toEqual([]);
  });

  test.each([
    ["kernel/a.ts", 'import { x } from "../log/event-log.ts"; x();', "kernel does not import log"],
    ["kernel/a.ts", 'import { readFileSync } from "node:fs"; readFileSync("x");', "a pure room"],
    ["views/a.ts", 'import { x } from "../log/event-log.ts"; x();', "takes only types from log"],
    [
      "worker/a.ts",
      'import { x } from "../runner/runner.ts"; x();',
      "worker does not import runner",
    ],
    [
      "worker/a.ts",
      'import type { X } from "../log/event-log.ts"; let x: X;',
      "worker does not import log",
    ],
    ["git/a.ts", 'import { x } from "../cli/output.ts"; x();', "nothing but main imports cli"],
    ["app/a.ts", 'import { x } from "../cli/output.ts"; x();', "nothing but main imports cli"],
    ["cli/a.ts", 'import { x } from "../git/git.ts"; x();', "cli imports app, not git"],
    ["cli/a.ts", 'import type { X } from "../model/message.ts"; let x: X;', "cli imports app"],
    ["runner/a.ts", 'import { x } from "../app/compile.ts"; x();', "nothing but cli imports app"],
    [
      "settlement/a.ts",
      'const x = await import("../runner/runner.ts");',
      "settlement does not import runner",
    ],
    [
      "main.ts",
      'import { x } from "./git/git.ts"; x();',
      "main imports only cli and the supervisor",
    ],
    ["git/a.ts", 'import { type } from "arktype"; type();', "arktype is imported outside"],
    [
      "runner/a.ts",
      'import { Database } from "bun:sqlite"; new Database();',
      "bun:sqlite is imported outside",
    ],
    ["cli/a.ts", 'import { x } from "left-pad"; x();', "left-pad is not a package"],
    ["cli/log.ts", 'import { consola } from "consola"; consola.log();', "consola is imported as"],
    [
      "cli/a.ts",
      'import { x } from "consola/core"; x();',
      "consola is imported outside cli/log.ts",
    ],
    ["cli/a.ts", 'import { x } from "../git/git"; x();', "has no extension"],
    ["log/a.ts", 'import { x } from "../../build.ts"; x();', "leaves src"],
    ["attic/a.ts", 'import { x } from "../git/git.ts"; x();', "no rule for the room attic"],
  ])("a file %s with this import breaks a rule: %s", (file, text, message) => {
    expect(violations(file, text).join("; ")).toContain(message);
  });

  test.each([
    ["views/a.ts", 'import type { X } from "../log/event-log.ts"; let x: X;'],
    ["runner/a.ts", 'import type { X } from "../worker/protocol.ts"; let x: X;'],
    ["cli/commands/a.ts", 'const { x } = await import("../../runner/runner.ts"); x();'],
    ["git/a.ts", 'import { x } from "../std/assert.ts"; import { y } from "../error.ts"; x(y);'],
  ])("a file %s with this import breaks no rule: %s", (file, text) => {
    expect(violations(file, text)).toEqual([]);
  });
});

/** Files and packages loaded at once with a file: its eager imports, and theirs. */
function loadedWith(entries: readonly string[]): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const used = new Set<string>();
  const queue = [...entries];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const { from, typeOnly, lazy } of importsOf(readFileSync(join(src, file), "utf8"))) {
      if (typeOnly || lazy) continue;
      if (from.startsWith(".")) queue.push(relative(src, resolve(src, file, "..", from)));
      else used.add(from);
    }
  }
  return { files, packages: used };
}

describe("start-up", () => {
  const heavy = ["@clack/prompts", "arktype", "consola", "openai", "smol-toml", "web-tree-sitter"];

  // A command loads main, its own file, and what it asks for while it runs. Names of plans are read from TOML.
  test.each<[string, string[], string[]?]>([
    ["version", ["cli/commands/program/version.ts"]],
    ["status", ["cli/commands/history/status.ts"]],
    ["watch", ["cli/commands/history/watch.ts"], ["smol-toml"]],
    ["plan list", ["cli/commands/plan/plan.ts", "cli/commands/plan/list.ts"], ["smol-toml"]],
    ["runs list", ["cli/commands/history/runs.ts"]],
  ])("dgov %s loads no heavy package", (_, files, needed = []) => {
    const { packages: loaded } = loadedWith(["main.ts", ...files]);
    expect([...loaded].filter((name) => heavy.includes(name))).toEqual(needed);
  });

  test("dgov version does not even load the log", () => {
    const { files } = loadedWith(["main.ts", "cli/commands/program/version.ts"]);
    const found = [...files].filter((file) => /^(log|views|plan|process)\//.test(file));
    // Main compares the first argument with the supervisor's.
    expect(found).toEqual(["process/own-command.ts"]);
  });

  test("packages loaded through other files are counted", () => {
    expect([...loadedWith(["config/toml.ts"]).packages]).toContain("smol-toml");
    expect([...loadedWith(["plan/source.ts"]).packages].length).toBeGreaterThan(0);
  });
});
