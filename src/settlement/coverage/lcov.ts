/** Reads lcov traces (`lcov.info`): c8, vitest, jest, bun, grcov, cargo-llvm-cov, gcov. Pure. */
import { figuresOf, type RawCoverage, type RawReading } from "./report.ts";

interface Open {
  path: string;
  lines: Map<string, number>;
  /** `LH` and `LF`, for traces that only sum up. */
  hit: number | null;
  found: number | null;
}

/** The files of a trace. A record that is not ended means that the rest is missing. */
export function readLcov(text: string): RawReading {
  const files = new Map<string, Open>();
  let open: Open | null = null;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    const [, key = "", rest = ""] = /^([A-Z]+):(.*)$/.exec(line) ?? [];
    const bad = (): RawReading => ({ ok: false, reason: `line ${index + 1} is not lcov: ${line}` });
    if (line === "" || line.startsWith("#")) continue;
    if (line === "end_of_record") {
      if (open === null) return bad();
      open = null;
    } else if (key === "") {
      return bad();
    } else if (key === "SF") {
      if (open !== null || rest === "") return bad();
      open = files.get(rest) ?? { path: rest, lines: new Map(), hit: null, found: null };
      files.set(rest, open);
    } else if (open !== null && (key === "DA" || key === "LF" || key === "LH")) {
      if (!note(open, key, rest)) return bad();
    } else if (open === null && key !== "TN") {
      return bad();
    }
  }
  if (open !== null) return { ok: false, reason: `it ends within the record of ${open.path}` };
  return { ok: true, files: [...files.values()].map(figures) };
}

function note(open: Open, key: "DA" | "LF" | "LH", rest: string): boolean {
  if (key !== "DA") {
    if (!/^\d+$/.test(rest)) return false;
    if (key === "LF") open.found = Math.max(open.found ?? 0, Number(rest));
    else open.hit = Math.max(open.hit ?? 0, Number(rest));
    return true;
  }
  const [, number = "", hits = ""] = /^(\d+),(-?\d+)(?:,.*)?$/.exec(rest) ?? [];
  if (number === "") return false;
  open.lines.set(number, Math.max(Number(hits), open.lines.get(number) ?? 0));
  return true;
}

function figures({ path, lines, hit, found }: Open): RawCoverage {
  if (lines.size === 0 && found !== null) return { path, covered: hit ?? 0, total: found };
  return { path, ...figuresOf(lines) };
}
