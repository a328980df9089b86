/** The environment of what runs in a worktree or gate tree. */
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import type { SettlementContext } from "./context.ts";
import { editableFolders, isInside } from "./editables.ts";

/** Variables by which programs find programs and code, `:` between folders. */
const searched = [
  "PATH",
  "PYTHONPATH",
  "VIRTUAL_ENV",
  "NODE_PATH",
  "RUBYLIB",
  "PERL5LIB",
  "CLASSPATH",
  "LD_LIBRARY_PATH",
];

/**
 * The gates' environment at a tree. What is looked for in the operator's own checkout (an activated
 * `.venv`, `node_modules/.bin`, a package installed in place) is looked for in the tree instead:
 * the checkout's would test the operator's code.
 */
export function environmentIn(
  c: SettlementContext,
  root: string,
  temporary: string | undefined,
): Record<string, string> {
  if (temporary !== undefined) mkdirSync(temporary, { recursive: true });
  const env: Record<string, string> = { PATH: "/usr/bin:/bin", ...c.environment };
  const python = [...editables(c), ...(env["PYTHONPATH"]?.split(":") ?? [])];
  if (python.length > 0) env["PYTHONPATH"] = python.join(":");
  for (const name of searched) {
    const value = env[name];
    if (value !== undefined) env[name] = moved(value, c.repository.topLevel, root);
  }
  return {
    ...env,
    PYTHONDONTWRITEBYTECODE: "1",
    ...(temporary === undefined ? {} : { TMPDIR: temporary }),
  };
}

function moved(paths: string, from: string, to: string): string {
  return paths
    .split(":")
    .map((path) => (isInside(path, from) ? join(to, relative(from, path)) : path))
    .join(":");
}

/** Looked for once a run. */
function editables(c: SettlementContext): string[] {
  const known = found.get(c);
  if (known !== undefined) return known;
  const folders = editableFolders(c.environment["PATH"] ?? "", c.repository.topLevel);
  found.set(c, folders);
  return folders;
}

const found = new WeakMap<SettlementContext, string[]>();
