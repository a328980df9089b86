/** The environment of what runs in a worktree or gate tree. */
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import type { SettlementContext } from "./context.ts";

/**
 * The gates' environment at a tree. Programs of the operator's own checkout (an activated `.venv`,
 * `node_modules/.bin`) are looked for in the tree instead: theirs would test the operator's code.
 */
export function environmentIn(
  c: SettlementContext,
  root: string,
  temporary: string | undefined,
): Record<string, string> {
  if (temporary !== undefined) mkdirSync(temporary, { recursive: true });
  const path = (c.environment["PATH"] ?? "/usr/bin:/bin")
    .split(":")
    .map((entry) => moved(entry, c.repository.topLevel, root))
    .join(":");
  return {
    ...c.environment,
    PATH: path,
    PYTHONDONTWRITEBYTECODE: "1",
    ...(temporary === undefined ? {} : { TMPDIR: temporary }),
  };
}

function moved(entry: string, from: string, to: string): string {
  if (!entry.startsWith("/")) return entry;
  const inside = relative(from, entry);
  return inside === ".." || inside.startsWith("../") ? entry : join(to, inside);
}
