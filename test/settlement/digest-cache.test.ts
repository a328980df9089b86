import { describe, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestCache } from "../../src/settlement/digest-cache.ts";

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
      digestCache<number[]>(file, "1").put([["aa", [1, 2]]]);
      digestCache<number[]>(file, "1").put([["bb", [3]]]);
      const later = digestCache<number[]>(file, "1");
      expect([later.get("aa"), later.get("bb"), later.get("cc")]).toEqual([[1, 2], [3], undefined]);
    });
  });

  test("the digest cache drops entries of another version", () => {
    inFolder((file) => {
      digestCache<number>(file, "1").put([["aa", 1]]);
      const newer = digestCache<number>(file, "2");
      expect(newer.get("aa")).toBeUndefined();
      newer.put([["aa", 2]]);
      expect(digestCache<number>(file, "2").get("aa")).toBe(2);
    });
  });

  test("a truncated line of the digest cache loses only its own entry", () => {
    inFolder((file) => {
      digestCache<number>(file, "1").put([["aa", 1]]);
      appendFileSync(file, '["bb",');
      digestCache<number>(file, "1").put([["cc", 3]]);
      const later = digestCache<number>(file, "1");
      expect([later.get("aa"), later.get("bb"), later.get("cc")]).toEqual([1, undefined, 3]);
    });
  });

  test("the digest cache keeps the newest of too many entries", () => {
    inFolder((file) => {
      digestCache<number>(file, "1").put(
        Array.from({ length: 100_001 }, (_, n) => [`${n}`, n] as const),
      );
      const later = digestCache<number>(file, "1");
      expect([later.get("0"), later.get("100000")]).toEqual([undefined, 100_000]);
      expect(readFileSync(file, "utf8").split("\n").length).toBe(50_002);
    });
  });

  test("a digest cache in an unwritable place works within the process", () => {
    inFolder((file) => {
      writeFileSync(join(file, "..", "..", "deeper"), "a file in the way");
      const cache = digestCache<number>(file, "1");
      cache.put([["aa", 1]]);
      expect(cache.get("aa")).toBe(1);
    });
  });
});
