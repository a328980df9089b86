import { describe, expect, test } from "bun:test";
import { type Prediction, Predictions } from "./radar.ts";

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
