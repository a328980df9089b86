/**
 * The operator's repository: discovery, and the settings read from its configuration when it is
 * opened. Nothing here runs code that the configuration names.
 */
import { readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { DgovError } from "../error.ts";
import { sha256 } from "../std/digest.ts";
import { once } from "../std/once.ts";
import { userFolder } from "../std/user-folders.ts";
import { must, nulSplit, runGit } from "./git.ts";
import type { Identity, ObjectFormat } from "./objects.ts";

export interface Repository {
  /** Real path of the checkout dgov was started in. */
  topLevel: string;
  /** Real path of the git dir all worktrees share. */
  commonDir: string;
  /** Git dir of this checkout; differs from `commonDir` in a linked worktree. */
  gitDir: string;
  objectFormat: ObjectFormat;
  shallow: boolean;
  partialClone: boolean;
  /** First 16 hex digits of the SHA-256 of `commonDir`. */
  id: string;
  /** Settings read when the repository was opened. */
  settings?: RepositorySettings;
}

/** Filter drivers by name, each with its settings (`clean`, `smudge`, `process`, `required`). */
export type FilterConfig = Record<string, Record<string, string>>;

interface RepositorySettings {
  /** `core` settings that affect how files are checked out, such as `autocrlf`. */
  core: Record<string, string>;
  /** Filter drivers of the user's own configuration. */
  filters: FilterConfig;
  /** Names of filter drivers defined in the repository's own configuration. */
  localFilters: string[];
  /** Text of the repository's and the user's exclude files. */
  excludes: string;
}

const versionMin = [2, 38] as const;

/** The repository a folder lies in; null when there is none, or none that dgov can read. */
export async function findRepository(dir: string): Promise<Repository | null> {
  try {
    return await openRepository(dir);
  } catch (error) {
    if (error instanceof DgovError && error.code !== "INTERNAL") return null;
    throw error;
  }
}

/**
 * Opens the repository that contains a folder. Throws NOT_A_REPOSITORY when there is none, or when it is bare,
 * a partial clone or uses reftables; throws GIT_TOO_OLD when git is older than 2.38 or missing.
 */
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
    throw new DgovError(
      "NOT_A_REPOSITORY",
      "this repository stores its refs in a reftable, which dgov does not support",
      {
        hint: "convert it: git refs migrate --ref-format=files",
      },
    );
  }
  if (r.partialClone) {
    throw new DgovError(
      "NOT_A_REPOSITORY",
      "this is a partial clone, and some of its objects are missing",
      {
        hint: "repeat git clone without --filter",
      },
    );
  }
  return r;
}

/**
 * A project's folder relative to the repository's root, with `/` between names: "" for the root itself.
 * Throws NOT_A_REPOSITORY when it lies outside.
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
  const [output] = await Promise.all([
    runGit(["git", "-C", dir, ...args], { asOperator: true }),
    gitVersion(),
  ]);
  if (output.code !== 0) {
    const message = output.stderr.trim().replace(/^fatal: /, "");
    const bare = message.includes("must be run in a work tree");
    const cause = bare ? "the repository is bare" : message;
    throw new DgovError("NOT_A_REPOSITORY", `cannot use ${dir} as a git checkout: ${cause}`, {
      hint: "run git init, or change to a git checkout",
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
    await must(runGit(argv, { asOperator: true }), "reading the git configuration"),
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
  let userExcludes = join(userFolder("config", process.env), "git", "ignore");
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
  settings.excludes = files.filter(isAbsolute).map(textOrEmpty).join("\n");
  return settings;
}

function textOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The version of git, such as `2.39.5`, asked for once. Throws GIT_TOO_OLD when it is missing or older than 2.38. */
export const gitVersion = once(async (): Promise<string> => {
  const output = await must(runGit(["git", "--version"]), "printing its version");
  const version = /\d+\.\d+(?:\.\d+)*/.exec(output.toString())?.[0] ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1])) return version;
  throw new DgovError("GIT_TOO_OLD", `git ${version || "of an unknown version"} is too old`, {
    hint: `install git ${versionMin.join(".")} or newer`,
  });
});

/** The author that git would use, from its configuration or the environment; null when not set. */
export async function configuredIdentity(r: Repository): Promise<Identity | null> {
  const argv = ["git", `--git-dir=${r.gitDir}`, "-c", "user.useConfigOnly=true"];
  const output = await runGit([...argv, "var", "GIT_AUTHOR_IDENT"], { asOperator: true });
  const match = /^(.*) <(.*)> \d+ [+-]\d+\n?$/s.exec(output.stdout.toString());
  if (output.code !== 0 || match?.[1] === undefined || match[2] === undefined) return null;
  return { name: match[1], email: match[2] };
}

/** True when git is configured to sign every commit of the user. */
export async function signsEveryCommit(r: Repository): Promise<boolean> {
  const argv = ["git", `--git-dir=${r.gitDir}`, "config", "--type=bool", "commit.gpgSign"];
  const { stdout } = await runGit(argv, { asOperator: true });
  return stdout.toString().trim() === "true";
}

/** The name and address git commits under. Throws ENVIRONMENT when they are not configured. */
export async function requireIdentity(r: Repository): Promise<Identity> {
  const identity = await configuredIdentity(r);
  if (identity !== null) return identity;
  throw new DgovError("ENVIRONMENT", "git user.name and user.email are not set", {
    hint: "git config --global user.name NAME; git config --global user.email ADDRESS",
  });
}
