/**
 * Folders of toolchains below a user's home, as a table, and the folders that variables and PATH name. Pure but for
 * `Probe`, through which it asks which folders exist.
 */
import { basename, dirname, isAbsolute, join } from "node:path";
import { variableNames, toolchains as variables } from "../process/environment.ts";
import { isInsideFolder } from "./view.ts";

/** Folders of a tool, relative to the home folder. */
interface ToolFolders {
  /** Programs, libraries and settings without secrets: read. */
  read?: string[];
  /** Registries and caches: read, and written to by commands, whose changes are dropped. */
  stores?: string[];
}

/**
 * Folders that commands see when they exist. Files that hold credentials (.npmrc, .pypirc, .netrc, credentials.toml of
 * cargo, settings.xml of maven, gradle.properties) are not in the table.
 */
export const toolFolders: Readonly<Record<string, ToolFolders>> = {
  rustup: { read: [".rustup"] },
  cargo: {
    read: [".cargo/bin", ".cargo/config.toml", ".cargo/config", ".cargo/env"],
    stores: [".cargo/registry", ".cargo/git"],
  },
  go: { read: ["go/bin", ".config/go"], stores: ["go/pkg", ".cache/go-build"] },
  "golangci-lint": { stores: [".cache/golangci-lint"] },
  uv: { read: [".local/share/uv", ".config/uv"], stores: [".cache/uv"] },
  pip: { read: [".local/lib"], stores: [".cache/pip"] },
  pipx: { read: [".local/pipx", ".local/share/pipx"] },
  poetry: { read: [".local/share/pypoetry"], stores: [".cache/pypoetry"] },
  pyenv: { read: [".pyenv"] },
  conda: { read: ["miniconda3", "miniforge3", "anaconda3", ".conda"] },
  npm: { stores: [".npm"] },
  nvm: { read: [".nvm"] },
  fnm: { read: [".local/share/fnm"] },
  volta: { read: [".volta"] },
  corepack: { stores: [".cache/node"] },
  pnpm: {
    read: [".local/share/pnpm"],
    stores: [".local/share/pnpm/store", ".cache/pnpm"],
  },
  yarn: { stores: [".cache/yarn", ".yarn/berry"] },
  bun: { read: [".bun"], stores: [".bun/install/cache"] },
  deno: { read: [".deno"], stores: [".cache/deno"] },
  playwright: { read: [".cache/ms-playwright"] },
  cypress: { read: [".cache/Cypress"] },
  puppeteer: { read: [".cache/puppeteer"] },
  gradle: {
    stores: [".gradle/caches", ".gradle/wrapper", ".gradle/native", ".gradle/jdks"],
  },
  maven: { stores: [".m2/repository", ".m2/wrapper"] },
  sdkman: { read: [".sdkman/candidates"] },
  coursier: { stores: [".cache/coursier"] },
  rbenv: { read: [".rbenv"] },
  bundler: { stores: [".bundle/cache", ".gem", ".local/share/gem"] },
  asdf: { read: [".asdf"] },
  mise: { read: [".local/share/mise"] },
  composer: { stores: [".cache/composer"] },
  nuget: { stores: [".nuget/packages"] },
  pub: { stores: [".pub-cache"] },
  ccache: { stores: [".cache/ccache", ".ccache"] },
};

/** Questions of the table about the file system. */
export interface Probe {
  exists(path: string): boolean;
  /** The real path; null when there is none. */
  real(path: string): string | null;
  /** Paths of the links in a folder. */
  linksIn(folder: string): string[];
  /** The text of a small file; null when it cannot be read. */
  text(path: string): string | null;
}

export interface ToolchainFolders {
  read: string[];
  stores: string[];
}

/** Folders beside `bin` that show that its parent belongs to an installed program. */
const prefixMarks = ["lib", "lib64", "libexec", "share", "include", "pyvenv.cfg", "pkg", "Cellar"];

/**
 * The folders of toolchains that exist.
 *
 * @param o.env the environment of commands
 * @param o.system folders that commands see anyway
 * @param o.closed folders that must not be seen: the checkout, dgov's state, the home folder itself
 */
