/**
 * The structure gate: charges a change with the structural offenders it introduced or made worse. In strict
 * mode, the tree must not be worse than the project's baseline, either.
 */
import type { Oid } from "../../git/objects.ts";
import { canonicalJson, sha256 } from "../../std/digest.ts";
import { memoByOwner } from "../../std/once.ts";
import { errorMessage, listed } from "../../std/text.ts";
import { fileMetricsVersion } from "../../structure/file-metrics.ts";
import { type Charge, isHard, offenderText } from "../../structure/offenders.ts";
import type { SettlementContext } from "../context.ts";
import type { CheckerDiagnostic } from "../diagnostics/diagnostic.ts";
import type { ReadBaseline } from "../structure/baseline.ts";
import { type Comparison, chooseEngine, compareTree, type Engine } from "../structure/engine.ts";
import { baselineFor } from "../structure/held-baseline.ts";
import { chargesBetween, scanTree, sensorOf } from "../structure/scan.ts";
import { type GateVerdict, tailOf, verdictOf } from "../verdict.ts";
import type { GateInput, ObjectGate } from "./gate.ts";

const noBaseline = "no structural baseline (dgov sentrux gate-save)";

export const structureGate: ObjectGate = {
  name: "structure",
  reads: "objects",
  configured: () => true,
  async applies(input) {
    if (input.context.config.sentrux.mode === "off") {
      return { runs: false, reason: '[sentrux] mode is "off"' };
    }
    if ((await baselineOfBase(input)) === null) return { runs: false, reason: noBaseline };
    if (await hasMeasuredSource(input)) return { runs: true };
    return { runs: false, reason: "no source in a language the sensor reads" };
  },
  async commands(input) {
    // Naming the program adds its identity to the cache key: another sentrux, another verdict.
    const { engine, mode, includeTests } = input.context.config.sentrux;
    const name = engine === "builtin" ? "builtin" : `${engine} sentrux`;
    const baseline = sha256(canonicalJson(await baselineOfBase(input)));
    return [name, `facts ${fileMetricsVersion}`, mode, String(includeTests), baseline];
  },
  async run(input) {
    const start = performance.now();
    const verdict = await judge(input).catch((error: unknown) =>
      verdictOf("structure", {
        status: "errored",
        reason: errorMessage(error),
        blame: "environment",
      }),
    );
    return { ...verdict, durationMs: Math.round(performance.now() - start) };
  },
};

async function hasMeasuredSource({ context, request }: GateInput): Promise<boolean> {
  try {
    const scan = await scanTree(sensorOf(context, request.signal), request.tree);
    return scan.counted.size + scan.leftOut.size > 0;
  } catch (error) {
    // The run was cancelled; the result is unused.
    if (request.signal.aborted) return true;
    throw error;
  }
}

/** Baselines by the tree they are for. */
const baselines = memoByOwner<SettlementContext, Promise<ReadBaseline | string | null>>();

function baselineOfBase({ context, baseTree }: GateInput): Promise<ReadBaseline | string | null> {
  return baselines(context, baseTree, () => baselineFor(context, baseTree));
}

async function judge(input: GateInput): Promise<GateVerdict> {
  const { context: c, request, baseTree } = input;
  const { tree, signal } = request;
  const strict = c.config.sentrux.mode === "strict";
  const engine = await engineFor(input);
  const comparison = await compareWithBaseline(input, engine, tree);
  // When the external program finds nothing worse, offenders are not checked.
  const charges =
    engine.kind === "external" && comparison?.degraded.length === 0
      ? []
      : await chargesBetween(c, { before: baseTree, after: tree, signal });
  const hard = charges.filter(isHard);
  const { degraded, warnings } = comparison ?? { degraded: [], warnings: [] };
  const worse = strict ? degraded : [];
  const warned = strict ? warnings : [...warnings, ...degraded];
  const lines = [
    ...charges.map((charge) => `${charge.path}:${charge.line}: ${chargeText(charge)}`),
    ...worse.map((one) => `against the baseline: ${one}`),
    ...warned.map((one) => `against the baseline (a warning): ${one}`),
  ];
  const text = lines.join("\n");
  const evidence = {
    diagnostics: charges.map(diagnosticOf),
    tail: tailOf(text),
    output: text === "" ? null : c.putOutput(`${text}\n`),
  };
  if (hard.length === 0 && worse.length === 0) return verdictOf("structure", evidence);
  const redBase = hard.length === 0 && (await isBaseAsBad(input, engine, worse));
  const reasons = hard.length > 0 ? hard.map(reasonOf) : worse;
  const reason = `${redBase ? "base is red: " : ""}${listed(reasons, reasonsMax, "; ")}`;
  return verdictOf("structure", {
    ...evidence,
    status: "failed",
    reason,
    blame: redBase ? "base" : "attempt",
  });
}

/** True when the base is worse than its own baseline in the same ways, so that no attempt can fix it. */
async function isBaseAsBad(
  input: GateInput,
  engine: Engine,
  worse: readonly string[],
): Promise<boolean> {
  if (input.request.tree === input.baseTree) return true;
  const base = await compareWithBaseline(input, engine, input.baseTree);
  const withoutFigures = (text: string): string => text.replace(/\d.*/, "");
  const before = new Set(base?.degraded.map(withoutFigures));
  return worse.every((one) => before.has(withoutFigures(one)));
}

const reasonsMax = 3;

/** The engine that judges, as the base's baseline and the configuration ask for. */
async function engineFor(input: GateInput): Promise<Engine> {
  const { context, request, baseTree } = input;
  const found = await baselineOfBase(input);
  const { marker, signal } = request;
  const madeBy = found === null || typeof found === "string" ? {} : { madeBy: found.madeBy };
  return chooseEngine(context, { tree: baseTree, marker, signal, ...madeBy });
}

/** Compares a tree with the base's baseline; null when mode and engine do not use the comparison. */
async function compareWithBaseline(
  input: GateInput,
  engine: Engine,
  tree: Oid,
): Promise<Comparison | null> {
  const { context: c, request } = input;
  if (c.config.sentrux.mode === "diff" && engine.kind === "builtin") return null;
  const found = await baselineOfBase(input);
  if (found === null) return null;
  if (typeof found === "string") throw new Error(`.sentrux/baseline.json: ${found}`);
  const { marker, signal } = request;
  return compareTree(c, engine, { tree, ...found, marker, signal });
}

function chargeText(charge: Charge): string {
  const was = charge.was === null ? "" : `; it was ${charge.was} before`;
  return `${offenderText(charge)}${was}`;
}

/** The text of a charge, with the file where the text names no function. */
function reasonOf(charge: Charge): string {
  return charge.name === "" ? `${charge.path}: ${chargeText(charge)}` : chargeText(charge);
}

function diagnosticOf(charge: Charge): CheckerDiagnostic {
  return {
    file: charge.path,
    line: charge.line,
    column: null,
    code: charge.kind,
    message: chargeText(charge),
    severity: isHard(charge) ? "error" : "warning",
  };
}
