/** Python: the tool that installs packages, and the commands of the repository or of its declared tools. Pure. */
import type { CommandCandidate } from "./command-kind.ts";
import { objectOf, type RepositoryFiles, strings } from "./project-files.ts";
import { best, type Found, keyOfSlot } from "./scripts.ts";
import { iniSections, noxCandidates, targetCandidates, toxCandidates } from "./targets.ts";

type Installer = "uv" | "poetry" | "venv";

/** The commands of a Python project. `ci` are the candidates of its CI. */
export function python(
  tree: RepositoryFiles,
  folders: { srcDir: string; testDir: string },
  ci: readonly CommandCandidate[],
): Found {
  const declared = declaredPackages(tree);
  const installer = installerOf(tree, declared);
  const found: Found = { commands: {}, origins: {} };
  const { commands, origins } = found;
  const foreign = /\b(?:tox|nox|pre-commit)\b|^(?:npm|pnpm|yarn|bun|cargo|go)\s/;
  const setup = setupOf(tree, installer, declared);
  if (setup !== null) commands.setup_cmd = setup;
  const inside = (text: string): string => inEnvironment(text, installer);
  Object.assign(commands, toolCommands(tree, { declared, inside, folders, installer }));
  // An environment of tox or nox installs packages for every run.
  const direct = [...ci.filter(({ text }) => !foreign.test(text)), ...toxCandidates(tree)];
  const last = [...targetCandidates(tree), ...noxCandidates(tree)];
  for (const slot of ["test", "lint", "format", "types"] as const) {
    const key = keyOfSlot[slot];
    const usable = direct.filter(({ text }) => isInstalled(text, declared));
    const chosen = best(usable, slot) ?? (commands[key] === undefined ? best(last, slot) : null);
    if (chosen === null || keepsTemplate(chosen, commands[key], folders)) continue;
    commands[key] = inside(chosen.text);
    origins[key] = chosen.origin;
  }
  return found;
}

/**
 * True when dgov's own command of a tool does what the repository's does, and more: it takes the changed files or the
 * affected tests.
 */
function keepsTemplate(
  { text }: CommandCandidate,
  template: string | undefined,
  { testDir }: { testDir: string },
): boolean {
  if (template === undefined) return false;
  const tool = /\b(pytest|ruff check|ruff format|black)\b/.exec(template)?.[1];
  if (tool === undefined || !text.includes(tool)) return false;
  const rest = text.slice(text.indexOf(tool) + tool.length).trim();
  const places = rest.split(/\s+/).filter((word) => word !== "" && !word.startsWith("-"));
  const folder = testDir.replace(/\/$/, "");
  if (tool !== "pytest") return true;
  return places.every((place) => place.replace(/\/$/, "") === folder || !/[/.]/.test(place));
}

interface Declared {
  /** Names of packages by the group or extra that has them; "" for those that are always installed. */
  groups: ReadonlyMap<string, { names: ReadonlySet<string>; option: string | null }>;
  requirements: readonly string[];
}

function packageName(text: string): string {
  return (/^[A-Za-z0-9._-]+/.exec(text.trim())?.[0] ?? "").toLowerCase().replaceAll("_", "-");
}

function declaredPackages(tree: RepositoryFiles): Declared {
  const project = tree.toml("pyproject.toml");
  const tools = objectOf(project["tool"]);
  const uv = objectOf(tools["uv"]);
  const poetry = objectOf(tools["poetry"]);
  const isDefault = new Set(
    uv["default-groups"] === undefined ? ["dev"] : strings(uv["default-groups"]),
  );
  const isAll = uv["default-groups"] === "all";
  const groups = new Map<string, { names: Set<string>; option: string | null }>();
  const add = (group: string, option: string | null, names: readonly string[]): void => {
    const known = groups.get(group) ?? { names: new Set<string>(), option };
    for (const name of names) known.names.add(packageName(name));
    groups.set(group, known);
  };
  add("", null, strings(objectOf(project["project"])["dependencies"]));
  add("", null, strings(uv["dev-dependencies"]));
  add("", null, Object.keys(objectOf(poetry["dependencies"])));
  add("", null, Object.keys(objectOf(poetry["dev-dependencies"])));
  for (const [name, group] of Object.entries(objectOf(poetry["group"]))) {
    const optional = objectOf(group)["optional"] === true;
    add(
      name,
      optional ? `--with ${name}` : null,
      Object.keys(objectOf(objectOf(group)["dependencies"])),
    );
  }
  const dependencyGroups = objectOf(project["dependency-groups"]);
  for (const name of Object.keys(dependencyGroups)) {
    const option = isAll || isDefault.has(name) ? null : `--group ${name}`;
    add(name, option, groupPackages(dependencyGroups, name));
  }
  const extras = objectOf(objectOf(project["project"])["optional-dependencies"]);
  for (const [name, list] of Object.entries(extras)) {
    add(`extra ${name}`, `--extra ${name}`, strings(list));
  }
  const requirements = tree.paths.filter((path) =>
    /^(?:(?:requirements|requirements?[-/][\w-]*|(?:dev|test)[-_]requirements)\/?[\w-]*)\.txt$/.test(
      path,
    ),
  );
  for (const path of requirements) {
    const lines = tree.text(path).split("\n");
    add(
      `file ${path}`,
      path,
      lines.filter((line) => /^[A-Za-z0-9]/.test(line)),
    );
  }
  return { groups, requirements };
}

