/**
 * What the sensor knows of one file, from one parse: all that later steps need, so that a file is
 * parsed once in its life. Facts do not depend on where the file is; they are kept by blob id.
 */

import { isSourceLanguage, type SourceLanguage } from "../languages/control-flow.ts";
import type { Import } from "../languages/import-finder.ts";
import { importsIn } from "../languages/imports.ts";
import { withTree } from "../languages/parser.ts";
import { measure, type SyntaxMetrics } from "./measure.ts";

/** Changes whenever the same bytes would give other metrics; metrics of another version are useless. */
export const fileMetricsVersion = "1";

export interface FileMetrics extends SyntaxMetrics {
  language: SourceLanguage;
  lines: number;
  /** By its own heading, or because nobody could have written it. */
  generated: boolean;
  imports: Import[];
}

/** Longer texts are not parsed: nobody writes them. Characters. */
const textMax = 1024 * 1024;

/** The metrics of a text; null when its language has none. A text too long to parse has no functions. */
export async function fileMetrics(
  language: string | null,
  text: string,
): Promise<FileMetrics | null> {
  if (!isSourceLanguage(language)) return null;
  const lines = text === "" ? 0 : text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const plain = { language, lines, generated: isGenerated(text) };
  const nothing = { ...plain, functions: [], imports: [], defines: [], refers: [], uses: [] };
  if (text.length > textMax || text.includes("\0")) return { ...nothing, generated: true };
  const parsed = await withTree(language, text, (root) => ({
    ...plain,
    ...measure(root, language),
    imports: importsIn(root, language),
  }));
  return parsed ?? { ...nothing, generated: true };
}

function isGenerated(text: string): boolean {
  return /^.{0,8}(Code generated .*DO NOT EDIT|@generated\b)/m.test(text.slice(0, 2000));
}

/** Whether a path is by its name something no one writes by hand, or somebody else's. */
export function isGeneratedPath(path: string): boolean {
  return (
    /(^|\/)(node_modules|vendor|third_party|dist|build|target|__generated__|generated)\//.test(
      path,
    ) || /(\.d\.[cm]?ts|\.min\.[cm]?js|\.pb\.go|_pb2(_grpc)?\.pyi?|\.gen\.[a-z]+)$/.test(path)
  );
}
