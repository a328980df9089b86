/** Environment variables of processes that run in a worktree or gate tree. */
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { slotVariables } from "../../process/machine-slots.ts";
import type { SettlementContext } from "../context.ts";
import { isInside } from "./python-editable-installs.ts";

/** Variables with search paths (folders separated by `:`) for programs and code. */
const searchPaths = [
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
 * The environment of gates in a tree. Search paths inside the operator's checkout (an activated `.venv`,
 * `node_modules/.bin`, a package installed in place) are rewritten to the same folder of the tree, since
 * the checkout's folders would test the operator's code. Each tree has a slot of its own; the variables
 * derived from it are not part of `c.environment`, and so not of the keys of cached verdicts.
 *
 * @param root the tree's root
 * @param temporary `TMPDIR`, created if missing; undefined keeps the operator's
 */
export function environmentIn(
  c: SettlementContext,
  root: string,
  temporary: string | undefined,
): Record<string, string> {
  if (temporary !== undefined) mkdirSync(temporary, { recursive: true });
  const env: Record<string, string> = { PATH: "/usr/bin:/bin", ...c.environment };
  const python = [...c.editableInstalls(), ...(env["PYTHONPATH"]?.split(":") ?? [])];
  if (python.length > 0) env["PYTHONPATH"] = python.join(":");
  for (const name of searchPaths) {
    const value = env[name];
    if (value !== undefined) env[name] = relocated(value, c.repository.topLevel, root);
  }
  return {
    ...slotVariables(c.machineSlots.of(root)),
    ...env,
    PYTHONDONTWRITEBYTECODE: "1",
    ...(temporary === undefined ? {} : { TMPDIR: temporary }),
  };
}

/** A search path with the folders inside `from` replaced by those inside `to`. */
function relocated(paths: string, from: string, to: string): string {
  return paths
    .split(":")
    .map((path) => (isInside(path, from) ? join(to, relative(from, path)) : path))
    .join(":");
}
