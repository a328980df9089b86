/**
 * The repository map of the system prompt: the paths of the project, sources first, with the names that
 * the first files define, within `charsMax` characters.
 */
import { lstatSync } from "node:fs";
import { compareText } from "../../std/order.ts";
import type { ConversationRequest } from "../protocol.ts";
import { listFiles } from "./git.ts";
import { readTextFile, resolvePath } from "./paths.ts";
import type { ToolContext } from "./tool.ts";

const charsMax = 12_000;

/** Files read for their definitions. */
const readMax = 200;
/** Characters of a file above which it is not read. */
const readCharsMax = 64 * 1024;

/** Names listed per file. */
const namesMax = 8;

/** The files of a project. */
export interface ProjectFiles {
  /** Paths relative to the project root; ignored files are left out. */
  paths: readonly string[];
  /** The texts of files, in the order of their paths; null for a link and for what is not UTF-8 text. */
  read(paths: readonly string[]): Promise<(string | null)[]>;
}

/** The files in a worker's worktree. */
export async function filesInWorktree(context: ToolContext): Promise<ProjectFiles> {
  const paths = await listFiles(context);
  return {
    paths: Array.isArray(paths) ? paths : [],
    read: async (wanted) => wanted.map((path) => textIn(context, path)),
  };
}

function textIn(context: ToolContext, path: string): string | null {
  const file = resolvePath(context.root, path);
  if (!("full" in file) || lstatSync(file.full, { throwIfNoEntry: false })?.isSymbolicLink()) {
    return null;
  }
  const text = readTextFile(file);
  return typeof text === "string" ? text : null;
}

/** The map: at most `treeMaxLines` paths (0 for as many as fit) and the number of those left out. */
export async function repoMap(
  files: ProjectFiles,
  { project, limits }: Pick<ConversationRequest, "project" | "limits">,
): Promise<string> {
  const { srcDir, testDir } = project;
  const shown = selectPaths(files.paths, { srcDir, testDir, linesMax: limits.treeMaxLines });
  const readable = roomBeside(shown) > 0 ? shown.filter(hasTopLevelNames).slice(0, readMax) : [];
  const texts = await files.read(readable);
  const names = new Map(readable.map((path, i) => [path, namesIn(path, texts[i] ?? null)]));
  return renderRepoMap(shown, { names, left: files.paths.length - shown.length });
}

function namesIn(path: string, text: string | null): string[] {
  return text !== null && text.length <= readCharsMax ? topLevelNames(path, text) : [];
}

/** The paths to list, in order: sources, tests, files at the top, others. */
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

/**
 * The text of the map: one path per line, with its definitions while there is room; `left` paths are left
 * out.
 */
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

/** Characters of `charsMax` that remain beside the paths. */
function roomBeside(shown: readonly string[]): number {
  return charsMax - shown.reduce((chars, path) => chars + path.length + 1, 0);
}

function under(path: string, folder: string): boolean {
  const name = folder.replace(/^\.\/?|\/+$/g, "");
  return name !== "" && path.startsWith(`${name}/`);
}

// ------------------------------------------------------------
// Top-level definitions, found by patterns: a grammar would cost 60 MB and half a second per worker start.

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

/** Names defined at the start of a line, in order, without duplicates. */
export function topLevelNames(path: string, text: string): string[] {
  const extension = /\.(\w+)$/.exec(path)?.[1] ?? "";
  const pattern = Object.hasOwn(patterns, extension) ? patterns[extension] : undefined;
  if (pattern === undefined) return [];
  return [
    ...new Set([...text.replace(/^\uFEFF/, "").matchAll(pattern)].map((match) => match[1] ?? "")),
  ];
}

/** True when `topLevelNames` supports the file's extension. */
export function hasTopLevelNames(path: string): boolean {
  return Object.hasOwn(patterns, /\.(\w+)$/.exec(path)?.[1] ?? "");
}
