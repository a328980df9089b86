/** JavaScript and TypeScript: the package manager, scripts of package.json, and tools. Pure. */
import {
  type CommandCandidate,
  candidate,
  ownScriptBonus,
  slotOfName,
  startedName,
} from "./command-kind.ts";
import { objectOf, type RepositoryFiles } from "./project-files.ts";

type Manager = "bun" | "pnpm" | "yarn" | "npm";

/** Commands by the gate they are for, and where each is from. */
export interface Found {
  commands: Partial<Record<CommandKey, string>>;
  /** The file that a command was taken from. */
  origins: Partial<Record<CommandKey, string>>;
}

export type CommandKey =
  | "setup_cmd"
  | "test_cmd"
  | "lint_cmd"
  | "lint_fix_cmd"
  | "format_cmd"
  | "format_check_cmd"
  | "type_check_cmd"
  | "coverage_cmd";

/** The keys of gates, by kind. */
export const keyOfSlot = {
  test: "test_cmd",
  lint: "lint_cmd",
  format: "format_check_cmd",
  types: "type_check_cmd",
} as const;

/** The candidate that stands best for a gate; null when there is none. */
export function best(
  candidates: readonly CommandCandidate[],
  slot: CommandCandidate["slot"],
): CommandCandidate | null {
  const own = candidates.filter((one) => one.slot === slot && one.folder === ".");
  return own.reduce<CommandCandidate | null>(
    (known, one) => (known === null || one.cost < known.cost ? one : known),
    null,
  );
}

/** The commands of a project with a package.json. `ci` are the candidates of its CI. */
export function scriptCommands(tree: RepositoryFiles, ci: readonly CommandCandidate[]): Found {
  const manifest = tree.json("package.json");
  const manager = managerOf(tree, manifest);
  const found: Found = toolCommands(tree, manifest, manager);
  if (tree.has("package.json")) found.commands.setup_cmd = setupOf(tree, manager);
  const candidates = [
    ...ci
      .filter((one) => isSound(one, tree))
      .map((one) => ({
        ...one,
        cost: one.cost + partsCost(one.slot, scriptIn(tree, one.text) ?? ""),
      })),
    ...ownScripts(tree, manager),
  ];
  for (const slot of ["test", "lint", "format", "types"] as const) {
    const chosen = best(candidates, slot);
    if (chosen === null) continue;
    const key = keyOfSlot[slot];
    found.commands[key] = runnerText(chosen.text, tree, manager);
    found.origins[key] = chosen.origin;
  }
  return found;
}

/** The command with the program of a script in place of the script, where dgov knows how that program reports. */
function runnerText(text: string, tree: RepositoryFiles, manager: Manager): string {
  const started = startedName(text);
  const script = scriptIn(tree, text);
  if (script !== null && started?.rest === "") {
    if (/^bun test\b[^|;&]*$/.test(script) || /^node\b[^|;&]*--test\b[^|;&]*$/.test(script)) {
      return script;
    }
  }
  // Tools that are packages of the project.
  const tool = /^(?:eslint|tsc|vue-tsc|prettier|jest|vitest|mocha|oxlint|biome)\b/.test(text);
  return tool ? `${executor[manager]} ${text}` : text;
}

/** The text of the script that a command starts; null when it starts none. */
function scriptIn(tree: RepositoryFiles, text: string): string | null {
  const started = startedName(text);
  return started?.by === "package" ? scriptOf(tree, started.name) : null;
}

function scriptOf(tree: RepositoryFiles, name: string): string | null {
  const text = objectOf(tree.json("package.json")["scripts"])[name];
  return typeof text === "string" ? text : null;
}

/** False for a script that is missing, writes, watches or says that it is no test. */
function isSound({ text }: CommandCandidate, tree: RepositoryFiles): boolean {
  const started = startedName(text);
  if (started?.by !== "package") return true;
  const script = scriptOf(tree, started.name);
  const isOfManager = new RegExp(`(?:^|\\s)${managerOf(tree)}\\s`).test(text);
  return isOfManager && script !== null && isCheck(script);
}

function isCheck(script: string): boolean {
  return !/\s--?(?:fix|write|watch|w)(?=[\s=]|$)|no test specified|\baffected\b|^\s*(?:echo\b.*|exit 0|true)\s*$/.test(
    script,
  );
}

/** Candidates of package.json's scripts. */
export function ownScripts(tree: RepositoryFiles, manager: Manager): CommandCandidate[] {
  const all = Object.entries(objectOf(tree.json("package.json")["scripts"]));
  return all.flatMap(([name, text]): CommandCandidate[] => {
    if (typeof text !== "string" || !isCheck(text)) return [];
    const kind =
      name === "check" || name === "format" || name === "fmt" ? byContent(text) : slotOfName(name);
    if (kind === null) return [];
    // `lint:types` may also check the types of a package as it is published.
    const isTyped = /tsc|tsgo|tsd|tstyche|type-?check|types|turbo|nx|lerna|-r\b|workspaces/.test(
      text,
    );
    if (kind.slot === "types" && !isTyped) return [];
    // A script that CI runs as it is comes first.
    const cost = kind.cost + partsCost(kind.slot, text) - ownScriptBonus + foreignToCi;
    return [{ ...kind, cost, text: `${manager} run ${name}`, folder: ".", origin: "package.json" }];
  });
}

