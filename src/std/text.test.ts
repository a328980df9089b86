import { expect, test } from "bun:test";
import { camelCase, snakeCase } from "./case.ts";
import { memoByOwner } from "./once.ts";
import { duration, elapsed, excerpt, listed, oneLine, plural } from "./text.ts";

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1000, "1.0 s"],
  [59_940, "59.9 s"],
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

test("a memo computes once per owner and key until it is told to forget", async () => {
  const memo = memoByOwner<object, number>();
  const [one, two] = [{}, {}];
  let computed = 0;
  const compute = async (): Promise<number> => ++computed;
  expect([await memo(one, "a", compute), await memo(one, "a", compute)]).toEqual([1, 1]);
  expect([await memo(one, "b", compute), await memo(two, "a", compute)]).toEqual([2, 3]);
  memo.forget(one, "a");
  expect(await memo(one, "a", compute)).toBe(4);
});
