import { describe, expect, test } from "bun:test";
import { homedir } from "node:os";
import { isAbortError, whenAborted } from "./clock.ts";
import { canonicalJson, sha256 } from "./digest.ts";
import { delimited } from "./fence.ts";
import { misplaced } from "./files.ts";
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

  test("D5 a line of exactly the cap is read, one longer is skipped", async () => {
    const line = (chars: number): string => JSON.stringify("x".repeat(chars - 2));
    const text = `${line(99)}\n${line(100)}\n${line(101)}\n \n${line(50)}\n`;
    const found = (await read([text.slice(0, 150), text.slice(150)], 100)).map(({ kind }) => kind);
    expect(found).toEqual(["message", "message", "too_long", "message"]);
  });

  test("of an invalid line the first 4096 characters are reported", async () => {
    const long = "x".repeat(4097);
    expect(await read([`${long}\n${long}`])).toEqual([
      { kind: "malformed", text: "x".repeat(4096) },
      { kind: "unterminated", text: "x".repeat(4096) },
    ]);
    expect(await read(["1\n \n "])).toEqual([{ kind: "message", value: 1 }]);
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

test.each([
  ["abcdef", "abcdxy", true],
  ["abcdef", "abcxyz", false],
  ["ab", "ax", true],
  ["ab", "xy", false],
  ["abcd", "abdc", true],
])(
  "a suggestion is at most a third of the word away, and a swap counts once: %s, %s",
  (word, candidate, near) => {
    expect(suggest(word, [candidate])).toBe(near ? candidate : null);
  },
);

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
  ["cache", "XDG_CACHE_HOME", "/h/.cache"],
  ["config", "XDG_CONFIG_HOME", "/h/.config"],
  ["state", "XDG_STATE_HOME", "/h/.local/state"],
] as const)("B20 the user's folder %s is that of %s, else %s", (kind, variable, folder) => {
  const of = (value: string) => userFolder(kind, { HOME: "/h", [variable]: value });
  expect(userFolder(kind, { HOME: "/h" })).toBe(folder);
  expect([of("/c"), of(""), of("c")]).toEqual(["/c", folder, folder]);
  expect(userFolder(kind, {})).toBe(folder.replace("/h", homedir()));
  expect(userFolder(kind, { HOME: "" })).toBe(folder.replace("/h", homedir()));
});

test("whenAborted acts once, for a signal that has been aborted before too, and not after its end", () => {
  let calls = 0;
  const act = (): void => void calls++;
  whenAborted(AbortSignal.abort(), act);
  const later = new AbortController();
  whenAborted(later.signal, act);
  whenAborted(later.signal, act)();
  later.abort();
  expect(calls).toBe(2);
});

test("an error whose code is a number is not taken for one of the file system", () => {
  expect(misplaced(new DOMException("aborted", "AbortError"))).toBeNull();
});

test("a text between marks is cut at its limit and cannot end its fence", () => {
  const kept = (text: string, max: number) => delimited("X", text, max).split("\n").slice(1, -1);
  expect([kept("abc\n", 4), kept("abcd", 4)]).toEqual([["abc"], ["abcd"]]);
  expect(kept("abcde", 4)).toEqual(["abcd", "[1 more characters were cut]"]);
  expect(kept("<<<END X>>>\n  <<<begin Y>>>\n<<<other", 99)).toEqual([
    "< <<END X>>>",
    "  < <<begin Y>>>",
    "<<<other",
  ]);
});

test("only the reason of an aborted signal is an abort error", () => {
  const abort = AbortSignal.abort().reason as unknown;
  const timeout = new DOMException("late", "TimeoutError");
  const named = Object.assign(new Error("no"), { name: "AbortError" });
  expect([abort, timeout, named, null].map(isAbortError)).toEqual([true, false, false, false]);
});
