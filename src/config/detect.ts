/**
 * Detects the language and tools of a project from manifests and lockfiles, or else from file counts. Pure.
 *
 * Proposes only commands that should work: a linter that is configured, a test runner that is declared.
 */

interface DetectInput {
  /** Paths relative to the project root, with `/`. The caller limits their number. */
  files: readonly string[];
  read(path: string): string | null;
}

type ProjectType = "python" | "javascript" | "typescript" | "rust" | "go" | "swift" | "unknown";

export interface Detection {
  language: ProjectType;
  /** The file, or the number of files, that determined the language. */
  because: string;
  srcDir: string;
  testDir: string;
  sourceExtensions: string[];
  /** Command keys of `[project]`, in the order in which they are written. */
  commands: Partial<
    Record<
      | "setup_cmd"
      | "test_cmd"
      | "lint_cmd"
      | "lint_fix_cmd"
      | "format_cmd"
      | "format_check_cmd"
      | "type_check_cmd"
      | "coverage_cmd",
      string
    >
  >;
  ignoreFiles: string[];
}

/** Detects a project. `forced` is the language that the user chose. */
export function detect(input: DetectInput, forced: ProjectType | null = null): Detection {
  const tree = new ProjectFiles(input);
  const [language, because] =
    forced === null ? languageOf(tree) : [forced, "set with dgov init --project-type"];
  const folders = foldersOf(tree, language);
  const common = { language, because, ...folders, ignoreFiles: ignoredOf(tree, language) };
  switch (language) {
    case "python":
      return { ...common, sourceExtensions: [".py"], commands: python(tree, folders) };
    case "javascript":
    case "typescript":
      return { ...common, sourceExtensions: scriptExtensions(language), commands: scripts(tree) };
    case "rust":
      return {
        ...common,
        sourceExtensions: [".rs"],
        commands: {
          test_cmd: "cargo test",
          lint_cmd: "cargo clippy --all-targets -- -D warnings",
          format_cmd: "rustfmt {files}",
          format_check_cmd: "cargo fmt --check",
        },
      };
    case "go":
      return { ...common, sourceExtensions: [".go"], commands: go(tree) };
    case "swift":
      return { ...common, sourceExtensions: [".swift"], commands: { test_cmd: "swift test" } };
    case "unknown":
      return { ...common, sourceExtensions: [], commands: {} };
    default:
      return language satisfies never;
  }
}

/** The files of a project. */
class ProjectFiles {
  readonly #files: ReadonlySet<string>;
  readonly #input: DetectInput;

  constructor(input: DetectInput) {
    this.#files = new Set(input.files);
    this.#input = input;
  }

