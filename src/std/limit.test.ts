import { describe, expect, test } from "bun:test";
import { LimitTable } from "./limit.ts";

/** The times at which a limit of 3,000 ms from time 0 expires, given the times of the looks at the clock. */
function expiry(looks: readonly number[]): number | null {
  const table = new LimitTable(0);
  let expired = false;
  table.add(0, 3000, () => {
    expired = true;
  });
  for (const now of looks) {
    for (const expire of table.tick(now)) expire();
    if (expired) return now;
  }
  return null;
}

const every = (stepMs: number, from: number, to: number): number[] =>
  Array.from({ length: Math.floor((to - from) / stepMs) }, (_, i) => from + (i + 1) * stepMs);
const hour = 3_600_000;

describe("LimitTable", () => {
  test.each<[string, number[], number | null]>([
    ["time that passes in small steps", every(250, 0, 4000), 3000],
    ["not before its time", every(250, 0, 2750), null],
    ["steps of a busy process", every(900, 0, 9000), 3600],
    [
      "a suspension at its start, which counts for a second",
      [hour, ...every(250, hour, hour + 4000)],
      hour + 2000,
    ],
    ["a suspension just before its end", [...every(250, 0, 2750), hour, hour + 250], hour + 250],
    ["suspensions only", every(hour, 0, 40 * hour), null],
    [
      "every second look after a suspension",
      [hour, hour + 250, 2 * hour, 2 * hour + 250, 3 * hour, 3 * hour + 250],
      3 * hour + 250,
    ],
    ["a clock that runs backwards", [-5000, -4000, -3000, -2000, -1000], -2000],
  ])("A22 a limit expires by running time: %s", (_name, looks, expected) => {
    expect(expiry(looks)).toBe(expected);
  });

  test("A22 a limit that starts right after a suspension expires no other one before a look has passed", () => {
    const table = new LimitTable(0);
    table.add(0, 1000, () => {});
    table.add(hour, 1000, () => {});
    expect(table.tick(hour + 1)).toHaveLength(0);
    expect(table.tick(hour + 2)).toHaveLength(1);
  });

  test("time without limits does not count, and a removed limit does not expire", () => {
    const table = new LimitTable(0);
    const remove = table.add(hour, 500, () => {});
    expect(table.nextTickMs()).toBe(250);
    expect(table.tick(hour + 400)).toEqual([]);
    expect(table.nextTickMs()).toBe(100);
    remove();
    expect(table.nextTickMs()).toBeNull();
    expect(table.tick(hour + 900)).toEqual([]);
  });
});
