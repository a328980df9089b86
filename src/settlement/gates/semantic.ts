/** The semantic gate: checks, by their symbols, that two changes which merge as text are compatible. */
import { posix } from "node:path";
import { type MergeVerdict, rulesVersion } from "../../semantic/check-merge.ts";
import { bySeverity, type Finding, fingerprintOf } from "../../semantic/finding.ts";
import { plural } from "../../std/text.ts";
import type { CheckerDiagnostic } from "../diagnostics/diagnostic.ts";
import { type GateVerdict, tailOf, verdictOf } from "../verdict.ts";
import type { GateInput, ObjectGate } from "./gate.ts";

export const semanticGate: ObjectGate = {
  name: "semantic",
  reads: "objects",
  configured: () => true,
  applies({ changed }) {
    // Repeated keys, numbers of migrations and conflict markers need no grammar.
    if (changed.length > 0) return { runs: true };
    return { runs: false, reason: "no file changed" };
  },
  async commands(input) {
    const { base, theirs } = (await input.merge()).trees;
    const { context, request } = input;
    const accepted = (request.accepted ?? []).toSorted().join(" ");
    return [
      `rules ${rulesVersion}`,
      JSON.stringify(context.config.semantic),
      `accepted ${accepted}`,
      base,
      theirs,
    ];
  },
  async run(input) {
    const start = performance.now();
    const verdict = await input.findings();
    return { ...render(input, verdict), durationMs: Math.round(performance.now() - start) };
  },
};

function render({ context, request }: GateInput, { findings, notes }: MergeVerdict): GateVerdict {
  const name = (path: string): string => posix.relative(context.projectDir, path);
  const { blocking: certain, noted } = bySeverity(findings, context.config.semantic);
  // A fingerprint names a symbol of a file: as many findings are accepted as the operator was shown.
  const open = [...(request.accepted ?? [])];
  const accepted = certain.filter((one) => {
    const at = open.indexOf(fingerprintOf(one));
    if (at >= 0) open.splice(at, 1);
    return at >= 0;
  });
  const blocking = certain.filter((one) => !accepted.includes(one));
  const lines = [
    ...blocking.flatMap((one) => linesOf(one, name)),
    ...accepted.map((one) => `accepted: ${lineOf(one, name)}`),
    ...noted.map((one) => `note: ${lineOf(one, name)}`),
    ...notes.map(({ path, line, message }) =>
      path === "" ? `note: ${message}` : `note: ${name(path)}:${line}: ${message}`,
    ),
  ];
  const judged = {
    diagnostics: [
      ...blocking.map((one) => diagnosticOf(one, "error", name)),
      ...noted.map((one) => diagnosticOf(one, "warning", name)),
    ],
    tail: tailOf(lines.join("\n")),
  };
  if (blocking.length > 0) {
    const reason = reasonOf(blocking, name);
    return verdictOf("semantic", { ...judged, status: "failed", reason, blame: "attempt" });
  }
  const reason = lines.length === 0 ? "" : plural(lines.length, "note");
  return verdictOf("semantic", { ...judged, reason });
}

function diagnosticOf(
  finding: Finding,
  severity: CheckerDiagnostic["severity"],
  name: (path: string) => string,
): CheckerDiagnostic {
  const { kind, path, line } = finding;
  return {
    file: name(path),
    line,
    column: null,
    code: kind,
    message: messageOf(finding),
    severity,
    fingerprint: fingerprintOf(finding),
  };
}

/** The message, with the reason for doubt. */
function messageOf({ message, uncertain }: Finding): string {
  return uncertain === null ? message : `${message} (uncertain: ${uncertain})`;
}

function reasonOf(findings: readonly Finding[], name: (path: string) => string): string {
  const [first] = findings;
  if (first === undefined) return "";
  const what = first.symbol === "" ? first.kind : `${first.kind} of ${first.symbol}`;
  const more = findings.length === 1 ? "" : `, and ${findings.length - 1} more`;
  return `${what} in ${name(first.path)}:${first.line}${more}`;
}

function lineOf(finding: Finding, name: (path: string) => string): string {
  return `${name(finding.path)}:${finding.line}: ${finding.kind}: ${messageOf(finding)}`;
}

function linesOf(finding: Finding, name: (path: string) => string): string[] {
  return [
    lineOf(finding, name),
    ...finding.related.map((place) => `  ${name(place.path)}:${place.line}: ${place.what}`),
  ];
}
