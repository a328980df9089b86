import { expect, test } from "bun:test";
import { semanticNoteText, viewSemanticNotes } from "./semantic-notes.ts";

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

test("a record without diagnostics has no notes", () => {
  expect(viewSemanticNotes({})).toEqual([]);
});
