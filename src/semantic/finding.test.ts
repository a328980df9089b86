import { describe, expect, test } from "bun:test";
import { beyond, bySeverity, fingerprintOf, type SemanticSettings, severityOf } from "./finding.ts";

const settings: SemanticSettings = {
  syntax_conflict: "block",
  same_symbol_edit: "note",
  duplicate_definition: "off",
  signature_drift: "block",
  stale_reference: "block",
  ordering_conflict: "block",
};

describe("severity of a finding", () => {
  test.each([
    ["a certain finding of a kind that blocks", "stale_reference", null, "block"],
    ["an uncertain finding of a kind that blocks", "stale_reference", "a macro", "note"],
    ["a certain finding of a kind that is a note", "same_symbol_edit", null, "note"],
    ["an uncertain finding of a kind that is a note", "same_symbol_edit", "a macro", "note"],
    ["a certain finding of a kind that is off", "duplicate_definition", null, "off"],
    ["an uncertain finding of a kind that is off", "duplicate_definition", "a macro", "off"],
  ] as const)("the severity of %s follows the settings", (_, kind, uncertain, severity) => {
    expect(severityOf({ kind, uncertain }, settings)).toBe(severity);
  });

  test("findings are separated into those that block and notes, without those that are off", () => {
    const certain = { kind: "stale_reference", uncertain: null } as const;
    const uncertain = { kind: "stale_reference", uncertain: "a macro" } as const;
    const off = { kind: "duplicate_definition", uncertain: null } as const;
    expect(bySeverity([off, uncertain, certain], settings)).toEqual({
      blocking: [certain],
      noted: [uncertain],
    });
  });
});

test("a fingerprint depends on kind, path and symbol", () => {
  const finding = { kind: "stale_reference", path: "a.py", symbol: "load" } as const;
  const print = fingerprintOf(finding);
  expect(print).toMatch(/^[0-9a-f]{12}$/);
  expect(fingerprintOf({ ...finding })).toBe(print);
  for (const other of [
    { path: "b.py" },
    { symbol: "save" },
    { kind: "signature_drift" as const },
  ]) {
    expect(fingerprintOf({ ...finding, ...other })).not.toBe(print);
  }
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
    [
      "one of another symbol is kept",
      [{ ...found("a", 1), symbol: "g" }],
      [found("a", 1)],
      [{ ...found("a", 1), symbol: "g" }],
    ],
    [
      "one of another kind is kept",
      [{ ...found("a", 1), kind: "signature_drift" }],
      [found("a", 1)],
      [{ ...found("a", 1), kind: "signature_drift" }],
    ],
  ])("A23 %s", (_, merged, alone, expected) => {
    expect(beyond(merged, alone)).toEqual(expected);
  });
});
