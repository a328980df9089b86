/** Coverage reports: lcov, coverage.py JSON, Go profiles and Cobertura XML, told apart by content. Pure. */
import { errorMessage, oneLine } from "../../std/text.ts";
import {
  type FileCoverage,
  figuresOf,
  type Layout,
  locate,
  type RawCoverage,
  type RawReading,
  type ReportReading,
} from "./report.ts";

const formats: readonly { start: RegExp; read(text: string): RawReading }[] = [
  { start: /^\s*mode: /, read: readGoProfile },
  { start: /^\s*\{/, read: readCoveragePy },
  { start: /^\s*</, read: readCobertura },
  { start: /^\s*(TN|SF):/, read: readLcov },
];

/** Maximum characters of a reason; reasons quote lines of the report. */
const reasonMax = 200;

/**
 * Parses a report into the figures of the tree's files; other files are left out. Fails with a reason,
 * which completes "the coverage report cannot be used: ...", when the report is truncated, malformed or
 * contains no file of the tree.
 */
export function readReport(text: string, layout: Layout): ReportReading {
  const content = text.replace(/^\uFEFF/, "");
  if (content.trim() === "") return { ok: false, reason: "it is empty" };
  const format = formats.find(({ start }) => start.test(content));
  if (format === undefined) {
    const reason = "its format is not lcov, coverage.py JSON, Cobertura or a Go profile";
    return { ok: false, reason };
  }
  const raw = format.read(content);
  if (!raw.ok) return { ok: false, reason: raw.reason.slice(0, reasonMax) };
  const files = new Map<string, FileCoverage>();
  for (const { covered, total, ...named } of raw.files) {
    const path = locate(layout, named);
    if (path !== null) files.set(path, { path, covered, total });
  }
  if (files.size > 0) return { ok: true, files: [...files.values()] };
  const [first] = raw.files;
  const reason =
    first === undefined
      ? "it contains no files"
      : `none of its files is in the project (the first is ${first.path})`;
  return { ok: false, reason };
}

/** One `SF:` record of an lcov trace; records of the same file are merged. */
interface LcovRecord {
  path: string;
  lines: Map<string, number>;
  /** `LH` and `LF`, used when the record has no `DA` lines. */
  hit: number | null;
  found: number | null;
}

/**
 * Reads an lcov trace (`lcov.info`), written by c8, vitest, jest, bun, grcov, cargo-llvm-cov and gcov.
 * A record without `end_of_record` means that the trace is truncated.
 */
function readLcov(text: string): RawReading {
  const files = new Map<string, LcovRecord>();
  let open: LcovRecord | null = null;
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
      if (!readLcovLine(open, key, rest)) return bad();
    } else if (open === null && key !== "TN") {
      return bad();
    }
  }
  if (open !== null)
    return { ok: false, reason: `the record of ${open.path} has no end_of_record` };
  return { ok: true, files: [...files.values()].map(lcovFigures) };
}

function readLcovLine(open: LcovRecord, key: "DA" | "LF" | "LH", rest: string): boolean {
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

function lcovFigures({ path, lines, hit, found }: LcovRecord): RawCoverage {
  if (lines.size === 0 && found !== null) return { path, covered: hit ?? 0, total: found };
  return { path, ...figuresOf(lines) };
}

/**
 * Reads the JSON report of coverage.py (`coverage json`, `pytest --cov-report=json:...`). Counts
 * statements, plus branches where they were measured.
 */
function readCoveragePy(text: string): RawReading {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: `it is not valid JSON: ${errorMessage(error)}` };
  }
  const named = field(report, "files");
  if (typeof named !== "object" || named === null || Array.isArray(named)) {
    return { ok: false, reason: 'its JSON has no "files" as coverage.py writes it' };
  }
  const files: RawCoverage[] = [];
  for (const [path, entry] of Object.entries(named)) {
    const summary = field(entry, "summary");
    const count = (name: string): number | null => {
      const value = field(summary, name);
      return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
    };
    const [covered, total] = [count("covered_lines"), count("num_statements")];
    if (covered === null || total === null) {
      return { ok: false, reason: `${path} has no summary as coverage.py writes it` };
    }
    files.push({
      path,
      covered: covered + (count("covered_branches") ?? 0),
      total: total + (count("num_branches") ?? 0),
    });
  }
  return { ok: true, files };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

const goMode = /^mode: (set|count|atomic)$/;
const goBlock = /^(.+):(\d+\.\d+,\d+\.\d+) (\d+) (\d+)$/;

/** Reads a Go profile (`go test -coverprofile=...`). Counts statements; files are named by import path. */
function readGoProfile(text: string): RawReading {
  if (!text.endsWith("\n")) return { ok: false, reason: "its last line is truncated" };
  const files = new Map<string, Map<string, { statements: number; hits: number }>>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trimEnd();
    // Concatenated profiles repeat the first line.
    if (line === "" || goMode.test(line)) continue;
    const [, path = "", place = "", statements, hits] = goBlock.exec(line) ?? [];
    if (path === "") return { ok: false, reason: `line ${index + 1} is not a block: ${line}` };
    const blocks = files.get(path) ?? new Map<string, { statements: number; hits: number }>();
    files.set(path, blocks);
    // With -coverpkg every test binary reports the same block.
    const before = blocks.get(place)?.hits ?? 0;
    blocks.set(place, { statements: Number(statements), hits: Math.max(before, Number(hits)) });
  }
  return { ok: true, files: [...files].map(([path, blocks]) => goFigures(path, blocks)) };
}

