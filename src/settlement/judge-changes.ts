/**
 * Changes of what judges a change: configuration of tests and checkers, files that gate commands name, deleted
 * test files, and marks that skip tests or expect them to fail (A27). Pure.
 */
import { parseToml } from "../config/toml.ts";
import { isCollectedTest } from "../languages/test-path.ts";

/** A changed file; a text is "" when the file is absent, and null when it cannot be read. */
export interface TextChange {
  path: string;
  before: string | null;
  after: string | null;
}

/** A change of what judges the work. */
export interface JudgeChange {
  path: string;
  /** A noun phrase. */
  what: string;
}

/** Names of files that only configure tests or checkers. */
const configurationFile = new RegExp(
  `^(?:${[
    String.raw`conftest\.py|\.?pytest\.(?:ini|toml)|tox\.(?:ini|toml)|noxfile\.py|\.coveragerc|\.?mypy\.ini|\.?ruff\.toml`,
    String.raw`pyrightconfig\.json|\.flake8|\.?pylintrc(?:\.toml)?|\.pre-commit-config\.ya?ml`,
    String.raw`(?:GNU)?[Mm]akefile|.*\.mk|\.?[Jj]ustfile|.*\.just|Taskfile\.ya?ml|Rakefile`,
    String.raw`(?:jest|vitest|vite|playwright|cypress|karma|ava|wdio)\.(?:config|conf|workspace)\..*|vitest\..*|\.mocharc.*|bunfig\.toml`,
    String.raw`(?:ts|js)config.*\.json|deno\.jsonc?`,
    String.raw`eslint\.config\..*|\.eslint(?:rc|ignore).*|biome\.jsonc?|\.oxlintrc\.json|\.?prettier(?:rc|ignore|\.config).*`,
    String.raw`\.?clippy\.toml|\.?rustfmt\.toml|nextest\.toml|\.golangci\..*|\.swiftlint\.yml|checkstyle.*\.xml`,
    String.raw`\.rspec|\.rubocop\.yml|phpunit\.xml.*|phpstan\.neon.*|\.editorconfig`,
  ].join("|")})$`,
);

/** Tables and keys of shared files that configure tests or checkers; a nested one is joined with dots. */
const configurationTables: Readonly<Record<string, RegExp>> = {
  "package.json":
    /^(?:scripts|jest|vitest|mocha|ava|c8|nyc|tap|eslintConfig|eslintIgnore|prettier|xo|standard|lint-staged|wireit|nx)$/,
  "composer.json": /^scripts$/,
  "pyproject.toml":
    /^tool\.(?:pytest|ruff|mypy|pyright|basedpyright|pylint|flake8|black|isort|coverage|tox|nox|bandit|pycodestyle|pydocstyle|ty|pytype|poe|poethepoet|taskipy|hatch|pdm|pixi|unittest)$/,
  "setup.cfg":
    /^(?:tool:.*|pytest|flake8.*|mypy.*|coverage:.*|pylint.*|pycodestyle|pydocstyle|pep8|isort|aliases|tox:.*|nosetests|unittest)$/,
  "Cargo.toml": /^(?:lints|test|lib|workspace\.lints|profile\.test)$/,
};

interface MarkRule {
  files: RegExp;
  /** Lines that are comments only. */
  comment: RegExp;
  marks: RegExp;
}

const slashes = /^\s*(?:\/\/|\*|\/\*).*$/gm;

