/** Reads Cobertura XML: coverage.py, vitest, jest, gocover-cobertura, tarpaulin, coverlet. Pure. */
import { figuresOf, type RawCoverage, type RawReading } from "./report.ts";
import { readTags } from "./xml.ts";

interface File {
  lines: Map<string, number>;
  /** `line-rate`, for reports without lines; a class with nothing to cover has 1. */
  rate: number | null;
}

/** What a file without lines is counted as, so that its share keeps four digits. */
const parts = 10_000;

/** The files of a report, in lines; several classes of one file are one. */
export function readCobertura(text: string): RawReading {
  const read = readTags(text);
  if (!read.ok) return read;
  const [root] = read.tags;
  const kin = read.tags.some(({ name }) => name === "packages");
  if (root?.name !== "coverage" || !kin) {
    return { ok: false, reason: "it is XML, but not Cobertura's" };
  }
  const files = new Map<string, File>();
  const within: string[] = [];
  let file: File | null = null;
  for (const { name, attributes, text: content, kind } of read.tags) {
    if (name === "source" && kind === "open") within.push(content);
    if (name === "class" && kind !== "close") {
      const path = attributes["filename"];
      if (path === undefined) return { ok: false, reason: "a class of it names no file" };
      file = files.get(path) ?? { lines: new Map(), rate: null };
      file.rate ??= numberOf(attributes["line-rate"]);
      files.set(path, file);
    }
    if (name === "line" && kind !== "close" && file !== null) {
      const [number, hits] = [numberOf(attributes["number"]), numberOf(attributes["hits"])];
      if (number === null || hits === null)
        return { ok: false, reason: "a line of it has no hits" };
      file.lines.set(`${number}`, Math.max(hits, file.lines.get(`${number}`) ?? 0));
    }
  }
  return { ok: true, files: [...files].map(([path, one]) => ({ within, ...figures(path, one) })) };
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

function figures(path: string, { lines, rate }: File): RawCoverage {
  if (lines.size > 0 || rate === null || rate === 1) return { path, ...figuresOf(lines) };
  return { path, covered: Math.round(rate * parts), total: parts };
}
