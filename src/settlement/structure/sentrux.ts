/**
 * The external `sentrux` program: running it on a gate tree and parsing its output.
 *
 * Every failure of the program is exit code 1, and without grammars it measures nothing and exits 0. Therefore
 * an answer counts only when it says `DEGRADED` or `No degradation`, and figures only when they are complete and
 * have imports where the built-in sensor finds some. Everything else is an ENVIRONMENT error.
 */

import { accessSync, constants, lstatSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { accessOf } from "../../config/gates.ts";
import { DgovError } from "../../error.ts";
import type { Oid } from "../../git/objects.ts";
import { describeExit } from "../../process/exit-result.ts";
import { runProcess } from "../../process/spawn.ts";
import { present } from "../../std/assert.ts";
import { readText, replaceFile } from "../../std/files.ts";

import { type Baseline, baselineFile, parseFigures } from "../../structure/baseline.ts";
import type { SettlementContext } from "../context.ts";
import { type ConfinedPlace, placeIn } from "../trees/confine.ts";
import { withFolderTree } from "../trees/gate-trees.ts";
import { lastLine } from "../verdict.ts";
import { scanTree, sensorOf } from "./scan.ts";

/** A tree, or a folder of it, to be measured. */
export interface Measurement {
  tree: Oid;
  /** Folder relative to the project; "" or absent for the whole project. */
  folder?: string;
  marker: string;
  signal: AbortSignal;
}

/** Absolute path of sentrux on PATH; null when there is none. */
export function findSentrux(path: string): string | null {
  for (const folder of path.split(":")) {
    const program = join(folder, "sentrux");
    try {
      if (!folder.startsWith("/")) continue;
      accessSync(program, constants.X_OK);
      return program;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** Answer of `sentrux gate`. */
export interface SentruxAnswer {
  degraded: boolean;
  /** 0 to 1; null when it printed none. */
  quality: number | null;
  /** Its descriptions of figures that are worse. */
  worse: string[];
  /** True when everything worse is only a warning. */
  warnOnly: boolean;
}

const worseLine =
  /(cycles|god files|complex functions) increased|quality signal dropped|coupling degraded/i;
const warningLine = /complex functions increased|coupling degraded/i;

/** Parses the output and exit code of `sentrux gate`; null when they are no answer. Pure. */
export function parseSentruxAnswer(output: string, code: number): SentruxAnswer | null {
  const says = (words: RegExp, exit: number): boolean => words.test(output) && code === exit;
  const degraded = says(/\bDEGRADED\b/, 1);
  if (!degraded && !says(/\bno degradation\b/i, 0)) return null;
  const figures = [
    ...output.matchAll(/^\W*quality(?: signal)?\s*:\s*([\d.]+)(?:\s*(?:->|→)\s*([\d.]+))?/gim),
  ];
  const last = figures.at(-1);
  const figure = last === undefined ? Number.NaN : Number(last[2] ?? last[1]);
  const lines = output.split("\n").filter((line) => worseLine.test(line));
  return {
    degraded,
    quality: Number.isFinite(figure) ? (figure <= 1 ? figure : figure / 10_000) : null,
    worse: lines.map((line) => line.replace(/^[^\w]+/, "").trim()),
    warnOnly: lines.length > 0 && lines.every((line) => warningLine.test(line)),
  };
}

/** The first line of `sentrux --version` that has a number; null when there is none. */
export async function sentruxVersion(
  c: SettlementContext,
  program: string,
  { marker, signal }: Measurement,
): Promise<string | null> {
  const run = await runProcess({
    argv: [program, "--version"],
    cwd: "/",
    env: c.environment,
    timeoutMs: versionTimeoutMs,
    outputBytesMax,
    marker,
    signal,
  });
  if (run.result.kind !== "exited" || run.result.code !== 0) return null;
  return /\d+\.\d+[\w.+-]*/.exec(run.stdout)?.[0] ?? null;
}

const versionTimeoutMs = 10_000;

export interface SentruxMeasurement {
  figures: Baseline;
  /** Present when a baseline was given. */
  answer: SentruxAnswer | null;
}

/**
 * Measures a tree with the program, checked out as a gate tree; with `baseline`, also compares it. Throws
 * ENVIRONMENT when the program's answer or figures do not count.
 */
export async function measureWithSentrux(
  c: SettlementContext,
  program: string,
  o: Measurement & { baseline?: Baseline },
): Promise<SentruxMeasurement> {
  const measured = await onGateTree(c, program, o, async (run, folder) => {
    const file = join(folder, baselineFile);
    let answer: SentruxAnswer | null = null;
    if (o.baseline !== undefined) {
      layBaseline(file, JSON.stringify(o.baseline));
      const compared = await run("gate");
      answer = parseSentruxAnswer(compared.output, compared.code);
      if (answer === null) throw notUsable("gave no verdict", compared.output);
    }
    layBaseline(file, null);
    const saved = await run("gate", "--save");
    const text = readText(file);
    const figures = text === null ? "no file was written" : parseFigures(text);
    if (typeof figures === "string")
      throw notUsable(`saved no baseline (${figures})`, saved.output);
    return { figures, answer };
  });
  const scan = await scanTree(sensorOf(c, o.signal), o.tree, o.folder);
  if (measured.figures.total_import_edges === 0 && scan.figures.importEdges > 0) {
    throw notUsable("measured no imports where there are some; its grammars may be missing", "");
  }
  return measured;
}

/** Runs `sentrux check` on a tree: true when its rules hold; null when the tree has no rules. */
export async function checkSentruxRules(
  c: SettlementContext,
  program: string,
  o: Measurement,
): Promise<{ passed: boolean; output: string } | null> {
  return onGateTree(c, program, o, async (run, folder) => {
    if (readText(join(folder, ".sentrux", "rules.toml")) === null) return null;
    const { code, output } = await run("check");
    return { passed: code === 0, output };
  });
}

type Run = (...verb: string[]) => Promise<{ code: number; output: string }>;

async function onGateTree<T>(
  c: SettlementContext,
  program: string,
  { tree, folder = "", marker, signal }: Measurement,
  use: (run: Run, folder: string) => Promise<T>,
): Promise<T> {
  const request = { tree, unit: null, marker, signal };
  const result = await withFolderTree(c, request, async (lease) => {
    const at = join(lease.project, folder);
    const place = await placeIn(c, lease.tree, accessOf(c.config, "structure"));
    const inside = join(place.inside.root, relative(lease.root, at));
    const run: Run = (...verb) =>
      runSentrux(c, program, { verb, at: inside, place, marker, signal });
    return { value: await use(run, at) };
  });
  signal.throwIfAborted();
  return present(result, "sentrux ran in a gate tree").value;
}

/**
 * Replaces the baseline in a gate tree, or removes it. The folder is part of the judged tree, so a link in its
 * place is not followed.
 */
function layBaseline(file: string, text: string | null): void {
  const folder = dirname(file);
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(folder);
  mkdirSync(folder, { recursive: true });
  if (text === null) rmSync(file, { recursive: true, force: true });
  else replaceFile(file, text);
}

const outputBytesMax = 256 * 1024;

/** Maximum seconds of a run, also when the gates' timeout is longer. */
const secondsMax = 120;

async function runSentrux(
  c: SettlementContext,
  program: string,
  o: {
    verb: string[];
    at: string;
    place: ConfinedPlace;
    marker: string;
    signal: AbortSignal;
  },
): Promise<{ code: number; output: string }> {
  const run = await runProcess({
    argv: [program, ...o.verb, o.at],
    ...{ cwd: o.place.cwd, confine: o.place.confine, env: o.place.env },
    timeoutMs: Math.min(c.config.settlementTimeoutS, secondsMax) * 1000,
    outputBytesMax,
    marker: o.marker,
    signal: o.signal,
  });
  const exit = run.result;
  if (exit.kind === "cancelled") o.signal.throwIfAborted();
  if (exit.kind !== "exited") throw notUsable(describeExit(exit), run.combined);
  return { code: exit.code, output: run.combined };
}

function notUsable(problem: string, output: string): DgovError {
  const said = lastLine(output);
  return new DgovError("ENVIRONMENT", `sentrux ${problem}${said === "" ? "" : `: ${said}`}`, {
    hint: 'run sentrux in a terminal to see its output, or set [sentrux] engine = "builtin"',
  });
}