/** Marks that skip a test, expect it to fail, or leave out the others, by language. */
const markRules: readonly MarkRule[] = [
  {
    files: /\.pyi?$/,
    comment: /^\s*#.*$/gm,
    marks:
      /\bmark\.(?:skip|skipif|xfail)\b|\bpytest\.(?:skip|xfail|importorskip)\b|@(?:\w+\.)?(?:skip|skipIf|skipUnless|expectedFailure)\b|\.skipTest\(|\bSkipTest\b|\b__test__\s*=\s*False/g,
  },
  {
    files: /\.[cm]?[jt]sx?$/,
    comment: slashes,
    marks:
      /\b(?:it|test|describe|suite|context|specify)(?:\.\w+)*\.(?:skip|skipIf|runIf|only|todo|todoIf|failing|fails|fixme|if)\b|\b(?:xit|xtest|xspecify|xdescribe|xcontext)\b|\bf(?:it|describe|context)\s*\(\s*["'`]|\b(?:t|this|ctx)\.(?:skip|todo)\(|\b(?:skip|only|todo):\s*true\b/g,
  },
  {
    files: /\.rs$/,
    comment: slashes,
    marks: /#!?\[\s*(?:ignore\b|cfg_attr\([^\]]*\bignore\b|cfg\((?:any\(\)|FALSE|false)\))/g,
  },
  {
    files: /_test\.go$/,
    comment: /^\s*\/\/(?!go:build|\s*\+build).*$/gm,
    marks: /\b\w+\.Skip(?:f|Now)?\(|^\/\/go:build\b|^\/\/\s*\+build\b/gm,
  },
  {
    files: /\.(?:java|kts?|groovy|scala)$/,
    comment: slashes,
    marks: /@(?:[\w.]+\.)?(?:Disabled\w*|Ignore)\b|\bassum(?:eTrue|eFalse|ingThat)\(/g,
  },
  {
    files: /\.swift$/,
    comment: slashes,
    marks: /\bXCTSkip\w*|\.disabled\(|\bwithKnownIssue\b/g,
  },
  {
    files: /\.cs$/,
    comment: slashes,
    marks: /\[\s*Ignore\b|\bSkip\s*=/g,
  },
  {
    files: /_(?:spec|test)\.rb$/,
    comment: /^\s*#.*$/gm,
    marks: /\b(?:xit|xdescribe|xcontext|fit|fdescribe|pending|skip)\b/g,
  },
];

/** Every change of what judges the work, in the order of the changes. `commands` are those of the gates. */
export function judgeChangesIn(
  changes: readonly TextChange[],
  { commands, prefix }: { commands: readonly string[]; prefix: string },
): JudgeChange[] {
  const named = new Set(commands.flatMap((command) => command.split(/[\s"'`;&|<>()=,]+/)));
  return changes.flatMap((change): JudgeChange[] => {
    const { path } = change;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const found = (what: string): JudgeChange[] => [{ path, what }];
    if (configurationFile.test(name)) return found("configuration of tests or checkers");
    const tables = Object.hasOwn(configurationTables, name) ? configurationTables[name] : undefined;
    if (tables !== undefined) {
      const changed = changedTables(change, tables);
      return changed.length === 0 ? [] : found(changed.join(", "));
    }
    const own = path.startsWith(prefix) ? path.slice(prefix.length) : null;
    if (isCollectedTest(path) && change.after === "" && change.before !== "") {
      return changes.some((other) => isMoveOf(change, other)) ? [] : found("a test file deleted");
    }
    const marks = addedMarks(change, changes);
    if (marks.length > 0) return found(marks.join(", "));
    const isNamed = own !== null && (named.has(own) || named.has(`./${own}`));
    return isNamed && !isCollectedTest(path) ? found("a file that a gate command names") : [];
  });
}

/** True when `to` is a new file with the name of the deleted `from`. */
function isMoveOf(from: TextChange, to: TextChange): boolean {
  const name = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  return from.after === "" && to.before === "" && name(from.path) === name(to.path);
}

/** Marks of an existing test, moved ones included, that are more than before. */
function addedMarks(change: TextChange, changes: readonly TextChange[]): string[] {
  const rule = markRules.find(({ files }) => files.test(change.path));
  const from = changes.find((other) => isMoveOf(other, change)) ?? change;
  if (rule === undefined || change.after === null || from.before === null || from.before === "") {
    return [];
  }
  const marksOf = (text: string): Map<string, number> => {
    const marks = new Map<string, number>();
    for (const [mark] of text.replace(rule.comment, "").matchAll(rule.marks)) {
      const words = mark.replace(/\s+/g, " ").trim();
      marks.set(words, (marks.get(words) ?? 0) + 1);
    }
    return marks;
  };
  const before = marksOf(from.before);
  return [...marksOf(change.after)]
    .filter(([mark, count]) => count > (before.get(mark) ?? 0))
    .map(([mark]) => `\`${mark}\` added`);
}

/** Names of the tables that a change changes; one name for all when a text cannot be read. */
function changedTables({ path, before, after }: TextChange, wanted: RegExp): string[] {
  const old = before === null ? null : tablesOf(path, before);
  const now = after === null ? null : tablesOf(path, after);
  if (old === null || now === null) return ["unreadable configuration"];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => wanted.test(name) && old.get(name) !== now.get(name));
}

/** Every table of the first and second level with its content; null for a text that cannot be parsed. */
function tablesOf(path: string, text: string): Map<string, string> | null {
  if (path.endsWith(".cfg")) return new Map(iniSections(text));
  const value = text === "" ? {} : path.endsWith(".json") ? parseJson(text) : tomlOf(text);
  if (value === null) return null;
  const pairs = Object.entries(value).flatMap(([key, content]): [string, string][] => {
    const isTable = typeof content === "object" && content !== null && !Array.isArray(content);
    const inner = isTable ? Object.entries(content) : [];
    return [
      [key, JSON.stringify(content)],
      ...inner.map(([name, one]): [string, string] => [`${key}.${name}`, JSON.stringify(one)]),
    ];
  });
  return new Map(pairs);
}

function parseJson(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

function tomlOf(text: string): object | null {
  const parsed = parseToml(text);
  return parsed.ok ? parsed.value : null;
}

/** Sections of an INI file, without comments and empty lines. */
function iniSections(text: string): [string, string][] {
  return text.split(/^\[/m).flatMap((part, at): [string, string][] => {
    const end = part.indexOf("]");
    if (at === 0 || end < 0) return [];
    const lines = part.slice(end + 1).split(/\r?\n/);
    const content = lines.filter((line) => line.trim() !== "" && !/^\s*[#;]/.test(line));
    return [[part.slice(0, end).trim(), content.join("\n")]];
  });
}
