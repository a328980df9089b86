import type { Oid } from "../../git/objects.ts";
import type { Baseline } from "../../structure/baseline.ts";
import { factsVersion } from "../../structure/facts.ts";
import { type Charge, isHard, offenderText } from "../../structure/offenders.ts";
import type { GateVerdict } from "../context.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { type Comparison, chooseEngine, compareTree, type Engine } from "../structure/engine.ts";
import { chargesBetween, readStructureBaseline, scanTree, sensorOf } from "../structure/scan.ts";
import { type GateInput, type ObjectGate, tailOf, verdictOf } from "./gate.ts";

const noBaseline = "no structural baseline (dgov sentrux gate-save)";

export const structureGate: ObjectGate = {
  name: "structure",
  reads: "objects",
  configured: () => true,
  async applies(input) {
    if ((await baselineOfBase(input)) === null) return { runs: false, reason: noBaseline };
    if (await hasSource(input)) return { runs: true };
    return { runs: false, reason: "no source in a language the sensor reads" };
  },
  async commands(input) {
    // The word names the program too: another sentrux, another verdict.
    const { engine, mode, includeTests } = input.context.config.sentrux;
    const name = engine === "builtin" ? "builtin" : `${engine} sentrux`;
    return [name, `facts ${factsVersion}`, mode, String(includeTests)];
  },
  async run(input) {
    const start = performance.now();
    try {
      const verdict = await judge(input);
      return { ...verdict, durationMs: Math.round(performance.now() - start) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const durationMs = Math.round(performance.now() - start);
      return verdictOf("structure", {
        status: "errored",
        reason,
        durationMs,
        blame: "environment",
      });
    }
  },
};

async function hasSource({ context, request }: GateInput): Promise<boolean> {
  try {
    const scan = await scanTree(sensorOf(context, request.signal), request.tree);
    return scan.counted.size + scan.leftOut.size > 0;
  } catch (error) {
    // Nobody waits for the answer.
    if (request.signal.aborted) return true;
    throw error;
  }
}

const known = new WeakMap<object, Map<Oid, Promise<Baseline | string | null>>>();

/** Asked for by every gate on the same base, and read once. */
function baselineOfBase({ context, baseTree }: GateInput): Promise<Baseline | string | null> {
  const baselines = known.get(context.facts) ?? new Map<Oid, Promise<Baseline | string | null>>();
  known.set(context.facts, baselines);
  let baseline = baselines.get(baseTree);
  if (baseline === undefined) {
    baseline = readStructureBaseline(context, baseTree);
    baselines.set(baseTree, baseline);
  }
  return baseline;
}

async function judge(input: GateInput): Promise<GateVerdict> {
  const { context: c, request, baseTree } = input;
  const { mode } = c.config.sentrux;
  const engine = chooseEngine(c.config, c.environment);
  const comparison = await compared(input, engine);
  // The program's word that nothing is worse ends it; without it, the offenders are looked at.
  const charges =
    engine.kind === "external" && comparison?.degraded.length === 0
      ? []
      : await chargesBetween(c, { before: baseTree, after: request.tree, signal: request.signal });
  const hard = charges.filter(isHard);
  const against = comparison ?? { degraded: [], warnings: [] };
  const worse = mode === "strict" ? against.degraded : [];
  const told = [...against.warnings, ...(mode === "strict" ? [] : against.degraded)];
  const lines = [
    ...worse.map((one) => `against the baseline: ${one}`),
    ...told.map((one) => `against the baseline (a warning): ${one}`),
  ];
  const places = charges.map((charge) => `${charge.path}:${charge.line}: ${chargeText(charge)}`);
  const text = [...places, ...lines].join("\n");
  const shown = {
    diagnostics: charges.map(diagnosticOf),
    tail: tailOf(text),
    output: text === "" ? null : c.putOutput(`${text}\n`),
  };
  if (hard.length === 0 && worse.length === 0) return verdictOf("structure", shown);
  const base = hard.length === 0 && (await baseIsNoBetter(input, engine, worse));
  const reasons = hard.length > 0 ? hard.map(reasonOf) : worse;
  const more = reasons.length > reasonsMax ? ` and ${reasons.length - reasonsMax} more` : "";
  const reason = `${base ? "base is red: " : ""}${reasons.slice(0, reasonsMax).join("; ")}${more}`;
  return verdictOf("structure", {
    ...shown,
    status: "failed",
    reason,
    blame: base ? "base" : "attempt",
  });
}

/** Whether the base is as far below its own baseline: then no attempt can mend it. */
async function baseIsNoBetter(
  input: GateInput,
  engine: Engine,
  worse: readonly string[],
): Promise<boolean> {
  const { request, baseTree } = input;
  if (request.tree === baseTree) return true;
  const base = await compared({ ...input, request: { ...request, tree: baseTree } }, engine);
  const without = (one: string): string => one.replace(/\d.*/, "");
  const before = new Set(base?.degraded.map(without));
  return worse.every((one) => before.has(without(one)));
}

const reasonsMax = 3;

/** The comparison with the baseline, where it decides something; null where it does not. */
async function compared(input: GateInput, engine: Engine): Promise<Comparison | null> {
  const { context: c, request } = input;
  if (c.config.sentrux.mode === "diff" && engine.kind === "builtin") return null;
  const baseline = await baselineOfBase(input);
  if (baseline === null) return null;
  if (typeof baseline === "string") throw new Error(`.sentrux/baseline.json: ${baseline}`);
  const { tree, marker, signal } = request;
  return compareTree(c, engine, { tree, baseline, marker, signal });
}

function chargeText(charge: Charge): string {
  const was = charge.was === null ? "" : `; it was ${charge.was} before`;
  return `${offenderText(charge)}${was}`;
}

/** A function's name tells whose fault it is; a file is named here. */
function reasonOf(charge: Charge): string {
  return charge.name === "" ? `${charge.path}: ${chargeText(charge)}` : chargeText(charge);
}

function diagnosticOf(charge: Charge): Diagnostic {
  return {
    file: charge.path,
    line: charge.line,
    column: null,
    code: charge.kind,
    message: chargeText(charge),
    severity: isHard(charge) ? "error" : "warning",
  };
}
