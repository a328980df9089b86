/**
 * Metrics of one file from one parse: everything that later steps need of it. They do not depend on the path,
 * so they are cached by language and blob id.
 */

import type { Import } from "../languages/import-finder.ts";
import { importsIn } from "../languages/imports.ts";
import { isSourceLanguage, type SourceLanguage } from "../languages/language.ts";
import { type LanguageName, withTree } from "../languages/parser.ts";
import { measureFile, type SyntaxMetrics } from "./measure.ts";

/** Version of the metrics in the key of their cache. Change it when the same text would give other metrics. */
export const fileMetricsVersion = "2";

export interface FileMetrics extends SyntaxMetrics {
  language: SourceLanguage;
  lines: number;
  /** True for a file with a generator's header, or one that cannot be parsed. */
  generated: boolean;
  imports: Import[];
}

/** Maximum length of a parsed text, in characters; longer ones count as generated. */
const textMax = 1024 * 1024;

/** Metrics of a text; null for a language without metrics. A text that cannot be parsed has no functions. */
export async function fileMetrics(
  language: LanguageName | null,
  text: string,
): Promise<FileMetrics | null> {
  if (!isSourceLanguage(language)) return null;
  const lines = text === "" ? 0 : text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const header = { language, lines, generated: isGenerated(text) };
  const unparsed = { ...header, functions: [], imports: [], defines: [], refers: [], uses: [] };
  if (text.length > textMax || text.includes("\0")) return { ...unparsed, generated: true };
  const parsed = await withTree(language, text, (root) => ({
    ...header,
    ...measureFile(root, language),
    imports: importsIn(root, language),
  }));
  return parsed ?? { ...unparsed, generated: true };
}

function isGenerated(text: string): boolean {
  return /^.{0,8}(Code generated .*DO NOT EDIT|@generated\b)/m.test(text.slice(0, 2000));
}

/** True for a path that by convention holds generated, built or third-party code. */
export function isGeneratedPath(path: string): boolean {
  return (
    /(^|\/)(node_modules|vendor|third_party|dist|build|target|__generated__|generated)\//.test(
      path,
    ) || /(\.d\.[cm]?ts|\.min\.[cm]?js|\.pb\.go|_pb2(_grpc)?\.pyi?|\.gen\.[a-z]+)$/.test(path)
  );
}
