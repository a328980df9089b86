import { describe, expect, test } from "bun:test";
import { wholeNumber } from "./args.ts";

describe("wholeNumber", () => {
  test("digits within the range are a number, and undefined stays undefined", () => {
    expect(wholeNumber("4", { flag: "--jobs", min: 1 })).toBe(4);
    expect(wholeNumber(undefined, { flag: "--jobs" })).toBeUndefined();
  });

  test.each([
    ["1", 1],
    ["64", 64],
  ])("%s, an end of the range, is accepted", (text, value) => {
    expect(wholeNumber(text, { flag: "--jobs", min: 1, max: 64 })).toBe(value);
  });

  test.each(["", "0", "65", "-1", "1.5", "1e3", "99", "four", " 4"])("%j is refused", (text) => {
    expect(() => wholeNumber(text, { flag: "--jobs", min: 1, max: 64 })).toThrow(
      `--jobs takes a whole number 1 to 64, not "${text}"`,
    );
  });
});
