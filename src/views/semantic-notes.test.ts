import { expect, test } from "bun:test";
import type { RecordedEvent } from "../log/event-log.ts";
import { viewRun } from "./run-view.ts";
import { semanticNoteText, viewRejectingFindings, viewSemanticNotes } from "./semantic-notes.ts";

const diagnostic = (severity: string) => ({
  file: "src/store.py",
  line: 4,
  code: "same_symbol_edit",
  message: `is a ${severity}`,
  severity,
});

test("the notes of a semantic verdict are its warnings", () => {
  const notes = viewSemanticNotes({ diagnostics: [diagnostic("error"), diagnostic("warning")] });
  expect(notes.map(semanticNoteText)).toEqual([
    "note: src/store.py:4: same_symbol_edit: is a warning",
  ]);
});

test("only a finding that rejects and has a name can be accepted", () => {
  const named = (severity: string) => ({ ...diagnostic(severity), fingerprint: severity });
  const diagnostics = [diagnostic("error"), named("warning"), named("error")];
  expect(viewRejectingFindings({ diagnostics }).map((one) => one.fingerprint)).toEqual(["error"]);
});

test("a record without diagnostics has no notes", () => {
  expect(viewSemanticNotes({})).toEqual([]);
});

test("the notes of an attempt are those of its last candidate, not of its own tree", () => {
  const record = (type: string, data: Record<string, unknown>): RecordedEvent => ({
    seq: 1,
    ts: "t",
    run: "r",
    plan: "p",
    unit: type === "run.started" ? null : "a",
    attempt: type === "run.started" ? null : 1,
    type,
    kind: "lifecycle",
    data,
  });
  const judged = (car: number | null, severities: string[]): RecordedEvent =>
    record("gate.finished", { gate: "semantic", car, diagnostics: severities.map(diagnostic) });
  const run = viewRun([
    record("run.started", { units: [{ unit: "a" }] }),
    judged(1, ["warning", "error"]),
    judged(null, []),
  ]);
  expect(run?.units[0]?.attempts[0]?.semanticNotes).toHaveLength(1);
});
