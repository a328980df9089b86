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

describe("forecast", () => {
  test("a conflict is said once, however often it is found", () => {
    const forecast = new Predictions();
    const first = forecast.update([pair("a", "b")], [clash("a", "b")]);
    expect(first).toEqual({ made: [clash("a", "b")], cleared: [] });
    expect(forecast.update([pair("a", "b")], [clash("a", "b")])).toEqual({ made: [], cleared: [] });
  });

  test("it is withdrawn when the pair is looked at again and it is gone, not when it is not looked at", () => {
    const forecast = new Predictions();
    forecast.update([pair("a", "b")], [clash("a", "b")]);
    expect(forecast.update([pair("a", null)], [])).toEqual({ made: [], cleared: [] });
    expect(forecast.update([pair("a", "b")], [])).toEqual({ made: [], cleared: [clash("a", "b")] });
  });

  test("what was said of a unit that landed is not said again of the target", () => {
    const forecast = new Predictions();
    forecast.update([pair("a", "b")], [clash("a", "b")]);
    expect(forecast.update([pair("a", null)], [clash("a", null)]).made).toEqual([]);
  });

  test("a new attempt of a unit is spoken of anew", () => {
    const forecast = new Predictions();
    forecast.update([pair("a", null)], [clash("a", null)]);
    forecast.forget("a");
    expect(forecast.update([pair("a", null)], [clash("a", null)]).made).toHaveLength(1);
  });
});