function goFigures(
  path: string,
  blocks: ReadonlyMap<string, { statements: number; hits: number }>,
): RawCoverage {
  const sum = (some: { statements: number }[]): number =>
    some.reduce((total, { statements }) => total + statements, 0);
  const all = [...blocks.values()];
  return { path, covered: sum(all.filter(({ hits }) => hits > 0)), total: sum(all) };
}

/** The module name in the text of a go.mod; null when there is none. */
export function goModule(text: string): string | null {
  const [, name = ""] =
    /^[ \t]*module[ \t]+("[^"\n]+"|`[^`\n]+`|[^\s/"`][^\s"`]*)/m.exec(text) ?? [];
  return name.replace(/["`]/g, "") || null;
}

/** The classes of one file in a Cobertura report, merged. */
interface CoberturaFile {
  lines: Map<string, number>;
  /** `line-rate`, used when no lines are listed; 1 for a class with nothing to cover. */
  rate: number | null;
}

/** Total assumed for a file with a rate but no lines, so that its share keeps four digits. */
const rateParts = 10_000;

/**
 * Reads Cobertura XML, written by coverage.py, vitest, jest, gocover-cobertura, tarpaulin and coverlet.
 * Counts lines.
 */
function readCobertura(text: string): RawReading {
  const read = readTags(text);
  if (!read.ok) return read;
  const [root] = read.tags;
  const hasPackages = read.tags.some(({ name }) => name === "packages");
  if (root?.name !== "coverage" || !hasPackages) {
    return { ok: false, reason: "its XML is not Cobertura" };
  }
  const files = new Map<string, CoberturaFile>();
  const within: string[] = [];
  let file: CoberturaFile | null = null;
  for (const { name, attributes, text: content, kind } of read.tags) {
    if (name === "source" && kind === "open") within.push(content);
    if (name === "class" && kind !== "close") {
      const path = attributes["filename"];
      if (path === undefined) return { ok: false, reason: "a class has no filename" };
      file = files.get(path) ?? { lines: new Map(), rate: null };
      file.rate ??= numberOf(attributes["line-rate"]);
      files.set(path, file);
    }
    if (name === "line" && kind !== "close" && file !== null) {
      const [number, hits] = [numberOf(attributes["number"]), numberOf(attributes["hits"])];
      if (number === null || hits === null)
        return { ok: false, reason: "a line has no number or hits" };
      file.lines.set(`${number}`, Math.max(hits, file.lines.get(`${number}`) ?? 0));
    }
  }
  return {
    ok: true,
    files: [...files].map(([path, one]) => ({ within, ...coberturaFigures(path, one) })),
  };
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

function coberturaFigures(path: string, { lines, rate }: CoberturaFile): RawCoverage {
  if (lines.size > 0 || rate === null || rate === 1) return { path, ...figuresOf(lines) };
  return { path, covered: Math.round(rate * rateParts), total: rateParts };
}

/** One tag of an XML document. */
interface Tag {
  name: string;
  attributes: Record<string, string>;
  /** Text between this tag and the next, trimmed. */
  text: string;
  kind: "open" | "close" | "empty";
}

const skippedPattern = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|<!DOCTYPE[^[>]*>/g;
const tagPattern =
  /<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>([^<]*)/y;
const attributePattern = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads the tags of a well-nested XML document, as much as coverage reports need. Knows only the five
 * predefined entities; a document that declares others is refused.
 */
function readTags(document: string): { ok: true; tags: Tag[] } | { ok: false; reason: string } {
  const text = document.replace(skippedPattern, "").trim();
  const tags: Tag[] = [];
  const open: string[] = [];
  tagPattern.lastIndex = 0;
  while (tagPattern.lastIndex < text.length) {
    const at = tagPattern.lastIndex;
    const match = tagPattern.exec(text);
    if (match === null)
      return { ok: false, reason: `it is not XML at: ${oneLine(text.slice(at, at + 40))}` };
    const [, closing, name = "", pairs = "", empty, after = ""] = match;
    if (closing === "/" && open.pop() !== name) {
      return { ok: false, reason: `</${name}> has no opening tag` };
    }
    if (closing !== "/" && empty !== "/") open.push(name);
    const kind = closing === "/" ? "close" : empty === "/" ? "empty" : "open";
    tags.push({ name, attributes: attributesOf(pairs), text: decoded(after.trim()), kind });
  }
  const [unclosed] = open;
  if (unclosed !== undefined) return { ok: false, reason: `</${unclosed}> is missing` };
  return { ok: true, tags };
}

function attributesOf(pairs: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const [, name = "", double, single] of pairs.matchAll(attributePattern)) {
    found[name] = decoded(double ?? single ?? "");
  }
  return found;
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? "");
}
