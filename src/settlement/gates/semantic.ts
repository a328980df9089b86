/** The semantic gate: whether two changes that merge as text go together, by their symbols. */
import { posix } from "node:path";
import { treesOfCommits } from "../../git/commit.ts";
import {
  type Conflict,
  type MergeVerdict,
  rulesVersion,
  supportedLanguage,
} from "../../semantic/check-merge.ts";
import type { GateVerdict } from "../context.ts";
import { judgeMerge, type MergeChanges, type MergeTrees, readMerge } from "../merge-check.ts";
import { type GateInput, type ObjectGate, tailOf, verdictOf } from "./gate.ts";

export const semanticGate: ObjectGate = {
  name: "semantic",
  reads: "objects",
  configured: () => true,
  applies({ changed }) {
    if (changed.some(({ path }) => supportedLanguage(path) !== null)) return { runs: true };
    return { runs: false, reason: "no changed file is in a language with a symbol table" };
  },
  async commands(input) {
    const { base, theirs } = (await mergeOf(input)).trees;
    return [`rules ${rulesVersion}`, base, theirs];
  },
  async run(input) {
    const start = performance.now();
    const { context, request } = input;
    const verdict = await judgeMerge(context.repository, await mergeOf(input), request.signal);
    return { ...render(input, verdict), durationMs: Math.round(performance.now() - start) };
  },
};

const known = new WeakMap<GateInput, Promise<MergeChanges>>();

/** Asked for by each of the gate's questions, and found out once. */
function mergeOf(input: GateInput): Promise<MergeChanges> {
  let merge = known.get(input);
  if (merge === undefined) {
    merge = treesBehind(input).then((trees) => readMerge(input.context.repository, trees));
    known.set(input, merge);
  }
  return merge;
}

async function treesBehind({ context, request, baseTree }: GateInput): Promise<MergeTrees> {
  const { change, tree } = request;
  const alone: MergeTrees = { base: baseTree, ours: baseTree, theirs: tree, merged: tree };
  if (change === undefined) return alone;
  const [base = baseTree, theirs = tree] = await treesOfCommits(context.repository, [
    change.base,
    change.commit,
  ]);
  return base === baseTree ? alone : { base, ours: baseTree, theirs, merged: tree };
}

function render({ context }: GateInput, { conflicts, notes }: MergeVerdict): GateVerdict {
  const name = (path: string): string => posix.relative(context.projectDir, path);
  const noteLines = notes.map(({ path, line, message }) =>
    path === "" ? `note: ${message}` : `note: ${name(path)}:${line}: ${message}`,
  );
  const counted = `${notes.length} note${notes.length === 1 ? "" : "s"}`;
  if (conflicts.length === 0) {
    const reason = notes.length === 0 ? "" : counted;
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