  /** True when one of the paths exists. */
  has(...paths: string[]): boolean {
    return paths.some((path) => this.#files.has(path));
  }

  /** The first of these paths that exists. */
  first(...paths: string[]): string | null {
    return paths.find((path) => this.#files.has(path)) ?? null;
  }

  /** True when a path matches the pattern. */
  matching(pattern: RegExp): boolean {
    return [...this.#files].some((path) => pattern.test(path));
  }

  /** True when there are files below a folder, given with a trailing `/`. */
  under(folder: string): boolean {
    return [...this.#files].some((path) => path.startsWith(folder));
  }

  /** Number of paths that match the pattern. */
  count(pattern: RegExp): number {
    return [...this.#files].filter((path) => pattern.test(path)).length;
  }

  /** The text of a file; "" when it does not exist. */
  text(path: string): string {
    return this.has(path) ? (this.#input.read(path) ?? "") : "";
  }

  /** The object in a JSON file; {} when there is none. */
  json(path: string): Record<string, unknown> {
    try {
      const value: unknown = JSON.parse(this.text(path));
      return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
    } catch {
      return {};
    }
  }
}

function languageOf(tree: ProjectFiles): [ProjectType, string] {
  const manifest = tree.first(
    "Cargo.toml",
    "go.mod",
    "Package.swift",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "package.json",
    "deno.json",
  );
  switch (manifest) {
    case "Cargo.toml":
      return ["rust", manifest];
    case "go.mod":
      return ["go", manifest];
    case "Package.swift":
      return ["swift", manifest];
    case "pyproject.toml":
    case "setup.py":
    case "requirements.txt":
      return ["python", manifest];
    case null:
      return byCount(tree);
    default:
      return [isTypeScript(tree) ? "typescript" : "javascript", manifest];
  }
}

function isTypeScript(tree: ProjectFiles): boolean {
  return tree.has("tsconfig.json") || tree.count(/\.[mc]?tsx?$/) > tree.count(/\.[mc]?jsx?$/);
}

function byCount(tree: ProjectFiles): [ProjectType, string] {
  const counts: [ProjectType, number][] = [
    ["python", tree.count(/\.py$/)],
    ["typescript", tree.count(/\.[mc]?tsx?$/)],
    ["javascript", tree.count(/\.[mc]?jsx?$/)],
    ["rust", tree.count(/\.rs$/)],
    ["go", tree.count(/\.go$/)],
    ["swift", tree.count(/\.swift$/)],
  ];
  const [language, count] = counts.reduce((best, next) => (next[1] > best[1] ? next : best));
  return count === 0 ? ["unknown", "no source files"] : [language, `${count} source files`];
}

function foldersOf(tree: ProjectFiles, language: ProjectType): { srcDir: string; testDir: string } {
  const source = ["src/", "lib/", "Sources/", "app/"].find((folder) => tree.under(folder));
  const tests = ["tests/", "test/", "Tests/", "__tests__/", "spec/"].find((f) => tree.under(f));
  const fallback = language === "swift" ? "Tests/" : language === "go" ? "./" : "tests/";
  return { srcDir: source ?? "./", testDir: tests ?? fallback };
}

const ignorable = [
  ".venv",
  "uv.lock",
  "poetry.lock",
  "Pipfile.lock",
  "node_modules",
  "package-lock.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "bun.lock",
  "bun.lockb",
  "Cargo.lock",
  "go.sum",
  "Package.resolved",
];

function ignoredOf(tree: ProjectFiles, language: ProjectType): string[] {
  const present = ignorable.filter((name) => tree.has(name) || tree.under(`${name}/`));
  return language === "python" && !present.includes("uv.lock") && tree.has("pyproject.toml")
    ? ["uv.lock", ...present]
    : present;
}

function python(tree: ProjectFiles, folders: { srcDir: string }): Detection["commands"] {
  const project = tree.text("pyproject.toml");
  const declared = [
    project,
    tree.text("requirements.txt"),
    tree.text("requirements-dev.txt"),
    tree.text("dev-requirements.txt"),
  ].join("\n");
  const runner =
    tree.has("uv.lock") || /^\[tool\.uv\b/m.test(project)
      ? "uv run "
      : tree.has("poetry.lock") || /^\[tool\.poetry\b/m.test(project)
        ? "poetry run "
        : tree.has("pyproject.toml")
          ? "uv run "
          : ".venv/bin/python -m ";
  const commands: Detection["commands"] = {};
  if (runner === "uv run ")
    commands.setup_cmd = tree.has("uv.lock") ? "uv sync --locked" : "uv sync";
  else if (runner === "poetry run ") commands.setup_cmd = "poetry install --no-interaction";
  else if (tree.has("requirements.txt")) {
    commands.setup_cmd = "python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt";
  }
  const uses = (name: string): boolean =>
    new RegExp(`(^|["'\\s\\[])${name}([\\s"'=<>~!\\[;,]|$)`, "m").test(declared);
  if (
    uses("pytest") ||
    tree.has("pytest.ini", "conftest.py", "tests/conftest.py") ||
    /\[tool\.pytest/.test(project)
  ) {
    commands.test_cmd = `${runner}pytest {test_dir} -q --tb=short`;
  }
  if (uses("ruff") || tree.has("ruff.toml", ".ruff.toml") || /\[tool\.ruff/.test(project)) {
    Object.assign(commands, {
      lint_cmd: `${runner}ruff check {files}`,
      lint_fix_cmd: `${runner}ruff check --fix {files}`,
      format_cmd: `${runner}ruff format {files}`,
      format_check_cmd: `${runner}ruff format --check {files}`,
    });
  } else if (uses("black")) {
    commands.format_cmd = `${runner}black {files}`;
    commands.format_check_cmd = `${runner}black --check {files}`;
  }
  const checker = ["ty", "mypy", "pyright"].find(
    (name) => uses(name) || project.includes(`[tool.${name}`),
  );
  if (checker !== undefined) {
    const check = {
      ty: "ty check",
      mypy: `mypy ${folders.srcDir.replace(/\/$/, "")}`,
      pyright: "pyright",
    }[checker];
    commands.type_check_cmd = `${runner}${check}`;
  }
  if (uses("pytest-cov")) {
    const source = folders.srcDir.replace(/\/$/, "");
    commands.coverage_cmd = `${runner}pytest --cov=${source} --cov-report=json:{output} -q`;
  }
  return commands;
}

function scriptExtensions(language: ProjectType): string[] {
  const js = [".js", ".jsx", ".mjs", ".cjs"];
  return language === "javascript" ? js : [".ts", ".tsx", ".mts", ".cts", ...js];
}

function scripts(tree: ProjectFiles): Detection["commands"] {
  const manifest = tree.json("package.json");
  const declared = { ...record(manifest["dependencies"]), ...record(manifest["devDependencies"]) };
  const own = record(manifest["scripts"]);
  const manager = managerOf(tree, manifest);
  const run = { bun: "bunx", pnpm: "pnpm exec", yarn: "yarn", npm: "npx --no-install" }[manager];
  const commands: Detection["commands"] = {};
  if (tree.has("package.json")) commands.setup_cmd = setupOf(tree, manager);
  const config = (name: string): boolean =>
    tree.matching(new RegExp(`^${name}\\.config\\.[mc]?[jt]s$`));
  const test = String(own["test"] ?? "");
  if (config("vitest") || "vitest" in declared) commands.test_cmd = `${run} vitest run`;
  else if (config("jest") || "jest" in declared) commands.test_cmd = `${run} jest`;
  else if (/\bbun test\b/.test(test) || (manager === "bun" && tree.matching(/\.test\.[jt]sx?$/)))
    commands.test_cmd = "bun test";
  else if (/\bnode\b.*--test\b/.test(test)) commands.test_cmd = test;
  else if (test !== "" && !test.includes("no test specified"))
    commands.test_cmd = `${manager} run test`;
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
  if (tree.has("tsconfig.json")) commands.type_check_cmd = `${run} tsc --noEmit`;
  return commands;
}

type Manager = "bun" | "pnpm" | "yarn" | "npm";

function managerOf(tree: ProjectFiles, manifest: Record<string, unknown>): Manager {
  const named = /^(bun|pnpm|yarn|npm)@/.exec(String(manifest["packageManager"] ?? ""))?.[1];
  if (named !== undefined) return named as Manager;
  if (tree.has("bun.lock", "bun.lockb")) return "bun";
  if (tree.has("pnpm-lock.yaml")) return "pnpm";
  return tree.has("yarn.lock") ? "yarn" : "npm";
}

function setupOf(tree: ProjectFiles, manager: Manager): string {
  switch (manager) {
    case "bun":
      return `bun install${tree.has("bun.lock", "bun.lockb") ? " --frozen-lockfile" : ""} --ignore-scripts`;
    case "pnpm":
      return `pnpm install${tree.has("pnpm-lock.yaml") ? " --frozen-lockfile" : ""} --ignore-scripts`;
    case "yarn":
      return "yarn install --immutable --mode=skip-build";
    case "npm":
      return tree.has("package-lock.json")
        ? "npm ci --ignore-scripts"
        : "npm install --ignore-scripts";
    default:
      return manager satisfies never;
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function go(tree: ProjectFiles): Detection["commands"] {
  const linted = tree.matching(/^\.golangci\.(ya?ml|toml|json)$/);
  return {
    test_cmd: "go test ./...",
    // Without these flags golangci-lint shows three problems of a kind; a new one could be hidden.
    lint_cmd: linted
      ? "golangci-lint run --max-issues-per-linter=0 --max-same-issues=0"
      : "go vet ./...",
    format_cmd: "gofmt -w {files}",
    format_check_cmd: "gofmt -l {files}",
  };
}
