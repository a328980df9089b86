/**
 * The external `sentrux` program, asked in place of the built-in sensor: which of the two measures,
 * and what the program says about a folder. It is given argv, a bounded time and a checked-out tree.
 */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { DgovError } from "../error.ts";
import { describeExit } from "../process/exit-result.ts";
import { runProcess } from "../process/spawn.ts";

export type Engine = { kind: "builtin" } | { kind: "external"; program: string };

/** The engine of `[sentrux] engine`. ENVIRONMENT when the program is asked for and not there. */
export function chooseEngine(
  { sentrux }: Pick<Config, "sentrux">,
  environment: Record<string, string>,
): Engine {
  if (sentrux.engine === "builtin") return { kind: "builtin" };
  const program = programOn(environment["PATH"] ?? "");
  if (program !== null) return { kind: "external", program };
  if (sentrux.engine === "auto") return { kind: "builtin" };
  throw new DgovError("ENVIRONMENT", "[sentrux] engine is external, and sentrux is not on PATH", {
    hint: 'install sentrux, or set [sentrux] engine = "builtin"',
  });
}

function programOn(path: string): string | null {
  for (const folder of path.split(":")) {
    const program = join(folder, "sentrux");
    try {
      if (!folder.startsWith("/")) continue;
      accessSync(program, constants.X_OK);
      return program;
    } catch {
      // Not there.
    }
  }
  return null;
}

export interface ExternalAnswer {
  passed: boolean;
  /** 0 to 1; null when it did not say. */
  quality: number | null;
  /** What it finds worse, in its words. */
  worse: string[];
  /** All of that is no reason to refuse anything. */
  warnOnly: boolean;
  output: string;
}

const outputBytesMax = 256 * 1024;

/** Seconds the program may take, whatever gates may. */
const secondsMax = 120;

/** Runs the program on a folder. ENVIRONMENT when it does not end by itself. */
export async function askExternal(o: {
  program: string;
  verb: "check" | "gate" | "save";
  folder: string;
  env: Record<string, string>;
  timeoutS: number;
  marker: string;
  signal: AbortSignal;
}): Promise<ExternalAnswer> {
  const verb = o.verb === "save" ? ["gate", "--save"] : [o.verb];
  const run = await runProcess({
    argv: [o.program, ...verb, o.folder],
    cwd: o.folder,
    env: o.env,
    timeoutMs: Math.min(o.timeoutS, secondsMax) * 1000,
    outputBytesMax,
    marker: o.marker,
    signal: o.signal,
  });
  const { result } = run;
  if (result.kind === "cancelled") o.signal.throwIfAborted();
  if (result.kind !== "exited" || result.code > 125) {
    throw new DgovError("ENVIRONMENT", `sentrux could not judge: ${describeExit(result)}`, {
      hint: 'run it by hand, or set [sentrux] engine = "builtin"',
    });
  }
  const answer = readExternal(run.combined, result.code);
  if (o.verb === "save" || !answer.passed || isAnswer(answer)) return answer;
  throw new DgovError("ENVIRONMENT", "sentrux ended well and said nothing that can be read", {
    hint: 'run it by hand, or set [sentrux] engine = "builtin"',
  });
}

/** Another program of that name ends well too: what passes has to have been measured. */
function isAnswer({ quality, output }: ExternalAnswer): boolean {
  return quality !== null || /\bno degradation\b/i.test(output);
}

/** What the program's output and exit code say. Pure. */
export function readExternal(output: string, code: number): ExternalAnswer {
  const figures = [
    ...output.matchAll(/^\W*quality(?: signal)?\s*:\s*([\d.]+)(?:\s*(?:->|→)\s*([\d.]+))?/gim),
  ];
  const last = figures.at(-1);
  const figure = last === undefined ? Number.NaN : Number(last[2] ?? last[1]);
  const worse = output
    .split("\n")
    .filter((line) => /^\s*✗/.test(line) && !/DEGRADED/.test(line))
    .map((line) => line.replace(/^\s*✗\s*/, "").trim());
  const warnOnly =
    worse.length > 0 &&
    worse.every((line) => /complex functions increased|coupling increased/i.test(line));
  const quality = Number.isFinite(figure) ? (figure <= 1 ? figure : figure / 10_000) : null;
  return { passed: code === 0, quality, worse, warnOnly: code !== 0 && warnOnly, output };
}
