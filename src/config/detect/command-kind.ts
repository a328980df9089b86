/** Classifies a command of a repository: the gate that it belongs to, and whether it runs all or a part of it. Pure. */

/** A gate of `[project]`, or its `setup_cmd`. */
export type CommandKind = "setup" | "test" | "lint" | "format" | "types";

/** A command of the repository that may become a gate. */
export interface CommandCandidate {
  slot: CommandKind;
  text: string;
  /** Folder in which it runs; `.` for the project. */
  folder: string;
  /** Rank among the candidates of a gate: 0 for a command that runs all of it, more for one that runs a part. */
  cost: number;
  /** The file that has it. */
  origin: string;
}

/** Words before the program: a package runner with its options. */
const runner =
  /^(?:(?:uv run|uvx|poetry run|pdm run|hatch run|pipenv run|npx|pnpm exec|pnpm dlx|yarn exec|bunx|bun x|coverage run|xvfb-run)(?:\s+(?:--(?:group|extra|with|python|only-group|package|no-group|project)[ =]\S+|-p \S+|--?[\w-]+(?:=\S+)?))*\s+|(?:\S*\/)?python[\d.]*\s+(?:-(?:[WX]\s*\S+|[bBOuEsI]+)\s+)*-m\s+|(?:[A-Z_][A-Z0-9_]*=\S*\s+)|env\s+)+/;

/** Arguments that only shape the output, or write reports. */
const decoration =
  /\s+(?:--color(?:=\S+)?|--output-format=\S+|--(?:no-)?cov(?:erage)?(?:-\w+)*(?:=\S+)?|-{1,2}cover(?:profile|mode)?(?:=\S+)?|--durations[= ]\d+|--target[= ]\S+|-{1,2}verbose|--show-version|--no-transfer-progress|--stacktrace|--scan|--if-present)(?=\s|$)/g;

/** Arguments that select a part, or another variant, of what a gate is about. */
const partial =
  /\s(?:-p\s|--package[= ]|--manifest-path|--bins?\b|--tests?\s+\S|--test=|--docs?\b|--lib\b|--bench(?:es)?\b|--examples?\b|--skip\b|--exclude|--ignored\b|-run\b|-bench|-fuzz|-k\s|-m\s|--ignore\b|--no-default-features|--filter\b|-F\s|--workspace=|-w\s|-C\s|--projects?\b|-pl\s|-{1,2}tags\b|--watch\b|--changed|--affected|--since\b|affected\b|miri\b|\+(?:nightly|beta|[\d.])|--release\b|--update|-u\s|--config\s+\S*ci|--dry-run\b|--wasm\b|--version\b|--help\b|-Dmaven\.test\.skip|--integration|--memray|--benchmark)/;

const testPrograms =
  /^(?:pytest|py\.test|vitest(?!\s+(?:dev|watch|bench))|jest|mocha|ava|tap|tape|rspec|phpunit|(?:cargo|go|bun|deno|swift|dotnet|zig)\s+test|cargo\s+nextest\s+run|gotestsum|node\s+(?:\S+\s+)*--test|unittest|[a-z_]\w*\.tests?|(?:python[\d.]*\s+(?:-\S+\s+)*)?(?:\.\/)?(?:run_?tests?(?:\.py|\.sh)?|(?:scripts?|bin|ci|script)\/(?:run[-_])?tests?(?:\.sh|\.py)?))(?=\s|$)/;

const lintPrograms =
  /^(?:eslint|oxlint|ruff\s+check|flake8|pylint|golangci-lint\s+run|go\s+vet|staticcheck|cargo\s+clippy|biome\s+(?:lint|check|ci)|rubocop|standard|xo|golint|(?:\.\/)?(?:scripts?|bin|ci)\/(?:lint|check)(?:\.sh)?)(?=\s|$)/;

const typePrograms =
  /^(?:mypy|pyright|basedpyright|ty\s+check|tsc|vue-tsc|tsgo|pyrefly\s+check|dmypy\s+run)(?=\s|$)/;

const formatPrograms =
  /^(?:cargo\s+fmt\b.*--check|rustfmt\b.*--check|ruff\s+format\b.*--(?:check|diff)|black\b.*--check|isort\b.*--check|prettier\b.*(?:--check|-c\b|--list-different|-l\b)|biome\s+format\b(?!.*--write)|gofmt\s+-\w*[ld]|dprint\s+check)/;

const setupPrograms =
  /^(?:npm\s+(?:ci|install|i)|pnpm\s+(?:install|i)|yarn(?:\s+install)?(?:\s+-\S+)*$|bun\s+(?:install|i)|uv\s+sync|poetry\s+install|bundle\s+install)(?=\s|$)/;

/** Commands that write what they check. */
const writes = /\s--?(?:fix|write|w)(?=[\s=]|$)/;

