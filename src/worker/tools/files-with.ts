/** Files in which words stand. */
import { gitIn } from "./git.ts";
import type { ToolContext } from "./tool.ts";

const filesMax = 400;

/** Files in which one of these words stands, whole, by git; untracked ones included. */
export async function filesWith(context: ToolContext, words: readonly string[]): Promise<string[]> {
  if (words.length === 0) return [];
  const patterns = words.flatMap((word) => ["-e", word]);
  const call = ["grep", "--untracked", "-l", "-z", "-w", "-I", "-F", ...patterns, "--", "."];
  const found = await gitIn(context, call);
  return found.text
    .split("\0")
    .filter((name) => name !== "")
    .slice(0, filesMax);
}
