import { describe, expect, test } from "bun:test";
import { camelCase, snakeCase } from "./case.ts";
import { memoByOwner, once } from "./once.ts";
import { duration, elapsed, excerpt, listed, oneLine, plural, shownPath } from "./text.ts";

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [999.6, "1.0 s"],
  [1000, "1.0 s"],
  [59_940, "59.9 s"],
  [59_960, "1 min 00 s"],
  [60_000, "1 min 00 s"],
  [245_000, "4 min 05 s"],
  [7_380_000, "2 h 03 min"],
])("a duration of %i ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  [999, "0s"],
  [12_900, "12s"],
  [245_000, "4m05s"],
  [7_380_000, "2h03m"],
])("an elapsed time of %i ms is %s", (ms, text) => {
  expect(elapsed(ms)).toBe(text);
});

test("a plural adds s unless another form is given", () => {
  expect([plural(1, "unit"), plural(2, "unit"), plural(0, "entry", "entries")]).toEqual([
    "1 unit",
    "2 units",
    "0 entries",
  ]);
});

test("text on one line is folded and cut", () => {
  expect(oneLine(" a\n\tb  c ")).toBe("a b c");
  expect(oneLine("abc def", 4)).toBe("abc …");
  expect(excerpt("abc", 3)).toBe("abc");
});

test("a long list ends with the number of items left out", () => {
  expect(listed(["a", "b"], 2)).toBe("a, b");
  expect(listed(["a", "b", "c", "d"], 2)).toBe("a, b and 2 more");
});

test("keys are renamed at every depth and values are kept", () => {
  const value = { maxRetries: 1, list: [{ apiKeyEnv: "aB" }], none: null };
  expect(snakeCase(value)).toEqual({ max_retries: 1, list: [{ api_key_env: "aB" }], none: null });
  expect(camelCase(snakeCase(value))).toEqual(value);
});

describe("memoByOwner", () => {
  const pending = (): Promise<number> => Promise.resolve(1);

  test("computes once per owner and key", async () => {
    const memo = memoByOwner<object, Promise<number>>();
    const [one, two] = [{}, {}];
    let computed = 0;
    const compute = async (): Promise<number> => ++computed;
    expect([await memo(one, "a", compute), await memo(one, "a", compute)]).toEqual([1, 1]);
    expect([await memo(one, "b", compute), await memo(two, "a", compute)]).toEqual([2, 3]);
    expect(await memo.peek(one, "b")).toBe(2);
    expect(memo.peek(two, "b")).toBeUndefined();
    memo.set(one, "a", Promise.resolve(9));
    expect(await memo(one, "a", compute)).toBe(9);
  });

  test("a promise that rejects or resolves to a refused value is not kept", async () => {
    const owner = {};
    const memo = memoByOwner<object, Promise<number | null>>({ keep: (value) => value !== null });
    await expect(memo(owner, "a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await Bun.sleep(0);
    expect(await memo(owner, "a", () => Promise.resolve(null))).toBeNull();
    expect(await memo(owner, "a", pending)).toBe(1);
  });

  test("the oldest value beyond the maximum is dropped", () => {
    const owner = {};
    const memo = memoByOwner<object, number>({ max: 2 });
    for (const key of ["a", "b", "c"]) memo(owner, key, () => 1);
    expect(["a", "b", "c"].map((key) => memo.peek(owner, key))).toEqual([undefined, 1, 1]);
  });
});

test("once computes on the first call only, also when the value is undefined", () => {
  let computed = 0;
  const value = once(() => void computed++);
  expect([value(), value(), computed]).toEqual([undefined, undefined, 1]);
});

test.each([
  ["src/a b.ts", "src/a b.ts"],
  ["y\n\nnl: complete", "y\\n\\nnl: complete"],
  ["\u001b[31m\t\u007f\u0085", "\\u001b[31m\\t\\u007f\\u0085"],
])("shownPath of %j stays on its line", (path, expected) => {
  expect(shownPath(path)).toBe(expected);
});
