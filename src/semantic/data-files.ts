/** Rules for files without a symbol table: repeated keys, data that no longer parses, conflict markers. */
import { baseName } from "../languages/source-tree.ts";
import { hasSymbolTable } from "../languages/symbol-table/read.ts";
import { type RepeatedKey, repeatedJsonKeys, repeatedYamlKeys } from "./data-keys.ts";
import { type Finding, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";
import { conflictMarkersIn } from "./syntax-conflicts.ts";

type Format = "json" | "toml" | "yaml";

const parsers: Readonly<Record<Format, (text: string) => unknown>> = {
  json: JSON.parse,
  toml: Bun.TOML.parse,
  yaml: Bun.YAML.parse,
};

/** Format of a data file; null for any other file. */
function formatOf(path: string): Format | null {
  if (/^(Cargo|poetry|uv|pdm)\.lock$/.test(baseName(path))) return "toml";
  const extension = /\.(json|toml|ya?ml)$/.exec(path)?.[1];
  return extension === "yml" ? "yaml" : ((extension as Format | undefined) ?? null);
}

/** Texts of the four versions of one file. */
interface Texts {
  base: string;
  ours: string;
  theirs: string;
  merged: string;
}

/** Findings of the merged files that have no symbol table. */
export async function dataConflicts(versions: MergeVersions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of versions.changedPaths) {
    if (hasSymbolTable(path)) continue;
    const merged = await versions.text("merged", path);
    if (merged === null) continue;
    const [base, ours, theirs] = await Promise.all(
      (["base", "ours", "theirs"] as const).map((version) => versions.text(version, path)),
    );
    const texts = { base: base ?? "", ours: ours ?? "", theirs: theirs ?? "", merged };
    const format = formatOf(path);
    const markers = conflictMarkersIn(merged);
    if (markers !== null) {
      if (conflictMarkersIn(texts.base) === null) findings.push(leftMarkers(path, markers, format));
      continue;
    }
    const { ours: byOurs, theirs: byTheirs } = versions.changedBy(path);
    // A file that one side left alone is as the other side wrote it.
    if (format === null || !byOurs || !byTheirs) continue;
    const repeats = format === "toml" ? [] : repeatedKeys(path, format, texts);
    findings.push(...(repeats.length > 0 ? repeats : brokenData(path, format, texts)));
  }
  return findings;
}

function leftMarkers(path: string, line: number, format: Format | null): Finding {
  return {
    kind: "syntax_conflict",
    symbol: baseName(path),
    path,
    line,
    message:
      "the file contains merge conflict markers; resolve the conflict and remove the markers",
    related: [],
    uncertain: format !== null ? null : `${baseName(path)} may show markers on purpose`,
  };
}

/** Keys that the merge has twice in one table and neither side has. */
function repeatedKeys(path: string, format: "json" | "yaml", texts: Texts): Finding[] {
  const read = format === "json" ? repeatedJsonKeys : repeatedYamlKeys;
  const before = new Set(
    [texts.base, texts.ours, texts.theirs].flatMap((text) => read(text).map(({ name }) => name)),
  );
  // A template may select one of several entries.
  const template = /\{\{|\{%|<%|\$\{\{?\s*if\b/.test(texts.merged) && format === "yaml";
  return read(texts.merged)
    .filter(({ name }) => !before.has(name))
    .map((one) =>
      repeatedKey(path, one, template ? "the file is a template" : harmless(format, one)),
    );
}

function harmless(format: Format, { sameValue }: RepeatedKey): string | null {
  return format === "json" && sameValue ? "both values are the same" : null;
}

function repeatedKey(
  path: string,
  { name, line, firstLine }: Pick<RepeatedKey, "name" | "line" | "firstLine">,
  uncertain: string | null,
): Finding {
  return {
    kind: "duplicate_definition",
    symbol: name,
    path,
    line,
    message: `${sideName.ours} and ${sideName.theirs} both add the key \`${name}\` (the other one is at ${path}:${firstLine}); keep one of the two entries`,
    related: [{ path, line: firstLine, what: `other key \`${name}\`` }],
    uncertain,
  };
}

/** Finding of a text that its format's parser refuses, and accepts on both sides; none otherwise. */
function brokenData(path: string, format: Format, texts: Texts): Finding[] {
  if (errorOf(format, texts.ours) !== null || errorOf(format, texts.theirs) !== null) return [];
  const error = errorOf(format, texts.merged);
  if (error === null) return [];
  const key = /redefine (?:key|table) '([^']+)'/.exec(error)?.[1];
  if (key !== undefined) {
    const lines = linesNaming(texts.merged, key);
    const [firstLine = 1, line = 1] = lines.slice(-2);
    return [repeatedKey(path, { name: key, line, firstLine }, null)];
  }
  return [
    {
      kind: "syntax_conflict",
      symbol: baseName(path),
      path,
      line: 1,
      message: `the file parses with ${sideName.ours} and with ${sideName.theirs}, but not with both (${error}); re-read the file and reapply the change to its current version`,
      related: [],
      uncertain: null,
    },
  ];
}

/** The parser's message; null for a text that it accepts. */
function errorOf(format: Format, text: string): string | null {
  try {
    parsers[format](text);
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
  }
}

/** Lines of a TOML text that define a key or a table. */
function linesNaming(text: string, key: string): number[] {
  const name = RegExp.escape(key.split(".").at(-1) ?? key);
  const names = new RegExp(`^\\s*(\\[+[^\\]\\n]*\\b${name}["']?\\s*\\]|["']?${name}["']?\\s*[.=])`);
  return text.split("\n").flatMap((line, index) => (names.test(line) ? [index + 1] : []));
}
