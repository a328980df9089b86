import { describe, expect, test } from "bun:test";
import { beyond, type Prediction, Predictions } from "./radar.ts";

const clash = (unit: string, other: string | null): Prediction => ({
  unit,
  with: other,
  kind: "text_conflict",
  path: "a.txt",
  symbol: null,
  message: "both change a.txt",
});
const pair = (unit: string, other: string | null) => ({ unit, with: other });

describe("Predictions", () => {
  test("a conflict is new once, however often it is found", () => {
    const predictions = new Predictions();
    const first = predictions.update([pair("a", "b")], [clash("a", "b")]);
    expect(first).toEqual({ made: [clash("a", "b")], cleared: [] });
    expect(predictions.update([pair("a", "b")], [clash("a", "b")])).toEqual({
      made: [],
      cleared: [],
    });
  });

  test("a prediction is cleared when its pair is compared again without it, not when the pair is not compared", () => {
    const predictions = new Predictions();
    predictions.update([pair("a", "b")], [clash("a", "b")]);
    expect(predictions.update([pair("a", null)], [])).toEqual({ made: [], cleared: [] });
    expect(predictions.update([pair("a", "b")], [])).toEqual({
      made: [],
      cleared: [clash("a", "b")],
    });
  });

  test("a predicted conflict with a unit that has since landed is not new against the target", () => {
    const predictions = new Predictions();
    predictions.update([pair("a", "b")], [clash("a", "b")]);
    expect(predictions.update([pair("a", null)], [clash("a", null)]).made).toEqual([]);
  });

  test("a conflict of a unit's next attempt is new", () => {
    const predictions = new Predictions();
    predictions.update([pair("a", null)], [clash("a", null)]);
    predictions.forget("a");
    expect(predictions.update([pair("a", null)], [clash("a", null)]).made).toHaveLength(1);
  });
});

describe("beyond", () => {
  const found = (path: string, line: number) => ({
    kind: "stale_reference",
    path,
    symbol: "f",
    line,
  });
  test.each([
    ["a conflict that no side has alone is kept", [found("a", 1)], [], [found("a", 1)]],
    ["one that a side has alone is dropped", [found("a", 1)], [found("a", 1)], []],
    ["its line does not matter", [found("a", 9)], [found("a", 1)], []],
    [
      "one more of the same kind and place is kept",
      [found("a", 1), found("a", 2)],
      [found("a", 1)],
      [found("a", 2)],
    ],
    ["one in another file is kept", [found("b", 1)], [found("a", 1)], [found("b", 1)]],
  ])("A23 %s", (_, merged, alone, expected) => {
    expect(beyond(merged, alone)).toEqual(expected);
  });
});
