/**
 * What a file seems to define at its top, by the look of its lines. For the repository map alone,
 * which every worker makes before its first word: a grammar costs 60 MB and half a second.
 */

const ecmascript =
  /^(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|interface|type|enum|const)\s+([\w$]+)/gm;

const patterns: Record<string, RegExp> = {
  py: /^(?:async\s+)?(?:def|class)\s+(\w+)/gm,
  ts: ecmascript,
  tsx: ecmascript,
  mts: ecmascript,
  js: ecmascript,
  jsx: ecmascript,
  mjs: ecmascript,
  rs: /^pub(?:\([^)]*\))?\s+(?:async\s+|unsafe\s+|const\s+)*(?:fn|struct|enum|trait|type|mod|static|const)\s+(\w+)/gm,
  go: /^(?:func\s+(?:\([^)]*\)\s*)?|type\s+)(\w+)/gm,
  java: /^(?:(?:public|abstract|final|sealed)\s+)*(?:class|interface|enum|record)\s+(\w+)/gm,
};

/** Names defined at the beginning of a line, in order, each once. Pure. */
export function topNames(path: string, text: string): string[] {
  const extension = /\.(\w+)$/.exec(path)?.[1] ?? "";
  const pattern = Object.hasOwn(patterns, extension) ? patterns[extension] : undefined;
  if (pattern === undefined) return [];
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ""))];
}

/** Whether `topNames` has an eye for a file. */
export function hasTopNames(path: string): boolean {
  return Object.hasOwn(patterns, /\.(\w+)$/.exec(path)?.[1] ?? "");
}
