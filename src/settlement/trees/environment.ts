/** Environment variables of processes that run in a worktree or gate tree. */
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { isToolchainVariable } from "../../process/environment.ts";
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

/** True for a variable whose folders inside the checkout are those of the tree in a child. */
function namesFolders(name: string): boolean {
  return searchPaths.includes(name) || isToolchainVariable(name);
}

/** The places of a tree and of temporary files, as dgov and as commands see them. */
export interface TreePlaces {
  /** The tree's root. */
  root: string;
  /** `TMPDIR`, created if missing; undefined keeps the operator's. */
  temporary: string | undefined;
  /** The same places as commands see them. */
  inside: { root: string; temporary: string | undefined };
}

/**
 * The environment of gates in a tree. Search paths and folders of toolchains inside the operator's checkout (an activated `.venv`,
 * `node_modules/.bin`, a package installed in place, `CARGO_HOME`) are rewritten to the same folder of the tree, since
 * the checkout's folders would test the operator's code. Each tree has a slot of its own; the variables
 * derived from it are not part of `c.environment`, and so not of the keys of cached verdicts.
 */
export function environmentIn(
  c: SettlementContext,
  { root, temporary, inside }: TreePlaces,
): Record<string, string> {
  if (temporary !== undefined) mkdirSync(temporary, { recursive: true });
  const env: Record<string, string> = { PATH: "/usr/bin:/bin", ...c.environment };
  const python = [...c.editableInstalls(), ...(env["PYTHONPATH"]?.split(":") ?? [])];
  if (python.length > 0) env["PYTHONPATH"] = python.join(":");
  for (const [name, value] of Object.entries(env)) {
    if (namesFolders(name)) env[name] = relocated(value, c.repository.topLevel, inside.root);
  }
  return {
    ...slotVariables(c.machineSlots.of(root)),
    ...env,
    PYTHONDONTWRITEBYTECODE: "1",
    ...(inside.temporary === undefined ? {} : { TMPDIR: inside.temporary }),
  };
}

/**
 * Virtual environments of Python that commands use where they are: those on the search paths outside the checkout, and
 * those that a command or a variable names by an absolute path. None when `setup_cmd` provides each tree's own.
 */
export function environmentsInPlace(
  { config, environment, repository }: SettlementContext,
  testCommands: readonly string[],
): string[] {
  if (config.worktree.setup !== null) return [];
  const commands = [
    ...Object.values(config.commands),
    ...Object.values(config.verify).map(({ command }) => command),
    ...config.reviewHooks,
    ...testCommands,
  ];
  const home = environment["HOME"] ?? "";
  const named = commands.map((text) =>
    text?.replace(/(?<![^\s=:"'])~(?=\/)|\$HOME\b|\$\{HOME\}/g, home),
  );
  // Search paths into the checkout lead into the tree instead.
  const values = Object.entries(environment).flatMap(([name, value]) =>
    namesFolders(name)
      ? value.split(":").filter((path) => !isInside(path, repository.topLevel))
      : value,
  );
  const paths = [...named, ...values].flatMap(
    (text) => text?.match(/\/[^\s"'`;&|<>()=:,$]+/g) ?? [],
  );
  return [...new Set(paths.flatMap((path) => virtualEnvironmentOf(path) ?? []))];
}

/** The real path of the virtual environment that a path lies in; null for none. */
function virtualEnvironmentOf(path: string): string | null {
  for (let at = path; dirname(at) !== at; at = dirname(at)) {
    if (existsSync(join(at, "pyvenv.cfg"))) return realpathSync(at);
  }
  return null;
}

/** A search path with the folders inside `from` replaced by those inside `to`. */
function relocated(paths: string, from: string, to: string): string {
  return paths
    .split(":")
    .map((path) => (isInside(path, from) ? join(to, relative(from, path)) : path))
    .join(":");
}
