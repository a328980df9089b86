import { didYouMean, suggest } from "../../std/suggest.ts";
import { diagnosticAt } from "../diagnostic.ts";
import { taskDiagnostic } from "../plan.ts";
import type { Rule } from "../rule-context.ts";
/** Every task gets a provider and a model. What comes from the plan is said once, not for each task. */
export const taskModels: Rule = ({ tasks, source }, { model }) => {
  if (model === null) return [];
  const { root, rootFile: file, rootPositions: positions } = source;
  const plan = {
    defaultAgent: root.default_agent || null,
    defaultProvider: root.default_provider || null,
  };
  const said = new Set<string>();
  return tasks.flatMap((task) => {
    const agent = task.written.agent || null;
    const provider = task.written.provider || null;
    const resolved = model(plan, { agent, provider });
    if (resolved.ok) return [];
    const finding = { code: "no-model", message: resolved.problem, hint: resolved.hint };
    if (provider !== null) return [taskDiagnostic(task, "provider", finding)];
    if (said.has(resolved.problem)) return [];
    said.add(resolved.problem);
    const path = ["plan", plan.defaultProvider === null ? "name" : "default_provider"];
    return [diagnosticAt({ file, unit: null, positions, path }, finding)];
  });
};

/** `test_cmd = "verify:<name>"` names a recipe of the project. */
export const testRecipes: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) => {
    const name = /^verify:(.*)$/s.exec(task.written.test_cmd ?? "")?.[1]?.trim();
    if (name === undefined || Object.hasOwn(config.verify, name)) return [];
    const known = Object.keys(config.verify);
    const near = suggest(name, known);
    const message = `\`test_cmd\` names the recipe \`${name}\`, which is not under [verify]`;
    const hint = didYouMean(near, `there are ${known.length === 0 ? "none" : known.join(", ")}`);
    return [taskDiagnostic(task, "test_cmd", { code: "unknown-recipe", message, hint })];
  });

const fileWord =
  /(?<![\w$./*-])[\w./-]+\.(?:json|toml|txt|xcodeproj|xcworkspace|ya?ml)(?![\w./-])/g;
/** Words that stand for a file the command makes, not one it needs. */
const made = /(?:>>?|\s(?:-o|--output|--out)[ =]|\btouch\s|\bmkdir\s(?:-p\s)?)\s*["']?$/;

/** `setup_cmd` prepares every worktree: a file it needs that is not there fails every unit. */
export const setupFiles: Rule = ({ tasks, source }, { config, exists }) => {
  const command = config.worktree.setup;
  if (command === null) return [];
  return inputsOf(command).flatMap((path) => {
    if (exists(path)) return [];
    const maker = tasks.find(({ parsed }) =>
      parsed.some(({ kind, claim }) => kind === "create" && claim.text === path),
    );
    const message =
      maker === undefined
        ? `setup_cmd names \`${path}\`, which is not there`
        : `setup_cmd names \`${path}\`, which only ${maker.id} makes: units before it are prepared without`;
    const hint = `guard it: [ -f ${path} ] && ...`;
    const where = {
      file: source.rootFile,
      unit: null,
      positions: source.rootPositions,
      path: ["plan"],
    };
    return [
      diagnosticAt(where, { severity: "warning", code: "missing-setup-file", message, hint }),
    ];
  });
};

/** Files a command names without asking first whether they are there, each once. */
function inputsOf(command: string): string[] {
  const named = [...command.matchAll(fileWord)].filter(({ index }) => {
    return !made.test(command.slice(0, index)) && !command.slice(0, index).endsWith("://");
  });
  const paths = named.map(([path]) => path.replace(/^(?:\.\/)+/, ""));
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
