/**
 * House rules that a compiler does not check: no import cycles, no crowded folders, one meaning per
 * exported name, and plain English.
 */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { importsOf, sources, src } from "./harness/sources.ts";

const root = resolve(src, "..");

/** Import cycles inside rooms that exist today, type imports included. The list may only shrink. */
const allowedCycles: string[][] = [];

/** Source files directly in one folder; more need sub-folders that name chapters. */
const filesPerFolderMax = 20;

/** Folders above the limit today. The list may only shrink. */
const allowedFolders: Record<string, number> = {};

/** Exported names with more than one meaning today. The list may only shrink. */
const allowedNames: string[] = [];

/** Words that hide the subject or the action of a sentence, each with the plain alternative. */
const words: [word: RegExp, reason: string][] = [
  [
    /\b(some|no|who)body\b|\bwho(so)?ever\b/i,
    "name the actor: the worker, the operator, a process",
  ],
  [/\banew\b/i, "again, or: from the start"],
  [/\bmend(s|ed|ing)?\b/i, "fix, repair, resolve"],
  [/\b(is|are|was|were|be) said\b/i, "is reported, is printed, is recorded"],
  [/\b(comes?|came) to\b/i, "results in, the result of"],
  [/\bin words\b/i, "as text"],
  [/\bmeanwhile\b/i, "say since when: during the run, while it waited"],
];

/** A doc comment that begins with a question word describes a question instead of the thing. */
const questionComment = /\/\*\*\s*(?:\n\s*\*\s*)?(What|Whether|Who|Whose|How|Why)\b/g;

test("rooms have no import cycles, type imports included", () => {
  const found = cyclesInRooms();
  expect(found).toEqual(allowedCycles);
});

test("no folder of src holds more files than a reader can take in", () => {
  const counts = new Map<string, number>();
  for (const file of sources()) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  const crowded = [...counts].filter(([, count]) => count > filesPerFolderMax);
  expect(Object.fromEntries(crowded)).toEqual(allowedFolders);
});

test("an exported name is defined in one place", () => {
  const definition = /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm;
  const places = new Map<string, Set<string>>();
  for (const file of sources()) {
    for (const [, name = ""] of readFileSync(join(src, file), "utf8").matchAll(definition)) {
      places.set(name, (places.get(name) ?? new Set()).add(file));
    }
  }
  const repeated = [...places].filter(([, files]) => files.size > 1).map(([name]) => name);
  expect(repeated.sort()).toEqual(allowedNames);
});

test("sources, tests and pages use no word that hides the subject of a sentence", () => {
  const found = textFiles().flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((line, at) =>
        words
          .filter(([word]) => word.test(line))
          .map(([word, reason]) => `${file}:${at + 1}: "${word.exec(line)?.[0]}" -> ${reason}`),
      ),
  );
  expect(found).toEqual([]);
});

test("no doc comment begins with a question word", () => {
  const found = textFiles()
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) =>
      [...readFileSync(join(root, file), "utf8").matchAll(questionComment)].map(
        ([comment]) => `${file}: ${comment.replace(/\s+/g, " ")}`,
      ),
    );
  expect(found).toEqual([]);
});

/**
 * Files that start processes with Bun directly. Each registers its children with `ownChild`, so that they
 * are not taken for orphans; the editor of `plan create` runs in a process that adopts none.
 */
const spawners = [
  "app/create-plan.ts",
  "git/landing/ref-transaction.ts",
  "process/mount-holder.ts",
  "process/spawn.ts",
  "process/supervisor.ts",
  "process/tree.ts",
  "runner/attempt/worker.ts",
];

test("processes are started in few places, which register their children", () => {
  const found = sources().filter((file) =>
    /\bBun\.spawn(Sync)?\(|child_process/.test(readFileSync(join(src, file), "utf8")),
  );
  expect(found.sort()).toEqual(spawners);
});

/** Everything an engineer or a user reads: sources, tests, pages and embedded texts. */
function textFiles(): string[] {
  const globs = ["src/**/*.{ts,md,txt}", "test/**/*.ts", "docs/*.md", "*.md", "*.ts", "install.sh"];
  return globs
    .flatMap((glob) => [...new Bun.Glob(glob).scanSync({ cwd: root })])
    .filter((file) => !file.startsWith("test/fixtures/") && file !== "test/house.test.ts")
    .filter((file) => !/^(node_modules|dist)\//.test(file))
    .sort();
}

/** Strongly connected components of more than one file, by room, files sorted. */
function cyclesInRooms(): string[][] {
  const edges = new Map<string, string[]>();
  for (const file of sources()) {
    const room = file.split("/")[0];
    const targets = importsOf(readFileSync(join(src, file), "utf8"))
      .filter(({ from }) => from.startsWith("."))
      .map(({ from }) => relative(src, resolve(src, dirname(file), from)))
      .filter((target) => target.split("/")[0] === room && existsSync(join(src, target)));
    edges.set(file, targets);
  }
  return components(edges)
    .map((files) => files.sort())
    .sort((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1));
}

/** Tarjan's algorithm: the strongly connected components with more than one node. */
function components(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) found.push(component);
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return found;
}

test.each(["AGENTS.md", "docs/architecture.md"])("every file that %s names exists", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const named = [...text.matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.ts)`/g)].map(([, path = ""]) => path);
  const known = [...sources().map((file) => `src/${file}`), ...textFiles(), "test/house.test.ts"];
  const missing = named.filter((path) => !known.some((file) => `/${file}`.endsWith(`/${path}`)));
  expect(named.length).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});

test("a cycle through type imports is found", () => {
  const edges = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b", "d"]],
    ["d", []],
  ]);
  expect(components(edges)).toEqual([["b", "c"]]);
});

test("the list of source files is not empty", () => {
  expect(readdirSync(src).length).toBeGreaterThan(10);
  expect(sources().length).toBeGreaterThan(200);
});
