import { describe, expect, test } from "bun:test";
import { canonicalJson, sha256 } from "./digest.ts";
import { type NdjsonItem, ndjsonLine, readNdjson } from "./ndjson.ts";
import { once } from "./once.ts";
import { sortedBy } from "./order.ts";
import { suggest } from "./suggest.ts";
import { userFolder } from "./user-folders.ts";

async function read(chunks: (string | Uint8Array)[], max?: number): Promise<NdjsonItem[]> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks)
      yield typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
  }
  const items: NdjsonItem[] = [];
  for await (const item of readNdjson(stream(), max)) items.push(item);
  return items;
}

describe("readNdjson", () => {
  test("a line that is cut anywhere, also inside a character, is joined", () => {
    const bytes = new TextEncoder().encode('{"a":"héé"}\n{"b":2}\n');
    const chunks = [...bytes].map((byte) => new Uint8Array([byte]));
    return expect(read(chunks)).resolves.toEqual([
      { kind: "message", value: { a: "héé" } },
      { kind: "message", value: { b: 2 } },
    ]);
  });

  test("a line without its newline is never a message", async () => {
    expect(await read(['{"a":1}\n{"b":2}'])).toEqual([
      { kind: "message", value: { a: 1 } },
      { kind: "unterminated", text: '{"b":2}' },
    ]);
  });

  test("D5 a line over the cap is skipped, the next one read", async () => {
    expect(await read(["x".repeat(50), "y".repeat(60), '\n{"a":1}\nnot json\n'], 100)).toEqual([
      { kind: "too_long", bytesMax: 100 },
      { kind: "message", value: { a: 1 } },
      { kind: "malformed", text: "not json" },
    ]);
  });

  test("a line that ndjsonLine wrote is read as the same value", async () => {
    const value = { text: "line\nbreak", nested: [1, null] };
    expect(await read([ndjsonLine(value)])).toEqual([{ kind: "message", value }]);
  });
});

test("canonicalJson does not depend on the order of keys", () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
});

test("sha256 is the standard one", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("sorting is by code unit, not by locale", () => {
  expect(sortedBy(["b", "B", "ä", "a"], (s) => s)).toEqual(["B", "a", "b", "ä"]);
});

test.each([
  ["sumary", "summary"],
  ["depends-on", "depends_on"],
  ["statsu", "status"],
  ["xyzzy", null],
])("suggest(%p) is %p", (word, wanted) => {
  expect(suggest(word, ["summary", "status", "depends_on", "files"])).toBe(wanted);
});

test("B17 once forgets a promise that rejects, and keeps one that resolves", async () => {
  let calls = 0;
  const get = once(async () => {
    if (++calls === 1) throw new Error("git failed");
    return calls;
  });
  await expect(get()).rejects.toThrow("git failed");
  expect([await get(), await get(), calls]).toEqual([2, 2, 2]);
});

test.each([
  [{ HOME: "/h" }, "/h/.cache"],
  [{ HOME: "/h", XDG_CACHE_HOME: "/c" }, "/c"],
  [{ HOME: "/h", XDG_CACHE_HOME: "" }, "/h/.cache"],
  [{ HOME: "/h", XDG_CACHE_HOME: "c" }, "/h/.cache"],
])("B20 the user's cache with the variables %j is %s", (env, folder) => {
  expect(userFolder("cache", env)).toBe(folder);
});