export function toolchainFolders(
  o: { env: Record<string, string>; home: string; system: string[]; closed: string[] },
  probe: Probe,
): ToolchainFolders {
  const { env, home, system, closed } = o;
  const isOpen = (path: string): boolean =>
    // An overlay's options are separated by commas, its lower folders by colons.
    !/[:,\\]/.test(path) &&
    !isInsideFolder(home, path) &&
    !closed.some((folder) => isInsideFolder(folder, path) || isInsideFolder(path, folder));
  const named = (group: "programs" | "stores"): string[] =>
    Object.values(variables)
      .flatMap((toolchain) => variableNames(toolchain[group]))
      .flatMap((name) => (env[name] ?? "").split(":"))
      .filter(isAbsolute);
  const inHome = (key: keyof ToolFolders): string[] =>
    Object.values(toolFolders).flatMap((tool) => (tool[key] ?? []).map((path) => join(home, path)));
  const uvVariables = [env["UV_CACHE_DIR"], env["npm_config_cache"]].filter(
    (path): path is string => path !== undefined && isAbsolute(path),
  );
  const stores = [...inHome("stores"), ...named("stores"), ...uvVariables];
  const searched = ["PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "NODE_PATH", "PYTHONPATH"]
    .flatMap((name) => (env[name] ?? "").split(":"))
    .filter(isAbsolute);
  const uvPython = env["UV_PYTHON_INSTALL_DIR"] ?? "";
  const read = [
    ...inHome("read"),
    ...named("programs"),
    ...(isAbsolute(uvPython) ? [uvPython] : []),
    ...searched.flatMap((folder) => programFolders(folder, o, probe)),
  ];
  const usable = (paths: string[]): string[] =>
    outermost(
      paths
        .map((path) => path.replace(/(.)\/+$/, "$1"))
        .filter((path) => !isSeen(path, system) && isOpen(path) && probe.exists(path)),
    );
  const kept = usable(stores);
  return { read: usable(read).filter((path) => !isSeen(path, kept)), stores: kept };
}

/** The folders of a search path's entry: the programs in it, those that its links lead to, and what belongs to them. */
function programFolders(
  folder: string,
  o: { home: string; system: string[]; closed: string[] },
  probe: Probe,
): string[] {
  if (isSeen(folder, o.system) || !probe.exists(folder)) return [];
  const own = prefixOfPrograms(folder, o, probe);
  const seen = [own, ...o.system];
  const base = /^home *= *(.+)$/m.exec(probe.text(join(own, "pyvenv.cfg")) ?? "")?.[1];
  const targets = [folder, ...probe.linksIn(folder)].flatMap((link) => {
    const target = probe.real(link);
    if (target === null || target === link || isSeen(target, seen)) return [];
    const place = dirname(target);
    if (link === folder) return [prefixOfPrograms(target, o, probe)];
    // A program of a Node.js package needs its own package and those beside it.
    const packages = /^.*?\/node_modules(?=\/)/.exec(target)?.[0];
    if (packages !== undefined && !isWide(packages, o, probe)) return [packages];
    // A single program: with the files beside it, unless they are those of a project.
    if (basename(place) === "bin") return [prefixOfPrograms(place, o, probe)];
    return [isWide(place, o, probe) ? target : place];
  });
  const python = base === undefined ? [] : [prefixOfPrograms(base.trim(), o, probe)];
  return [own, ...targets, ...python];
}

/** The folder of an installed program whose `bin` folder this is; else the folder itself. */
function prefixOfPrograms(
  folder: string,
  o: { home: string; closed: string[] },
  probe: Probe,
): string {
  const parent = dirname(folder);
  const marked = prefixMarks.some((name) => probe.exists(join(parent, name)));
  return marked && !isWide(parent, o, probe) ? parent : folder;
}

/** True for folders that hold more than one installed program. */
function isWide(folder: string, o: { home: string; closed: string[] }, probe: Probe): boolean {
  const narrow = join(o.home, ".local");
  return (
    folder === "/" ||
    isInsideFolder(narrow, folder) ||
    o.closed.some((path) => isInsideFolder(path, folder)) ||
    probe.exists(join(folder, ".git"))
  );
}

function isSeen(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => isInsideFolder(path, folder));
}

/** The paths without those inside another one. */
function outermost(paths: readonly string[]): string[] {
  const unique = [...new Set(paths)];
  return unique.filter(
    (path) => !unique.some((other) => other !== path && isInsideFolder(path, other)),
  );
}
