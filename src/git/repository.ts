/**
 * The operator's repository: finding it, and the questions dgov asks it. Nothing here runs code the
 * repository's configuration names; its settings are read once, when it is opened.
 */
import { readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { DgovError } from "../error.ts";
import { sha256 } from "../std/digest.ts";
import { must, nulSplit, runGit } from "./git.ts";
import type { Identity } from "./objects.ts";

export interface Repository {
  /** Real path of the checkout dgov was started in. */
  topLevel: string;
  /** Real path of the git dir all worktrees share. */
  commonDir: string;
  /** Git dir of this checkout; `commonDir` unless it is a linked worktree. */
  gitDir: string;
  objectFormat: "sha1" | "sha256";
  shallow: boolean;
  partialClone: boolean;
  /** 16 hex digits, of the real path of `commonDir`. */
  id: string;
  /** Read from git's configuration when the repository was opened. */
  settings?: RepositorySettings;
}

export interface RepositorySettings {
  /** Settings of `core` that say how files are checked out, e.g. `autocrlf`. */
  core: Record<string, string>;
  /** Filter drivers of the user's own configuration. */
  filters: FilterConfig;
  /** Names of drivers the repository's configuration defines. */
  localFilters: string[];
  /** Text of the repository's and the user's exclude files. */
  excludes: string;
}

const versionMin = [2, 38] as const;

/** Opens the repository a folder lies in. NOT_A_REPOSITORY or GIT_TOO_OLD when that cannot be. */
export async function openRepository(dir: string): Promise<Repository> {
  const found = await locate(dir);
  const configuration = await readConfiguration(found);
  const r: Repository = {
    ...found,
    partialClone: configuration.some(
      ({ key, value }) =>
        key === "extensions.partialclone" ||
        (/^remote\..*\.promisor$/s.test(key) && value !== "false"),
    ),
    id: sha256(found.commonDir).slice(0, 16),
    settings: settingsFrom(configuration, found),
  };
  if (
    configuration.some(({ key, value }) => key === "extensions.refstorage" && value !== "files")
  ) {
    throw new DgovError("NOT_A_REPOSITORY", "this repository keeps its refs in a reftable", {
      hint: "git refs migrate --ref-format=files",
    });
  }
  if (r.partialClone) {
    throw new DgovError("NOT_A_REPOSITORY", "this is a partial clone; its files are not all here", {
      hint: "clone it without --filter",
    });
  }
  return r;
}

/**
 * A project's folder relative to the repository's root, with `/` between names: "" for the root itself.
 * NOT_A_REPOSITORY when it lies outside.
 */
export function projectDirOf(repository: Repository, projectRoot: string): string {
  const dir = relative(repository.topLevel, projectRoot).split("\\").join("/");
  if (!dir.startsWith("..")) return dir;
  throw new DgovError("NOT_A_REPOSITORY", `${projectRoot} lies outside the repository's work tree`);
}

/** The prefix of the repository's paths below a project's folder: "" or like `packages/app/`. */
export function prefixOf(projectDir: string): string {
  return projectDir === "" ? "" : `${projectDir}/`;
}

type Found = Omit<Repository, "partialClone" | "id" | "settings">;

async function locate(dir: string): Promise<Found> {
  const questions = ["--show-toplevel", "--git-common-dir", "--absolute-git-dir"];
  const more = ["--show-object-format", "--is-shallow-repository"];
  const args = ["rev-parse", "--path-format=absolute", ...questions, ...more];
  const output = await runGit(["git", "-C", dir, ...args], { asOperator: true });
  if (output.code !== 0) {
    await gitVersion();
    const said = output.stderr.trim().replace(/^fatal: /, "");
    const words = said.includes("must be run in a work tree") ? "it has no files (bare)" : said;
    throw new DgovError("NOT_A_REPOSITORY", `${dir} is not a git checkout dgov can use: ${words}`, {
      hint: "git init, or go to a checkout",
    });
  }
  const [top, common, gitDir, format, shallow, ...rest] = output.stdout.toString().split("\n");
  if (!top || !common || !gitDir || rest.length > 1) {
    throw new DgovError("NOT_A_REPOSITORY", `the path of ${dir} contains a newline`);
  }
  return {
    topLevel: realpathSync(top),
    commonDir: realpathSync(common),
    gitDir: realpathSync(gitDir),
    objectFormat: format === "sha256" ? "sha256" : "sha1",
    shallow: shallow === "true",
  };
}

interface Setting {
  scope: string;
  key: string;
  value: string;
}

async function readConfiguration(found: Found): Promise<Setting[]> {
  const argv = ["git", `--git-dir=${found.gitDir}`, "config", "--show-scope", "-z", "--list"];
  const fields = nulSplit(
    await must(runGit(argv, { asOperator: true }), "reading its configuration"),
  ).map((field) => field.toString());
  const settings: Setting[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [scope = "", entry = ""] = fields.slice(i, i + 2);
    const cut = entry.indexOf("\n");
    // A key without a value means true.
    settings.push({
      scope,
      key: cut < 0 ? entry : entry.slice(0, cut),
      value: cut < 0 ? "true" : entry.slice(cut + 1),
    });
  }
  return settings;
}

const checkoutKeys = ["autocrlf", "eol", "filemode", "ignorecase", "symlinks", "precomposeunicode"];

function settingsFrom(configuration: Setting[], found: Found): RepositorySettings {
  const settings: RepositorySettings = { core: {}, filters: {}, localFilters: [], excludes: "" };
  let userExcludes = join(operatorConfigHome(), "git", "ignore");
  for (const { scope, key, value } of configuration) {
    const own = scope === "global" || scope === "system";
    const core = key.startsWith("core.") ? key.slice(5) : "";
    if (checkoutKeys.includes(core)) settings.core[core] = value;
    if (core === "excludesfile" && own) userExcludes = value.replace(/^~(?=\/)/, homedir());
    const filter = /^filter\.(.*)\.([a-z]+)$/s.exec(key);
    if (filter?.[1] === undefined || filter[2] === undefined) continue;
    if (own) settings.filters[filter[1]] = { ...settings.filters[filter[1]], [filter[2]]: value };
    else settings.localFilters.push(filter[1]);
  }
  const files = [userExcludes, join(found.commonDir, "info", "exclude")];
  settings.excludes = files.filter(isAbsolute).map(textOrNothing).join("\n");
  return settings;
}

function operatorConfigHome(): string {
  return process.env["XDG_CONFIG_HOME"] ?? join(process.env["HOME"] ?? homedir(), ".config");
}

function textOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The version of git, like `2.39.5`. GIT_TOO_OLD when it is missing or older than 2.38. */
export async function gitVersion(): Promise<string> {
  const output = await runGit(["git", "--version"]);
  const version = /\d+\.\d+(?:\.\d+)*/.exec(output.stdout.toString())?.[0] ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1])) return version;
  throw new DgovError("GIT_TOO_OLD", `git ${version || "of an unknown version"} is too old`, {
    hint: `install git ${versionMin.join(".")} or newer`,
  });
}

/** The author git would use here, by configuration or environment; null when none is set. */
export async function configuredIdentity(r: Repository): Promise<Identity | null> {
  const argv = ["git", `--git-dir=${r.gitDir}`, "-c", "user.useConfigOnly=true"];
  const output = await runGit([...argv, "var", "GIT_AUTHOR_IDENT"], { asOperator: true });
  const match = /^(.*) <(.*)> \d+ [+-]\d+\n?$/s.exec(output.stdout.toString());
  if (output.code !== 0 || match?.[1] === undefined || match[2] === undefined) return null;
  return { name: match[1], email: match[2] };
}

/** Filter drivers by name, each with its settings (`clean`, `smudge`, `process`, `required`). */
export type FilterConfig = Record<string, Record<string, string>>;
