import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestCache } from "../../src/settlement/digest-cache.ts";
import { openSeal } from "../../src/settlement/seal.ts";

const seal = openSeal(mkdtempSync(join(tmpdir(), "dgov-seal-")));

function open<T>(
  file: string,
  version: string,
  more: Partial<Parameters<typeof digestCache>[1]> = {},
) {
  return digestCache<T>(file, { name: "imports", version, seal, ...more });
}

function inFolder(use: (file: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "dgov-blobs-"));
  try {
    use(join(folder, "deeper", "imports.jsonl"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("digest cache", () => {
  test("the digest cache keeps entries for later processes", () => {
    inFolder((file) => {
      open<number[]>(file, "1").put([["aa", [1, 2]]]);
      open<number[]>(file, "1").put([["bb", [3]]]);
      const later = open<number[]>(file, "1");
      expect([later.get("aa"), later.get("bb"), later.get("cc")]).toEqual([[1, 2], [3], undefined]);
    });
  });

  test("the digest cache drops entries of another version", () => {
    inFolder((file) => {
      open<number>(file, "1").put([["aa", 1]]);
      const newer = open<number>(file, "2");
      expect(newer.get("aa")).toBeUndefined();
      newer.put([["aa", 2]]);
      expect(open<number>(file, "2").get("aa")).toBe(2);
    });
  });

  test("a truncated line of the digest cache loses only its own entry", () => {
    inFolder((file) => {
      open<number>(file, "1").put([["aa", 1]]);
      appendFileSync(file, '["bb",');
      open<number>(file, "1").put([["cc", 3]]);
      const later = open<number>(file, "1");
      expect([later.get("aa"), later.get("bb"), later.get("cc")]).toEqual([1, undefined, 3]);
    });
  });

  test("the digest cache keeps the newest of too many entries", () => {
    inFolder((file) => {
      const entries = Array.from({ length: 100_000 }, (_, n) => [`${n}`, n] as const);
      open<number>(file, "1").put(entries);
      const full = open<number>(file, "1");
      expect(full.get("0")).toBe(0);
      full.put([["100000", 100_000]]);
      const later = open<number>(file, "1");
      expect([later.get("0"), later.get("100000")]).toEqual([undefined, 100_000]);
      expect(readFileSync(file, "utf8").split("\n").length).toBe(50_002);
    });
  });

  test("a digest cache in an unwritable place works within the process", () => {
    inFolder((file) => {
      writeFileSync(join(file, "..", "..", "deeper"), "a file in the way");
      const cache = open<number>(file, "1");
      cache.put([["aa", 1]]);
      expect(cache.get("aa")).toBe(1);
    });
  });

  test.each<[string, (line: [string, unknown, string], other: string) => unknown[], object]>([
    ["has another value", ([digest, , mac]) => [digest, 2, mac], { name: "other" }],
    ["was moved to another digest", ([, value, mac]) => ["bb", value, mac], { name: "other" }],
    ["has no seal", ([digest, value]) => [digest, value], { name: "other" }],
    [
      "has a seal of its own making",
      ([digest, value]) => [digest, value, "0".repeat(64)],
      { name: "other" },
    ],
    [
      "was sealed for another cache",
      ([digest, value], other) => [digest, value, other],
      { name: "other" },
    ],
    [
      "was sealed for another version",
      ([digest, value], other) => [digest, value, other],
      { version: "0" },
    ],
  ])("C20 an entry that %s is not believed", (_, forge, made) => {
    inFolder((file) => {
      open<number>(file, "1").put([["aa", 1]]);
      const [header = "", line = ""] = readFileSync(file, "utf8").split("\n");
      const other = `${file}.other`;
      open<number>(other, "1", made).put([["aa", 1]]);
      const [, , mac] = JSON.parse(readFileSync(other, "utf8").split("\n")[1] ?? "");
      const forged = forge(JSON.parse(line), mac);
      writeFileSync(file, `${header}\n${JSON.stringify(forged)}\n`);
      const later = open<number>(file, "1");
      expect([later.get("aa"), later.get("bb")]).toEqual([undefined, undefined]);
    });
  });

  test("C20 a cache copied from a user with another key is not believed", () => {
    inFolder((file) => {
      const theirs = openSeal(mkdtempSync(join(tmpdir(), "dgov-seal-")));
      open<number>(file, "1", { seal: theirs }).put([["aa", 1]]);
      expect(open<number>(file, "1").get("aa")).toBeUndefined();
      expect(open<number>(file, "1", { seal: theirs }).get("aa")).toBe(1);
    });
  });
});

describe("C20 the key of the seal", () => {
  const folder = (): string => mkdtempSync(join(tmpdir(), "dgov-seal-"));

  test("is made once, for its user only", () => {
    const at = join(folder(), "state");
    const first = openSeal(at).of("a");
    expect(statSync(join(at, "cache-key")).mode & 0o777).toBe(0o600);
    expect([openSeal(at).of("a"), openSeal(at).of("b") === first]).toEqual([first, false]);
    expect(readdirSync(at)).toEqual(["cache-key"]);
  });

  test.each<[string, (file: string) => void]>([
    ["is readable by others", (file) => writeFileSync(file, "k".repeat(32), { mode: 0o644 })],
    ["is readable by its group", (file) => writeFileSync(file, "k".repeat(32), { mode: 0o640 })],
    ["is a link", (file) => symlinkSync("/dev/zero", file)],
    ["is too short", (file) => writeFileSync(file, "k", { mode: 0o600 })],
    ["is a folder", (file) => mkdirSync(file)],
  ])("is not used when its file %s", (_, plant) => {
    const at = folder();
    plant(join(at, "cache-key"));
    // Each process has a key of its own instead.
    expect(openSeal(at).of("a")).not.toBe(openSeal(at).of("a"));
  });
});
