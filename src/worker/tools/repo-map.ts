/**
 * The repository at a glance, for the system prompt: its files, sources first, and what the first
 * of them define, within a budget.
 */
import { compareText } from "../../std/order.ts";
import { gitIn } from "./git.ts";
import { placeOf, readText } from "./paths.ts";
import type { ToolContext } from "./tool.ts";
import { hasTopNames, topNames } from "./top-names.ts";

const charsMax = 12_000;

/** Files that are read for what they define, and characters of one that is. */
const readMax = 200;
const readCharsMax = 64 * 1024;

/** Names shown of one file. */
const namesMax = 8;

/** Paths of the project, at most `treeMaxLines` of them (0: as many as fit); what is left out is said. */
export async function repoMap(context: ToolContext): Promise<string> {
  const listed = await gitIn(context, ["ls-files", "-co", "--exclude-standard", "-z"]);
  if (!listed.ok) return "";
  const { srcDir, testDir } = context.request.project;
  const linesMax = context.request.limits.treeMaxLines;
  const paths = [...new Set(listed.text.split("\0"))].filter((path) => path !== "");
  const shown = pathsShown(paths, { srcDir, testDir, linesMax });
  const names = new Map<string, string[]>();
  const readable = roomBeside(shown) > 0 ? shown.filter(hasTopNames) : [];
  for (const path of readable.slice(0, readMax)) {
    names.set(path, namesIn(context, path));
  }
  return renderMap(shown, { names, left: paths.length - shown.length });
}

function namesIn(context: ToolContext, path: string): string[] {
  const place = placeOf(context.root, path);
  const text = "full" in place ? readText(place) : null;
  return typeof text === "string" && text.length <= readCharsMax ? topNames(path, text) : [];
}

/** Which paths are shown, in which order. Pure. */
export function pathsShown(
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
export function renderMap(
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
