import { diagnosticAt } from "../diagnostic.ts";
import type { Rule } from "../facts.ts";

const fileWord =
  /(?<![\w$./*-])[\w./-]+\.(?:json|toml|txt|xcodeproj|xcworkspace|ya?ml)(?![\w./-])/g;
/** Words that stand for a file the command makes, not one it needs. */
const made = /(?:>>?|\s(?:-o|--output|--out)[ =]|\btouch\s|\bmkdir\s(?:-p\s)?)\s*["']?$/;

/** `setup_cmd` prepares every worktree: a file it needs that is not there fails every unit. */
export const setup: Rule = ({ tasks, source }, { config, exists }) => {
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
    const where = { file: source.rootFile, unit: null, places: source.rootPlaces, path: ["plan"] };
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
