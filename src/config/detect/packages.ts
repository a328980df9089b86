/** Packages of a workspace, and the gates that are proposed for them. Pure. */
import { covers } from "../../claims/cover.ts";
import { parseClaims } from "../../claims/path.ts";
import { reservedGateNames } from "../gates.ts";
import type { CommandKind } from "./command-kind.ts";
import { objectOf, type RepositoryFiles, strings } from "./project-files.ts";
import { type CommandKey, keyOfSlot, managerOf, ownScripts } from "./scripts.ts";

/** A table `[[gates]]` that `init` writes. */
export interface ProposedGate {
  name: string;
  kind: "test" | "lint" | "format" | "typecheck";
  command: string;
  cwd: string;
  paths: string[];
}

/** A folder with a manifest, and the packages of the repository that it uses. */
export interface Package {
  folder: string;
  /** Folders of packages that it depends on, directly or through others. */
  uses: string[];
}

export const kindOfSlot = {
  test: "test",
  lint: "lint",
  format: "format",
  types: "typecheck",
} as const;

export const checkKinds = ["test", "lint", "format", "types"] as const;

/** A gate of a folder for one kind of check. */
export function gateOf(
  of: Package,
  slot: Exclude<CommandKind, "setup">,
  o: { command: string; common: readonly string[] },
): ProposedGate {
  const short = of.folder.replace(/^(?:packages|crates|apps|libs|modules|services)\//, "");
  return {
    name: slot === "test" ? short : `${short}:${slot}`,
    kind: kindOfSlot[slot],
    command: o.command,
    cwd: of.folder,
    paths: [of.folder, ...of.uses, ...o.common],
  };
}

/** Folders of packages that show others. */
const isShown =
  /^(?:examples?|samples?|demos?|playgrounds?|docs?|www|website|site|templates?|fixtures?|bench\w*)(?:\/|$)/;

/** The gates with names that are valid and differ: a short name that two have, or dgov has, is that of the folder. */
export function withUniqueNames(gates: readonly ProposedGate[]): ProposedGate[] {
  const valid = (name: string): string =>
    name
      .replace(/[^\w.:@/-]+/g, "-")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(-nameCharsMax) || "gate";
  const count = (name: string): number => gates.filter((one) => one.name === name).length;
  const taken = new Set<string>(reservedGateNames);
  return gates.map((gate) => {
    const isShort = count(gate.name) === 1 && !reservedGateNames.includes(gate.name);
    const suffix = /:\w+$/.exec(gate.name)?.[0] ?? "";
    const base = valid(isShort ? gate.name : gate.cwd + suffix);
    const numbers = [...Array(gates.length + 1).keys()];
    const name =
      [base, ...numbers.map((at) => `${base}-${at + 2}`)].find((one) => !taken.has(one)) ?? base;
    taken.add(name);
    return { ...gate, name };
  });
}

const nameCharsMax = 50;

/** Packages more than which are not proposed gates of their own. */
const packagesMax = 60;

/** Gates for the packages of a JavaScript workspace, for each check that the root has no command for. */
export function scriptPackageGates(
  tree: RepositoryFiles,
  commands: Partial<Record<CommandKey, string>>,
): ProposedGate[] {
  const packages = scriptPackages(tree).filter(({ folder }) => !isShown.test(folder));
  if (packages.length > packagesMax) return [];
  const manager = managerOf(tree);
  const common = [
    "package.json",
    "tsconfig*.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
  ].filter((path) =>
    path.includes("*") ? tree.matching(/^tsconfig[^/]*\.json$/) : tree.has(path),
  );
  const open = checkKinds.filter((slot) => commands[keyOfSlot[slot]] === undefined);
  const all = scriptTexts(tree, commands.test_cmd ?? "");
  return packages.flatMap((one) => {
    // A root script that names a script of the packages runs it in all of them.
    const own = ownScripts(tree.below(one.folder), manager).filter(
      ({ text }) => !all.includes(text.split(" ").at(-1) ?? ""),
    );
    return open.flatMap((slot) => {
      const [chosen] = own.filter((script) => script.slot === slot).sort((a, b) => a.cost - b.cost);
      return chosen === undefined ? [] : [gateOf(one, slot, { command: chosen.text, common })];
    });
  });
}

/** The words of the root script that a command starts, and of the scripts that it names. */
function scriptTexts(tree: RepositoryFiles, command: string): string[] {
  const scripts = objectOf(tree.json("package.json")["scripts"]);
  const wordsOf = (text: string): string[] => text.split(/[\s,=;&|]+/);
  const inner = (words: readonly string[]): string[] =>
    words.flatMap((word) => (Object.hasOwn(scripts, word) ? wordsOf(String(scripts[word])) : []));
  const first = inner(wordsOf(command));
  return [...first, ...inner(first)];
}

/** The packages of npm, pnpm, yarn and bun workspaces. */
export function scriptPackages(tree: RepositoryFiles): Package[] {
  const declared = tree.json("package.json")["workspaces"];
  const patterns = [
    ...strings(declared),
    ...strings(objectOf(declared)["packages"]),
    ...strings(tree.yaml("pnpm-workspace.yaml")["packages"]),
  ];
  const folders = foldersOf(tree, patterns, "package.json");
  const manifests = folders.map((folder) => ({
    folder,
    json: tree.json(`${folder}/package.json`),
  }));
  const byName = new Map(manifests.map(({ folder, json }) => [String(json["name"] ?? ""), folder]));
  const direct = new Map(
    manifests.map(({ folder, json }) => {
      const names = ["dependencies", "devDependencies", "peerDependencies"].flatMap((key) =>
        Object.keys(objectOf(json[key])),
      );
      return [folder, names.flatMap((name) => byName.get(name) ?? [])];
    }),
  );
  return folders.map((folder) => ({ folder, uses: reached(folder, direct) }));
}

/** Folders that hold a manifest and match the patterns; those after `!` are left out. */
export function foldersOf(
  tree: RepositoryFiles,
  patterns: readonly string[],
  manifest: string,
): string[] {
  const plain = (text: string): string => text.replace(/^!?(?:\.\/)?/, "");
  const parse = (texts: readonly string[]) => parseClaims(texts.map((text) => plain(text)));
  const excluded = parse(patterns.filter((text) => text.startsWith("!")));
  const included = patterns.filter((text) => !text.startsWith("!"));
  return tree.paths
    .filter((path) => path.endsWith(`/${manifest}`))
    .map((path) => path.slice(0, -manifest.length - 1))
    .filter((folder) => !/(?:^|\/)node_modules\//.test(folder))
    .filter((folder) => included.some((pattern) => isMatch(pattern, folder)))
    .filter((folder) => !excluded.some((claim) => covers(claim, folder)))
    .sort();
}

/** True when a folder matches the whole of a workspace pattern. */
function isMatch(pattern: string, folder: string): boolean {
  const text = pattern.replace(/^\.\//, "").replace(/\/$/, "");
  const source = text
    .split("/")
    .map((part) =>
      part === "**" ? ".*" : part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*"),
    )
    .join("/")
    .replaceAll("/.*", "(?:/.*)?");
  return new RegExp(`^${source}$`).test(folder);
}

function reached(start: string, direct: ReadonlyMap<string, readonly string[]>): string[] {
  const seen = new Set<string>([start]);
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const next of direct.get(at) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  seen.delete(start);
  return [...seen].sort();
}

/** The crates of a repository, with the crates that each depends on by path. */
export function crates(tree: RepositoryFiles): Package[] {
  const folders = tree.paths.flatMap((path) =>
    path.endsWith("/Cargo.toml") ? [path.slice(0, -"/Cargo.toml".length)] : [],
  );
  const shared = objectOf(objectOf(tree.toml("Cargo.toml")["workspace"])["dependencies"]);
  const pathOf = (of: unknown, folder: string): string[] => {
    const { path } = objectOf(of);
    return typeof path === "string" ? [joined(folder, path)] : [];
  };
  const direct = new Map(
    folders.map((folder) => {
      const manifest = tree.toml(`${folder}/Cargo.toml`);
      const tables = ["dependencies", "dev-dependencies", "build-dependencies"];
      const used = tables.flatMap((key) => Object.entries(objectOf(manifest[key])));
      const paths = used.flatMap(([name, value]) => [
        ...pathOf(value, folder),
        ...(objectOf(value)["workspace"] === true ? pathOf(shared[name], "") : []),
      ]);
      return [folder, paths.filter((path) => folders.includes(path))];
    }),
  );
  return folders.map((folder) => ({ folder, uses: reached(folder, direct) }));
}

function joined(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Folders of projects that are no part of the root's own build. */
const apart =
  /(?:^|\/)(?:\.[^/]*|examples?|samples?|demos?|tests?|testing|__tests__|testdata|fixtures?|docs?|documentation|vendor|third[-_]party|node_modules|bench(?:es|marks?)?|website|site|templates?|playground|fuzz|tools?|scripts|integration|e2e|ci)(?:\/|$)/i;

const manifests =
  /^(?<folder>(?:[^/]+\/){1,2})(?:package\.json|pyproject\.toml|go\.mod|Cargo\.toml)$/;

/** True for a folder of examples, documentation, tools and the like. */
export function isApart(folder: string): boolean {
  return apart.test(folder);
}

/** Folders, at most two levels deep, with a manifest that the root's build does not include. */
export function subprojects(
  tree: RepositoryFiles,
  isMember: (folder: string) => boolean,
): string[] {
  const found = tree.paths.flatMap((path) => {
    const folder = manifests.exec(path)?.groups?.["folder"]?.slice(0, -1);
    return folder === undefined || apart.test(folder) || isMember(folder) ? [] : [folder];
  });
  const unique = [...new Set(found)].sort();
  return unique.filter((folder) => !unique.some((other) => folder.startsWith(`${other}/`)));
}
