/** The repository at a glance, for the system prompt: its files, sources first, within a budget. */
import { compareText } from "../../std/order.ts";
import { gitIn } from "./git.ts";
import type { ToolContext } from "./tool.ts";

const charsMax = 12_000;

/** Paths of the project, at most `treeMaxLines` of them (0: as many as fit); what is left out is said. */
export async function repoMap(context: ToolContext): Promise<string> {
  const listed = await gitIn(context, ["ls-files", "-co", "--exclude-standard", "-z"]);
  if (!listed.ok) return "";
  const { srcDir, testDir } = context.request.project;
  const paths = [...new Set(listed.text.split("\0"))].filter((path) => path !== "");
  return renderMap(paths, { srcDir, testDir, linesMax: context.request.limits.treeMaxLines });
}

/** Pure part: which paths, in which order. */
export function renderMap(
  paths: readonly string[],
  o: { srcDir: string; testDir: string; linesMax: number },
): string {
  const rank = (path: string): number =>
    under(path, o.srcDir) ? 0 : under(path, o.testDir) ? 1 : path.includes("/") ? 3 : 2;
  const ordered = [...paths].sort((a, b) => rank(a) - rank(b) || compareText(a, b));
  const lines: string[] = [];
  let chars = 0;
  for (const path of ordered) {
    chars += path.length + 1;
    if (chars > charsMax || (o.linesMax > 0 && lines.length === o.linesMax)) break;
    lines.push(path);
  }
  const left = ordered.length - lines.length;
  return left === 0 ? lines.join("\n") : `${lines.join("\n")}\n[and ${left} more files]`;
}

function under(path: string, folder: string): boolean {
  const name = folder.replace(/^\.\/?|\/+$/g, "");
  return name !== "" && path.startsWith(`${name}/`);
}
