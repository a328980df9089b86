/** The parts of a verdict's key, each changed alone. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verdictOf } from "../../src/settlement/verdict.ts";
import { type VerdictKey, verdictCache } from "../../src/settlement/verdict-cache.ts";

const folder = mkdtempSync(join(tmpdir(), "dgov-verdicts-"));
const [first, second] = [join(folder, "first"), join(folder, "second")];
const environment = { PATH: `${first}:${second}`, HOME: "/home/u", NAME: "x", TMPDIR: "/tmp/1" };
const key: VerdictKey = { tree: "t", base: "b", gate: "lint", command: "linter --all {file}" };
const changedAt = new Date("2026-01-01T00:00:00Z");

/** Writes a program with a modification time. */
function install(at: string, text: string, time = changedAt): void {
  mkdirSync(join(at, ".."), { recursive: true });
  writeFileSync(at, text);
  chmodSync(at, 0o755);
  utimesSync(at, time, time);
}

/** The digest that another process computes. */
const digest = (of: VerdictKey = key, env: Record<string, string> = environment): string =>
  verdictCache(env).digest(of);

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(first, { recursive: true });
  install(join(second, "linter"), "#!/bin/sh\n# 1.0\n");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each<[string, Partial<VerdictKey>]>([
  ["tree", { tree: "other" }],
  ["base", { base: "other" }],
  ["gate", { gate: "types" }],
  ["command", { command: "linter --all {file} " }],
])("a verdict is served again for the same key, and not for another %s", (_, other) => {
  const cache = verdictCache(environment);
  cache.put(key, verdictOf("lint", { status: "failed" }));
  expect(cache.get({ ...key })).toMatchObject({ status: "failed", cached: true });
  expect(cache.get({ ...key, ...other })).toBeNull();
  expect(digest({ ...key, ...other })).not.toBe(digest());
});

test.each<[string, () => void]>([
  ["of the same size", () => install(join(second, "linter"), "#!/bin/sh\n# 2.0\n", new Date())],
  ["of the same time", () => install(join(second, "linter"), "#!/bin/sh\n# 1.0.1\n")],
  [
    "of the same size and time, earlier on PATH",
    () => install(join(first, "linter"), "#!/bin/sh\n# 1.0\n"),
  ],
])("a linter replaced by one %s is asked again", (_, replace) => {
  const before = digest();
  replace();
  expect(digest()).not.toBe(before);
});

test("a program of the command's name that cannot be executed changes nothing", () => {
  const before = digest();
  install(join(first, "linter"), "#!/bin/sh\n");
  chmodSync(join(first, "linter"), 0o644);
  expect(digest()).toBe(before);
});

test.each<[string, Record<string, string>, boolean]>([
  ["another value of a variable", { ...environment, NAME: "y" }, false],
  ["another variable", { ...environment, MORE: "" }, false],
  ["another home", { ...environment, HOME: "/home/v" }, false],
  ["another TMPDIR", { ...environment, TMPDIR: "/tmp/2" }, true],
])("a verdict with %s is another one, except for TMPDIR", (_, env, same) => {
  expect(digest(key, env) === digest()).toBe(same);
});

test("the first 24 words of a command are looked up as programs", () => {
  const at = (count: number): VerdictKey => {
    const words = Array.from({ length: count - 1 }, (_, i) => `word${i}`);
    return { ...key, command: `${words.join(" ")} linter` };
  };
  const before = [digest(at(24)), digest(at(25))];
  install(join(second, "linter"), "#!/bin/sh\n# 1.0.1\n");
  expect([digest(at(24)) === before[0], digest(at(25)) === before[1]]).toEqual([false, true]);
});
