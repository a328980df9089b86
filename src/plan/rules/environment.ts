/** Rules about the project around a plan: models, recipes and the setup command. */
import { gatesWithoutHistory, missingHistory } from "../../config/gate-history.ts";
import { didYouMean, suggest } from "../../std/suggest.ts";
import { diagnosticAt } from "../diagnostic.ts";
import { taskDiagnostic } from "../plan.ts";
import type { Rule } from "../rule-context.ts";

/** Every task needs a provider and a model. A problem of the plan's own default is reported once. */
export const taskModels: Rule = ({ tasks, source }, { model }) => {
  if (model === null) return [];
  const { root, rootFile: file, rootPositions: positions } = source;
  const plan = {
    defaultAgent: root.default_agent || null,
    defaultProvider: root.default_provider || null,
  };
  const reported = new Set<string>();
  return tasks.flatMap((task) => {
    const agent = task.written.agent || null;
    const provider = task.written.provider || null;
    const resolved = model(plan, { agent, provider });
    if (resolved.ok) return [];
    const problem = { code: "no-model", message: resolved.problem, hint: resolved.hint };
    if (provider !== null) return [taskDiagnostic(task, "provider", problem)];
    if (reported.has(resolved.problem)) return [];
    reported.add(resolved.problem);
    const path = ["plan", plan.defaultProvider === null ? "name" : "default_provider"];
    return [diagnosticAt({ file, unit: null, positions, path }, problem)];
  });
};

/** `test_cmd = "verify:<name>"` refers to a recipe of the project. */
export const testRecipes: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) => {
    const name = /^verify:(.*)$/s.exec(task.written.test_cmd ?? "")?.[1]?.trim();
    if (name === undefined || Object.hasOwn(config.verify, name)) return [];
    const known = Object.keys(config.verify);
    const near = suggest(name, known);
    const message = `\`test_cmd\` names the recipe \`${name}\`, which is not under [verify]`;
    const hint = didYouMean(
      near,
      known.length === 0 ? "the project has no recipes" : `recipes: ${known.join(", ")}`,
    );
    return [taskDiagnostic(task, "test_cmd", { code: "unknown-recipe", message, hint })];
  });

/** Gate commands that seem to read git's history should ask for it: without it they would check nothing. */
export const gateHistory: Rule = ({ tasks, source }, { config }) => {
  const warning = { severity: "warning", code: "gate-without-history" } as const;
  const { rootFile: file, rootPositions: positions } = source;
  const plan = { file, unit: null, positions, path: ["plan"] };
  return [
    ...gatesWithoutHistory(config).map((missing) => diagnosticAt(plan, { ...warning, ...missing })),
    ...tasks.flatMap((task) => {
      const text = task.written.test_cmd ?? "";
      const recipe = /^verify:(.*)$/s.exec(text)?.[1]?.trim();
      const command = recipe === undefined ? text : (config.verify[recipe]?.command ?? "");
      const missing = missingHistory(config, "tests", command);
      return missing === null ? [] : [taskDiagnostic(task, "test_cmd", { ...warning, ...missing })];
    }),
  ];
};

/** Words of a command that look like paths of files. */
const fileWord =
  /(?<![\w$./*-])[\w./-]+\.(?:json|toml|txt|xcodeproj|xcworkspace|ya?ml)(?![\w./-])/g;
/** The script that the command starts with: `sh tools/setup.sh`, `./setup`. A later one may be created by the first. */
const firstScript =
  /^\s*(?:\w+=\S+\s+)*(?:(?:(?:ba|da|k|z)?sh|bun|node|perl|python3?|ruby|source|\.)\s+(?:-[euvx]+\s+)*(?=\S*[./])|(?=\.{0,2}[\w-]*\/))(?<path>[\w./-]+)(?![^\s;&|])/;
/** Text before the path of a file that the command creates. */
const createdAfter = /(?:>>?|\s(?:-o|--output|--out)[ =]|\btouch\s|\bmkdir\s(?:-p\s)?)\s*["']?$/;

/** The files that `setup_cmd` needs must exist, since it runs in every worktree. */
export const setupFiles: Rule = ({ tasks, source }, { config, exists }) => {
  const command = config.worktree.setup;
  if (command === null) return [];
  return inputsOf(command).flatMap((path) => {
    if (exists(path)) return [];
    const creator = tasks.find(({ parsed }) =>
      parsed.some(({ kind, claim }) => kind === "create" && claim.text === path),
    );
    const message =
      creator === undefined
        ? `setup_cmd uses \`${path}\`, which does not exist`
        : `setup_cmd uses \`${path}\`, which does not exist until ${creator.id} creates it`;
    const hint = `run the command only if the file exists: [ -f ${path} ] && ...`;
    const target = {
      file: source.rootFile,
      unit: null,
      positions: source.rootPositions,
      path: ["plan"],
    };
    return [
      diagnosticAt(target, { severity: "warning", code: "missing-setup-file", message, hint }),
    ];
  });
};

/** Relative paths of files that a command reads without testing first that they exist. */
function inputsOf(command: string): string[] {
  const named = [...command.matchAll(fileWord)].filter(({ index }) => {
    return !createdAfter.test(command.slice(0, index)) && !command.slice(0, index).endsWith("://");
  });
  const script = firstScript.exec(command)?.groups?.["path"] ?? [];
  const paths = [script, ...named.map(([path]) => path)]
    .flat()
    .map((path) => path.replace(/^(?:\.\/)+/, ""));
  return [...new Set(paths)].filter(
    (path) => !path.startsWith("/") && !path.split("/").includes("..") && !isGuarded(command, path),
  );
}

function isGuarded(command: string, path: string): boolean {
  const name = path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?:\\[\\[?|\\btest)\\s+-[a-z]\\s+["']?(?:\\./)?${name}(?![\\w./-])`).test(
    command,
  );
}
