/** The semantic gate: checks, by their symbols, that two changes which merge as text are compatible. */
import { posix } from "node:path";
import { hasSymbolTable } from "../../languages/symbol-table/read.ts";
import { type MergeVerdict, rulesVersion } from "../../semantic/check-merge.ts";
import type { Conflict } from "../../semantic/conflict.ts";
import { plural } from "../../std/text.ts";
import { judgeMerge } from "../merge-check.ts";
import { type GateVerdict, tailOf, verdictOf } from "../verdict.ts";
import type { GateInput, ObjectGate } from "./gate.ts";

export const semanticGate: ObjectGate = {
  name: "semantic",
  reads: "objects",
  configured: () => true,
  applies({ changed }) {
    if (changed.some(({ path }) => hasSymbolTable(path))) return { runs: true };
    return { runs: false, reason: "no changed file is in a language with a symbol table" };
  },
  async commands(input) {
    const { base, theirs } = (await input.merge()).trees;
    return [`rules ${rulesVersion}`, base, theirs];
  },
  async run(input) {
    const start = performance.now();
    const { context, request } = input;
    const verdict = await judgeMerge(context.repository, await input.merge(), request.signal);
    return { ...render(input, verdict), durationMs: Math.round(performance.now() - start) };
  },
};

function render({ context }: GateInput, { conflicts, notes }: MergeVerdict): GateVerdict {
  const name = (path: string): string => posix.relative(context.projectDir, path);
  const noteLines = notes.map(({ path, line, message }) =>
    path === "" ? `note: ${message}` : `note: ${name(path)}:${line}: ${message}`,
  );
  if (conflicts.length === 0) {
    const reason = notes.length === 0 ? "" : plural(notes.length, "note");
    return verdictOf("semantic", { reason, tail: tailOf(noteLines.join("\n")) });
  }
  return verdictOf("semantic", {
    status: "failed",
    reason: reasonOf(conflicts, name),
    blame: "attempt",
    diagnostics: conflicts.map(({ kind, path, line, message }) => ({
      file: name(path),
      line,
      column: null,
      code: kind,
      message,
      severity: "error",
    })),
    tail: tailOf([...conflicts.flatMap((one) => linesOf(one, name)), ...noteLines].join("\n")),
  });
}

function reasonOf(conflicts: readonly Conflict[], name: (path: string) => string): string {
  const [first] = conflicts;
  if (first === undefined) return "";
  const what = first.symbol === "" ? first.kind : `${first.kind} of ${first.symbol}`;
  const more = conflicts.length === 1 ? "" : `, and ${conflicts.length - 1} more`;
  return `${what} in ${name(first.path)}:${first.line}${more}`;
}

function linesOf(conflict: Conflict, name: (path: string) => string): string[] {
  const { kind, path, line, message, related } = conflict;
  return [
    `${name(path)}:${line}: ${kind}: ${message}`,
    ...related.map((place) => `  ${name(place.path)}:${place.line}: ${place.what}`),
  ];
}
