/**
 * Resolves path arguments and reads the files they name. A path must be below the project root, must not
 * leave it through a link, must not be inside `.git`, and must name a regular file or a folder.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { type ToolResult, toolError } from "./tool.ts";

/** A path that passed the checks of `resolvePath`. */
export interface ProjectPath {
  /** Absolute path. */
  full: string;
  /** Path relative to the project root, with `/`; "" for the root. */
  path: string;
}

/**
 * Resolves a path for reading, or returns the error. Links are followed when they stay inside the project.
 */
export function resolvePath(root: string, typed: string): ProjectPath | ToolResult {
  if (typed.includes("\0"))
    return toolError("invalid_arguments", "a path must not contain a NUL byte");
  const base = realpathSync(root);
  const full = isAbsolute(typed) ? resolve(typed) : resolve(base, typed);
  const path = below(base, full) ?? below(resolve(root), full);
  if (path === null) {
    return toolError("not_permitted", `${typed} is outside the project`, typed);
  }
  if (path.split("/").some((name) => name.toLowerCase() === ".git")) {
    return toolError("not_permitted", `${path} is inside .git`, path);
  }
  const resolved = join(base, path);
  const real = realParent(resolved);
  if (real === null || below(base, real) === null) {
    return toolError("not_permitted", `${path} leads outside the project through a link`, path);
  }
  return { full: resolved, path };
}

/** Resolves a path for writing, or returns the error. No part of the path may be a link or a special file. */
export function resolveWritePath(root: string, typed: string): ProjectPath | ToolResult {
  const file = resolvePath(root, typed);
  if (!("full" in file)) return file;
  if (file.path === "")
    return toolError("invalid_arguments", "the path must name a file, not the project root", typed);
  const base = realpathSync(root);
  let at = base;
  for (const name of file.path.split("/")) {
    at = join(at, name);
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats === undefined) break;
    if (stats.isSymbolicLink()) {
      return toolError(
        "not_permitted",
        `${relative(base, at)} is a link; writing through links is not permitted`,
        file.path,
      );
    }
    if (at !== file.full && !stats.isDirectory()) {
      return toolError("conflict", `${relative(base, at)} is a file, not a folder`, file.path);
    }
    if (at === file.full && !stats.isFile()) {
      return toolError("conflict", `${file.path} is not a regular file`, file.path);
    }
    if (at === file.full && stats.nlink > 1) {
      return toolError(
        "not_permitted",
        `${file.path} has more than one name (a hard link)`,
        file.path,
      );
    }
  }
  return file;
}

/** The relative path as git and commands take it: `.` for the project root. */
export function pathspec(file: ProjectPath): string {
  return file.path === "" ? "." : file.path;
}

/** The path of `full` relative to `base`, with `/`; null when it is not below `base`. */
function below(base: string, full: string): string | null {
  const away = relative(base, full);
  if (away === "") return "";
  if (away === ".." || away.startsWith(`..${sep}`) || isAbsolute(away)) return null;
  return away.split(sep).join("/");
}

/** The real path of a path or of its nearest existing ancestor; null at a dangling link. */
function realParent(path: string): string | null {
  for (let at = path; ; at = dirname(at)) {
    try {
      return realpathSync(at);
    } catch {
      // A write through a dangling link would create its target.
      if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return null;
      if (dirname(at) === at) return null;
    }
  }
}

const fileBytesMax = 16 * 1024 * 1024;

/** The bytes of a regular file, or an error. Opens without blocking, in case it is a named pipe. */
function readRegularFile(file: ProjectPath): Buffer | ToolResult {
  let handle: number;
  try {
    handle = openSync(file.full, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "ENOENT") return toolError("not_found", `${file.path} does not exist`, file.path);
    return toolError("failed", `${file.path} cannot be opened (${code})`, file.path);
  }
  try {
    const stats = fstatSync(handle);
    if (stats.isDirectory())
      return toolError("unsupported", `${file.path} is a folder; use list_dir`, file.path);
    if (!stats.isFile())
      return toolError("unsupported", `${file.path} is not a regular file`, file.path);
    if (stats.size > fileBytesMax)
      return toolError("unsupported", `${file.path} is larger than 16 MiB`, file.path);
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A text file named by a path argument. */
interface ResolvedText {
  file: ProjectPath;
  text: string;
}

/** Resolves a path argument and reads its text file, or returns the error. */
export function resolveText(root: string, typed: unknown): ResolvedText | ToolResult {
  const file = resolvePath(root, String(typed));
  if (!("full" in file)) return file;
  const text = readTextFile(file);
  return typeof text === "string" ? { file, text } : text;
}

/**
 * The text of a file. Binary and non-UTF-8 content is an error, because editing it would change other
 * bytes.
 */
export function readTextFile(file: ProjectPath): string | ToolResult {
  const bytes = readRegularFile(file);
  if (!Buffer.isBuffer(bytes)) return bytes;
  if (bytes.includes(0)) return toolError("unsupported", `${file.path} is binary`, file.path);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return toolError("unsupported", `${file.path} is not UTF-8`, file.path);
  }
}

/** Writes a file. When that fails, on a full disk for example, the file is as it was before. */
export function writeOrRestore(full: string, content: string | Uint8Array): void {
  const before = existsSync(full) ? readFileSync(full) : null;
  try {
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
  } catch (error) {
    if (before === null) rmSync(full, { force: true });
    else writeFileSync(full, before);
    throw error;
  }
}