/** The packages of a dependency group and of those it includes. */
function groupPackages(all: Record<string, unknown>, name: string, depth = 0): string[] {
  const items = Array.isArray(all[name]) ? (all[name] as unknown[]) : [];
  return items.flatMap((item) => {
    if (typeof item === "string") return [item];
    const included = objectOf(item)["include-group"];
    return typeof included === "string" && depth < 5 ? groupPackages(all, included, depth + 1) : [];
  });
}

/** The group that declares a package, the one that is always installed first; null when none does. */
function groupOf({ groups }: Declared, name: string): { option: string | null } | null {
  const having = [...groups.values()].filter(({ names }) => names.has(name));
  return having.find(({ option }) => option === null) ?? having[0] ?? null;
}

function installerOf(tree: RepositoryFiles, declared: Declared): Installer {
  const project = tree.text("pyproject.toml");
  if (tree.has("uv.lock") || /^\[tool\.uv\b/m.test(project)) return "uv";
  if (tree.has("poetry.lock") || /^\[tool\.poetry\b/m.test(project)) return "poetry";
  if (!tree.has("pyproject.toml")) return "venv";
  // uv does not read requirements files by itself.
  const tool = tools.find((name) => groupOf(declared, name) !== null) ?? "";
  return groupOf(declared, tool)?.option?.endsWith(".txt") ? "venv" : "uv";
}

/** Tools that gates may start. */
const tools = ["pytest", "mypy", "pyright", "basedpyright", "ty", "ruff", "black", "flake8"];

function setupOf(tree: RepositoryFiles, installer: Installer, declared: Declared): string | null {
  const options = [
    ...new Set(tools.flatMap((tool) => groupOf(declared, tool)?.option ?? [])),
  ].filter((option) => option.startsWith("--") === (installer !== "venv"));
  if (installer === "uv") {
    const members = /^\[tool\.uv\.workspace\]/m.test(tree.text("pyproject.toml"));
    const words = [
      ...["uv sync", tree.has("uv.lock") ? "--locked" : ""],
      ...[members ? "--all-packages" : "", ...options],
    ];
    return words.filter((word) => word !== "").join(" ");
  }
  if (installer === "poetry") {
    return ["poetry install --no-interaction", ...options].join(" ");
  }
  const files = declared.requirements.filter(
    (path) => path === "requirements.txt" || options.includes(path),
  );
  const own = tree.has("pyproject.toml", "setup.py") ? " -e ." : "";
  if (files.length === 0) return null;
  const listed = files.map((path) => ` -r ${path}`).join("");
  const isItself = files.some((path) => /^-e \./m.test(tree.text(path)));
  return `python3 -m venv .venv && .venv/bin/pip install -q${listed}${isItself ? "" : own}`;
}

/** A command of the repository, run in the environment that `setup_cmd` makes. */
function inEnvironment(text: string, installer: Installer): string {
  if (/^(?:uv|uvx|poetry|pdm|hatch|pipenv|tox|npx)\s/.test(text)) return text;
  if (/^nox\s/.test(text)) return installer === "uv" ? `uvx ${text}` : text;
  const plain = text.replace(/^\.venv\/bin\//, "").replace(/^python3(?:\.\d+)?\s/, "python ");
  const isTarget = /^(?:make|just|task)\s/.test(plain);
  if (installer !== "venv") return isTarget ? plain : `${installer} run ${plain}`;
  // Scripts and targets start the tools by their names.
  if (isTarget || /^(?:\.\/|[\w-]+\/)/.test(plain)) return `PATH="$PWD/.venv/bin:$PATH" ${plain}`;
  return `.venv/bin/python ${plain.startsWith("python ") ? plain.slice(7) : `-m ${plain}`}`;
}

/** False for a known tool that no declared package provides. */
function isInstalled(text: string, declared: Declared): boolean {
  const tool = tools.find((name) => new RegExp(`(?:^|\\s)${name}(?:\\s|$)`).test(text));
  return tool === undefined || /^uvx\s/.test(text) || groupOf(declared, tool) !== null;
}

function toolCommands(
  tree: RepositoryFiles,
  o: {
    declared: Declared;
    inside(text: string): string;
    folders: { srcDir: string };
    installer: Installer;
  },
): Found["commands"] {
  const { declared, inside, folders, installer } = o;
  const project = tree.text("pyproject.toml");
  const uses = (name: string): boolean => groupOf(declared, name) !== null;
  const commands: Found["commands"] = {};
  const source = folders.srcDir.replace(/\/$/, "");
  if (
    uses("pytest") ||
    tree.has("pytest.ini", "conftest.py", "tests/conftest.py") ||
    /\[tool\.pytest/.test(project)
  ) {
    commands.test_cmd = `${inside("pytest")} {test_dir} -q --tb=short`;
  }
  const isConfigured = tree.has("ruff.toml", ".ruff.toml") || /\[tool\.ruff/.test(project);
  const ruff = uses("ruff") ? inside("ruff") : isConfigured ? foreignRuff(tree, installer) : null;
  if (ruff !== null) {
    Object.assign(commands, {
      lint_cmd: `${ruff} check {files}`,
      lint_fix_cmd: `${ruff} check --fix {files}`,
      format_cmd: `${ruff} format {files}`,
      format_check_cmd: `${ruff} format --check {files}`,
    });
  } else if (uses("black")) {
    commands.format_cmd = `${inside("black")} {files}`;
    commands.format_check_cmd = `${inside("black")} --check {files}`;
  }
  const checker = ["ty", "mypy", "pyright"].find(
    (name) => uses(name) || project.includes(`[tool.${name}`),
  );
  if (checker !== undefined) {
    const isListed = checker === "mypy" && (/^files\s*=/m.test(project) || tree.has("mypy.ini"));
    const check = {
      ty: "ty check",
      mypy: isListed ? "mypy" : `mypy ${source}`,
      pyright: "pyright",
    }[checker];
    commands.type_check_cmd = inside(check ?? checker);
  }
  if (uses("pytest-cov")) {
    commands.coverage_cmd = `${inside("pytest")} --cov=${source} --cov-report=json:{output} -q`;
  }
  return commands;
}

/** ruff of the version that pre-commit has, for a project that configures it and does not depend on it. */
function foreignRuff(tree: RepositoryFiles, installer: Installer): string | null {
  if (installer === "venv") return null;
  const text = tree.text(".pre-commit-config.yaml");
  const version =
    /ruff-pre-commit\s*\n(?:\s+#.*\n)*\s+rev:\s*["']?(?:v(?<v>[\d.]+)|\w+\s*#.*?v?(?<c>[\d.]+))/.exec(
      text,
    )?.groups;
  const pinned = version?.["v"] ?? version?.["c"];
  return pinned === undefined ? `${installer} run ruff` : `uvx ruff@${pinned}`;
}

/** The first of pytest's `testpaths`; null when none are configured. */
export function configuredTests(tree: RepositoryFiles): string | null {
  const tool = objectOf(objectOf(tree.toml("pyproject.toml")["tool"])["pytest"]);
  const listed = objectOf(tool["ini_options"])["testpaths"] ?? tool["testpaths"];
  const [first] = typeof listed === "string" ? listed.split(/\s+/) : strings(listed);
  if (first !== undefined) return first;
  const texts = ["pytest.ini", "tox.ini", "setup.cfg"].flatMap((path) =>
    iniSections(tree.text(path)).filter(({ name }) => /^(?:tool:)?pytest$/.test(name)),
  );
  for (const { text } of texts) {
    const found = /^testpaths\s*=\s*(\S+)/m.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  return null;
}
