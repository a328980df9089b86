/** The project of the current directory. */
import { findProject } from "../config/find.ts";
import { DgovError } from "../error.ts";
import type { Context } from "./command.ts";

/** The nearest folder at or above the current directory with a `.dgov` folder. Throws NOT_INITIALISED. */
export function requireProject(context: Context): string {
  const root = findProject(context.cwd);
  if (root !== null) return root;
  throw new DgovError("NOT_INITIALISED", `no .dgov folder in ${context.cwd} or above it`, {
    hint: "dgov init",
  });
}