/** The cost of a script that CI does not run. */
const foreignToCi = 6;

/** The cost of what a script of tests does beside them. */
function partsCost(slot: CommandCandidate["slot"], text: string): number {
  return slot === "test" && /browser|cypress|playwright|e2e|\blint\b.*\btest/.test(text) ? 5 : 0;
}

function byContent(text: string): Pick<CommandCandidate, "slot" | "cost"> | null {
  return candidate(text, { folder: ".", origin: "" });
}

const executor = { bun: "bunx", pnpm: "pnpm exec", yarn: "yarn", npm: "npx --no-install" } as const;

/** Commands of the tools that are configured or declared, for what no script does. */
function toolCommands(
  tree: RepositoryFiles,
  manifest: Record<string, unknown>,
  manager: Manager,
): Found {
  const declared = {
    ...objectOf(manifest["dependencies"]),
    ...objectOf(manifest["devDependencies"]),
  };
  const run = executor[manager];
  const commands: Found["commands"] = {};
  const config = (name: string): boolean =>
    tree.matching(new RegExp(`^${name}\\.config\\.[mc]?[jt]s$`));
  if (tree.has("package.json")) commands.setup_cmd = "";
  if (config("vitest") || "vitest" in declared) commands.test_cmd = `${run} vitest run`;
  else if (config("jest") || "jest" in declared) commands.test_cmd = `${run} jest`;
  else if (manager === "bun" && tree.matching(/\.test\.[jt]sx?$/)) commands.test_cmd = "bun test";
  if (tree.has("biome.json", "biome.jsonc")) {
    // Biome shows twenty problems by default; a new problem must not be hidden by older ones.
    commands.lint_cmd = `${run} biome lint --max-diagnostics=200 {files}`;
    commands.lint_fix_cmd = `${run} biome lint --write {files}`;
    commands.format_cmd = `${run} biome format --write {files}`;
    commands.format_check_cmd = `${run} biome format {files}`;
  }
  if (config("eslint") || tree.matching(/^\.eslintrc(\.[a-z]+)?$/)) {
    commands.lint_cmd = `${run} eslint {files}`;
    commands.lint_fix_cmd = `${run} eslint --fix {files}`;
  } else if (
    commands.lint_cmd === undefined &&
    (tree.has(".oxlintrc.json", "oxlint.json") || "oxlint" in declared)
  ) {
    commands.lint_cmd = `${run} oxlint {files}`;
    commands.lint_fix_cmd = `${run} oxlint --fix {files}`;
  }
  if (config("prettier") || tree.matching(/^\.prettierrc(\.[a-z]+)?$/) || "prettier" in manifest) {
    commands.format_cmd = `${run} prettier --write {files}`;
    commands.format_check_cmd = `${run} prettier --check {files}`;
  }
  if (tree.has("tsconfig.json")) {
    // One that has references only checks nothing by itself.
    const isSolution = /"files"\s*:\s*\[\s*\]/.test(tree.text("tsconfig.json"));
    commands.type_check_cmd = isSolution ? `${run} tsc -b` : `${run} tsc --noEmit`;
  }
  return { commands, origins: {} };
}

/** The package manager that `packageManager` names, or that the lockfile is of. */
export function managerOf(tree: RepositoryFiles, manifest = tree.json("package.json")): Manager {
  const named = /^(bun|pnpm|yarn|npm)@/.exec(String(manifest["packageManager"] ?? ""))?.[1];
  if (named !== undefined) return named as Manager;
  if (tree.has("bun.lock", "bun.lockb")) return "bun";
  if (tree.has("pnpm-lock.yaml", "pnpm-workspace.yaml")) return "pnpm";
  return tree.has("yarn.lock") ? "yarn" : "npm";
}

function setupOf(tree: RepositoryFiles, manager: Manager): string {
  switch (manager) {
    case "bun":
      return `bun install${tree.has("bun.lock", "bun.lockb") ? " --frozen-lockfile" : ""} --ignore-scripts`;
    case "pnpm":
      return `pnpm install${tree.has("pnpm-lock.yaml") ? " --frozen-lockfile" : ""} --ignore-scripts`;
    case "yarn":
      return isClassicYarn(tree)
        ? "yarn install --frozen-lockfile --ignore-scripts"
        : "yarn install --immutable --mode=skip-build";
    case "npm":
      return tree.has("package-lock.json", "npm-shrinkwrap.json")
        ? "npm ci --ignore-scripts"
        : "npm install --ignore-scripts";
    default:
      return manager satisfies never;
  }
}

/** True for a lockfile of version 1 of yarn, which knows neither `--immutable` nor `--mode`. */
function isClassicYarn(tree: RepositoryFiles): boolean {
  return /^# yarn lockfile v1$/m.test(tree.text("yarn.lock"));
}
