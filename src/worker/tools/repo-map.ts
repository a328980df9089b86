/**
 * The repository at a glance, for the system prompt: its files, sources first, and what the first
 * of them define, within a budget.
 */
import { compareText } from "../../std/order.ts";
import { runToolGit } from "./git.ts";
import { readTextFile, resolvePath } from "./paths.ts";
import type { ToolContext } from "./tool.ts";

const charsMax = 12_000;

/** Files that are read for what they define, and characters of one that is. */
const readMax = 200;
const readCharsMax = 64 * 1024;

/** Names shown of one file. */
const namesMax = 8;

/** Paths of the project, at most `treeMaxLines` of them (0: as many as fit); what is left out is said. */
export async function repoMap(context: ToolContext): Promise<string> {
  const listed = await runToolGit(context, ["ls-files", "-co", "--exclude-standard", "-z"]);
  if (!listed.ok) return "";
  const { srcDir, testDir } = context.request.project;
  const linesMax = context.request.limits.treeMaxLines;
  const paths = [...new Set(listed.text.split("\0"))].filter((path) => path !== "");
  const shown = selectPaths(paths, { srcDir, testDir, linesMax });
  const names = new Map<string, string[]>();
  const readable = roomBeside(shown) > 0 ? shown.filter(hasTopLevelPattern) : [];
  for (const path of readable.slice(0, readMax)) {
    names.set(path, namesIn(context, path));
  }
  return renderRepoMap(shown, { names, left: paths.length - shown.length });
}

function namesIn(context: ToolContext, path: string): string[] {
  const place = resolvePath(context.root, path);
  const text = "full" in place ? readTextFile(place) : null;
  return typeof text === "string" && text.length <= readCharsMax ? topLevelNames(path, text) : [];
}

/** Which paths are shown, in which order. Pure. */
export function selectPaths(
  paths: readonly string[],
  o: { srcDir: string; testDir: string; linesMax: number },
): string[] {
  const rank = (path: string): number =>
    under(path, o.srcDir) ? 0 : under(path, o.testDir) ? 1 : path.includes("/") ? 3 : 2;
  const ordered = [...paths].sort((a, b) => rank(a) - rank(b) || compareText(a, b));
  let chars = 0;
  const cut = ordered.findIndex((path, i) => {
    chars += path.length + 1;
    return chars > charsMax || (o.linesMax > 0 && i === o.linesMax);
  });
  return cut < 0 ? ordered : ordered.slice(0, cut);
}

/** The text: a path a line, with what it defines as long as there is room. Pure. */
export function renderRepoMap(
  shown: readonly string[],
  o: { names: ReadonlyMap<string, readonly string[]>; left: number },
): string {
  let room = roomBeside(shown);
  const lines = shown.map((path) => {
    const names = o.names.get(path) ?? [];
    const more = names.length > namesMax ? [`${names.length - namesMax} more`] : [];
    const defined =
      names.length === 0 ? "" : `: ${[...names.slice(0, namesMax), ...more].join(", ")}`;
    if (defined.length > room) return path;
    room -= defined.length;
    return path + defined;
  });
  return o.left === 0 ? lines.join("\n") : `${lines.join("\n")}\n[and ${o.left} more files]`;
}

/** Characters left when the paths are written. */
function roomBeside(shown: readonly string[]): number {
  return charsMax - shown.reduce((chars, path) => chars + path.length + 1, 0);
}

function under(path: string, folder: string): boolean {
  const name = folder.replace(/^\.\/?|\/+$/g, "");
  return name !== "" && path.startsWith(`${name}/`);
}

// ------------------------------------------------------------
//  * What a file seems to define at its top, by the look of its lines. For the repository map alone,
// which every worker makes before its first word: a grammar costs 60 MB and half a second.

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
export function topLevelNames(path: string, text: string): string[] {
  const extension = /\.(\w+)$/.exec(path)?.[1] ?? "";
  const pattern = Object.hasOwn(patterns, extension) ? patterns[extension] : undefined;
  if (pattern === undefined) return [];
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ""))];
}

/** Whether `topNames` has an eye for a file. */
export function hasTopLevelPattern(path: string): boolean {
  return Object.hasOwn(patterns, /\.(\w+)$/.exec(path)?.[1] ?? "");
}