/** Shell syntax that is more than words: expansions, pipes, redirections, control. */
const complex = /[$`|<>{}]|\$\{\{|;|^\s*(?:if|for|while|case|function)\b|(?<!&)&(?!&)/;

/** The kind of a command by the name of a script, target or session: `test:unit`, `lint`, `check-types`. */
export function slotOfName(name: string): { slot: CommandKind; cost: number } | null {
  const word = name.toLowerCase().replaceAll("_", "-");
  const found = (slot: CommandKind, cost = 0) => ({ slot, cost });
  if (/fix|write|watch|update|dev|serve|debug|clean|install|coverage|cover|report/.test(word)) {
    return null;
  }
  if (
    /^(?:type-?checks?|check[-:]types?|types?[-:]check|types?|tsc|typing|mypy|pyright|test[-:]types?|test-typechecking|lint[-:]types?|check[-:]ts)$/.test(
      word,
    )
  ) {
    return found("types", /^test|^lint/.test(word) ? 2 : 0);
  }
  if (
    /^(?:(?:check|test)[-:]?(?:fmt|format(?:ting)?|style|prettier)|(?:fmt|format(?:ting)?|prettier)[-:]?(?:check|ci|test)|(?:ci|lint)[-:](?:format|prettier))$/.test(
      word,
    )
  ) {
    return found("format");
  }
  if (
    /^(?:lint|linters?|eslint|clippy|vet|lint[-:](?:all|ci|js|ts|code|check|go|py|eslint)|check[-:](?:lint|clippy|eslint)|clippy-(?:full|all))$/.test(
      word,
    )
  ) {
    const isPart = /[-:](?:js|ts|py|go|code)$/.test(word);
    return found("lint", isPart ? 8 : /[-:]/.test(word) ? 1 : 0);
  }
  if (/^(?:tests?|check)$/.test(word)) return found("test", word === "check" ? 8 : 0);
  const part =
    /^(?:unit|unit-?tests?|(?:run-)tests?|tests?[-:](?:(?:all|full|default)|(?:units?|node|core|lib|ci|pr|go|js)))$/.exec(
      word,
    );
  if (part !== null) return found("test", /all|full|default/.test(word) ? 1 : 3);
  return null;
}

/** Name of the script, target or session that a command starts, and whether it is a script of package.json. */
export function startedName(
  text: string,
): { name: string; by: "package" | "target"; rest: string } | null {
  const command = text.replace(runner, "");
  const script =
    /^(?:npm|pnpm|yarn|bun)\s+(?:-s\s+|--silent\s+)?(?:(?:run|run-script)\s+(?:-s\s+)?)?(?<name>[a-z][\w:.-]*)(?<rest>\s.*)?$/i.exec(
      command,
    );
  const { name = "", rest = "" } = script?.groups ?? {};
  const isRun = /\s(?:run|run-script)\s/.test(command);
  const own =
    /^(?:ci|install|i|add|exec|dlx|x|audit|publish|pack|config|link|init|dedupe|upgrade|update|why|version|node|build|create|rebuild|root|set|view|login|info|cache|prune|ls|list|outdated|import|deploy|store|fetch|patch)$/;
  if (script !== null && (isRun || !own.test(name))) {
    if (command.startsWith("bun ") && !isRun) return null;
    return { name, by: "package", rest };
  }
  const target =
    /^(?:make|gmake|just|task|mage|rake|tox\s+(?:run\s+)?(?:-\S+\s+)*-e|nox\s+(?:-\S+\s+)*-s|nox\s+-[ers]+|hatch\s+run)\s+(?:-[sj]\d*\s+)?(?<name>[\w:.-]+)(?<rest>\s.*)?$/.exec(
      command,
    );
  if (target === null) return null;
  return { name: target.groups?.["name"] ?? "", by: "target", rest: target.groups?.["rest"] ?? "" };
}

/** A command without what only shapes its output. */
function tidied(text: string): string {
  // A variable that nothing sets is no word.
  return text
    .trim()
    .replace(/\s+\$\{?[A-Z_][A-Z0-9_]*\}?(?=\s|$)/g, "")
    .replace(decoration, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** The candidate that a command is; null when it is for no gate, only for a part of one, or not plain words. */
export function candidate(
  text: string,
  o: { folder: string; origin: string },
): CommandCandidate | null {
  const tidy = tidied(text);
  if (tidy === "" || complex.test(tidy)) return null;
  const command = tidy.replace(runner, "");
  const words = tidy.split(" ").length;
  const as = (slot: CommandKind, cost: number): CommandCandidate => ({
    ...o,
    slot,
    text: tidy,
    cost,
  });
  if (setupPrograms.test(command)) return as("setup", words);
  if (partial.test(` ${command} `)) return null;
  const task = /^cargo\s+xtask\s+(?<name>[\w-]+)/.exec(command)?.groups?.["name"];
  const started = task === undefined ? startedName(tidy) : { name: task, by: "target", rest: "" };
  if (started !== null) {
    if (writes.test(started.rest)) return null;
    const named = slotOfName(started.name);
    const plain = started.rest.trim() === "" ? 0 : 6;
    return named === null ? null : as(named.slot, named.cost + plain - ownScriptBonus);
  }
  const gradle = /^(?:\.\/|\S*\/)?gradlew?\b(?<rest>.*)$/.exec(command);
  const maven = /^(?:\.\/|\S*\/)?(?:mvnw?)\b(?<rest>.*)$/.exec(command);
  if (gradle !== null) return ofBuildTool(gradle, /^(?:test|check|build|allTests)$/, as, words);
  if (maven !== null) return ofBuildTool(maven, /^(?:test|verify)$/, as, words);
  if (formatPrograms.test(command)) return as("format", words);
  if (writes.test(` ${command}`)) return null;
  if (testPrograms.test(command)) return as("test", words);
  if (lintPrograms.test(command)) return as("lint", words);
  if (typePrograms.test(command)) return as("types", words);
  return null;
}

/** A build tool's command is for the tests when all of its tasks are. */
function ofBuildTool(
  match: RegExpExecArray,
  goals: RegExp,
  as: (slot: CommandKind, cost: number) => CommandCandidate,
  words: number,
): CommandCandidate | null {
  const rest = (match.groups?.["rest"] ?? "").trim().split(/\s+/);
  const named = rest.filter((word) => word !== "" && !word.startsWith("-"));
  const options = rest.filter((word) => /^-[DPsx]/.test(word));
  if (named.length === 0 || options.length > 0) return null;
  return named.every((word) => goals.test(word)) ? as("test", words) : null;
}

/** Names of the repository's own are preferred to the programs that they start. */
export const ownScriptBonus = 20;
