/** The project of the current directory. */
import { findProject, ownRoot } from "../config/find.ts";
import { DgovError } from "../error.ts";
import type { Context } from "./command.ts";

/**
 * The nearest folder at or above the current directory that is a project. Throws NOT_INITIALISED, and CONFIG_INVALID for
 * one that is a local project and has a `.dgov` folder too.
 */
export function requireProject(context: Context): string {
  const root = findProject(context.cwd);
  if (root !== null) {
    ownRoot(root);
    return root;
  }
  throw new DgovError("NOT_INITIALISED", `no .dgov folder in ${context.cwd} or above it`, {
    hint: "dgov init",
  });
}
