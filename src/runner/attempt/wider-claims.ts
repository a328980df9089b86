/** The change of a plan that would allow the paths of a rejected attempt. Pure. */
import type { CompiledTask } from "../../plan/compiled.ts";

/** Change of a plan file that lets a task write more paths. */
export interface WiderClaims {
  /** Relative to the project. */
  file: string;
  table: string;
  key: string;
  /** New value of the key. */
  value: string[];
  /** The paths that it adds. */
  paths: string[];
}

/** The change that adds paths to the claims of a task; null for no paths. `planDir` is relative to the project. */
export function widerClaims(
  { id, claims }: Pick<CompiledTask, "id" | "claims">,
  planDir: string,
  paths: readonly string[],
): WiderClaims | null {
  if (paths.length === 0) return null;
  const at = id.lastIndexOf(".");
  const others = [claims.create, claims.edit, claims.delete, claims.read].some(
    (list) => list.length > 0,
  );
  return {
    file: `${planDir}/${id.slice(0, at)}.toml`,
    table: `tasks.${id.slice(at + 1)}`,
    key: others ? "files.touch" : "files",
    value: [...new Set([...claims.touch, ...paths])],
    paths: [...paths],
  };
}
