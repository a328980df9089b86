/** Detection in repositories of the shapes that public ones have: their own scripts, CI and packages. */
import { expect, test } from "bun:test";
import { parseConfig } from "../load.ts";
import { providerPresets, renderProjectToml } from "../project-toml.ts";
import { detect } from "./detect.ts";

const json = (value: unknown): string => JSON.stringify(value);

/** A workflow for pull requests with these steps. */
const ci = (...steps: string[]): Record<string, string> => ({
  ".github/workflows/ci.yml": `on: pull_request\njobs:\n  a:\n    steps:\n${steps
    .map((step) => `      - ${step}\n`)
    .join("")}`,
});

const pkg = (folder: string, more: Record<string, unknown>): Record<string, string> => ({
  [`${folder}/package.json`]: json({ name: `@x/${folder.split("/").at(-1)}`, ...more }),
});

const scripts = { test: "vitest run", lint: "eslint .", "test:types": "tsc --noEmit" };

/** Files, and for each key of `[project]` and gate its command; gates as `kind cwd: command`. */
const repositories: [string, Record<string, string>, Record<string, string | undefined>][] = [
  [
    "a cargo workspace whose CI tests features",
    {
      "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n',
      "crates/a/Cargo.toml": "",
      "crates/a/src/lib.rs": "",
      ...ci(
        "run: cargo build --workspace",
        "run: cargo test --workspace --features x",
        "run: cargo test --workspace",
        "run: cargo test -p a --lib",
      ),
    },
    {
      test_cmd: "cargo test --workspace",
      lint_cmd: "cargo clippy --workspace --all-targets -- -D warnings",
      format_check_cmd: "cargo fmt --all --check",
    },
  ],
  [
    "crates that CI tests in their folders",
    {
      "Cargo.toml":
        '[workspace]\nmembers = ["core", "suite"]\n[workspace.dependencies]\ncore = { path = "core" }\n',
      "core/Cargo.toml": "[dependencies]\n",
      "suite/Cargo.toml": "[dev-dependencies]\ncore = { workspace = true }\n",
      ...ci("run: cd suite && cargo test --features unstable", "run: cd examples && cargo test"),
    },
    { test_cmd: undefined, "test suite <suite core Cargo.toml>": "cargo test --features unstable" },
  ],
  [
    "targets of make that CI runs with a matrix",
    {
      "Cargo.toml": "[package]\n",
      Makefile: "test-%:\n\tcargo test\n",
      ".github/workflows/ci.yml":
        "on: push\njobs:\n  a:\n    strategy: { matrix: { features: [minimal, full] } }\n    steps:\n" +
        "      - run: make test-$" +
        "{{ matrix.features }}\n",
    },
    { test_cmd: "make test-full" },
  ],
  [
    "a Go module with a Makefile",
    {
      "go.mod": "",
      Makefile: "test: build\n\tgo test ./...\ntest-unit:\n\tgo test ./...\n",
      "go.sum": "",
    },
    { test_cmd: "make test-unit", lint_cmd: "go vet ./...", format_check_cmd: "gofmt -l {files}" },
  ],
  [
    "Go modules below the root, one of them in CI",
    {
      "go.mod": "",
      "exp/go.mod": "",
      "tutorials/x/go.mod": "",
      ...ci("run: make test", "run: cd exp && go test -race ./..."),
    },
    { test_cmd: "make test", "test exp <exp>": "go test -race ./..." },
  ],
  [
    "a Go workspace without a module in its root",
    { "go.work": "go 1.24\nuse ./api\nuse ./server\n", "api/go.mod": "", "server/go.mod": "" },
    {
      test_cmd: undefined,
      "test api <api>": "go test ./...",
      "test server <server>": "go test ./...",
    },
  ],
  [
    "a Taskfile, and a CI that calls it in a way of its own",
    { "go.mod": "", "Taskfile.yml": "tasks:\n  test: { cmds: [go test ./...] }\n  lint: {}\n" },
    { test_cmd: "task test" },
  ],
  [
    "a pnpm workspace whose root has no scripts",
    {
      "package.json": json({ packageManager: "pnpm@10.0.0", devDependencies: { vitest: "3" } }),
      "pnpm-lock.yaml": "",
      "pnpm-workspace.yaml": "packages:\n  - packages/*\n  - '!packages/old'\n  - examples/*\n",
      ...pkg("packages/core", { scripts }),
      ...pkg("packages/app", { scripts, dependencies: { "@x/core": "workspace:*" } }),
      ...pkg("packages/old", { scripts }),
      ...pkg("examples/demo", { scripts }),
    },
    {
      setup_cmd: "pnpm install --frozen-lockfile --ignore-scripts",
      test_cmd: undefined,
      "test packages/core <packages/core package.json pnpm-lock.yaml>": "pnpm run test",
      "test packages/app <packages/app packages/core package.json pnpm-lock.yaml>": "pnpm run test",
      "lint packages/core <packages/core package.json pnpm-lock.yaml>": "pnpm run lint",
      "typecheck packages/app <packages/app packages/core package.json pnpm-lock.yaml>":
        "pnpm run test:types",
    },
  ],
  [
    "an npm workspace whose root tests all",
    {
      "package.json": json({ workspaces: ["packages/*"], scripts: { test: "turbo run test" } }),
      "package-lock.json": "",
      ...pkg("packages/core", { scripts: { test: "jest" } }),
    },
    { test_cmd: "npm run test", setup_cmd: "npm ci --ignore-scripts" },
  ],
  [
    "a workspace whose root script runs the scripts of the packages by name",
    {
      "package.json": json({
        workspaces: { packages: ["packages/*"] },
        scripts: {
          test: "npm run test:all",
          "test:all": "nx run-many --targets=test:types,test:lib",
        },
      }),
      "package-lock.json": "",
      ...pkg("packages/core", {
        scripts: { "test:lib": "vitest", "test:types": "tsc", lint: "eslint ." },
      }),
    },
    {
      test_cmd: "npm run test",
      "lint packages/core <packages/core package.json package-lock.json>": "npm run lint",
    },
  ],
  [
    "sources without a manifest, which no build tool reads",
    { "a.rs": "", "b.rs": "" },
    { test_cmd: undefined, lint_cmd: undefined, format_check_cmd: "rustfmt --check {files}" },
  ],
  [
    "a yarn of version 1 and scripts that write or watch",
    {
      "package.json": json({
        scripts: {
          test: "jest --watch",
          "test:unit": "jest",
          lint: "eslint --fix .",
          format: "prettier --write .",
          "format:check": "prettier --check .",
          typecheck: "tsc --noEmit",
        },
      }),
      "yarn.lock": "# yarn lockfile v1\n",
      "eslint.config.js": "",
    },
    {
      setup_cmd: "yarn install --frozen-lockfile --ignore-scripts",
      test_cmd: "yarn run test:unit",
      lint_cmd: "yarn eslint {files}",
      format_check_cmd: "yarn run format:check",
      type_check_cmd: "yarn run typecheck",
    },
  ],
  [
    "the unit tests that CI runs, beside a script for everything",
    {
      "package.json": json({
        scripts: {
          test: "vitest",
          "test-unit": "vitest --project unit",
          "test-e2e": "playwright test",
        },
      }),
      "pnpm-lock.yaml": "",
      ...ci("run: pnpm run test-unit", "run: pnpm run lint --fix"),
    },
    { test_cmd: "pnpm run test-unit", lint_cmd: undefined },
  ],
  [
    "a tsconfig.json that only has references",
    {
      "package.json": json({ devDependencies: { typescript: "6" } }),
      "tsconfig.json": '{ "files": [], "references": [{ "path": "./app" }] }',
    },
    { type_check_cmd: "npx --no-install tsc -b" },
  ],
  [
    "Python with uv whose tools are in groups, and tox",
    {
      "pyproject.toml":
        '[project]\nname = "x"\n[dependency-groups]\ndev = ["tox"]\ntests = ["pytest"]\ntyping = ["mypy", { include-group = "tests" }]\n' +
        '[tool.tox.env.typing]\ncommands = [["mypy", "--strict", "src/x"]]\n[tool.ruff]\n',
      "uv.lock": "",
      ".pre-commit-config.yaml":
        "repos:\n  - repo: https://github.com/astral-sh/ruff-pre-commit\n    rev: v0.14.1\n",
      "src/x/__init__.py": "",
      "tests/test_x.py": "",
      ...ci("run: uv run --locked tox run", "run: uv run tox run -e typing"),
    },
    {
      setup_cmd: "uv sync --locked --group tests --group typing",
      test_cmd: "uv run pytest {test_dir} -q --tb=short",
      lint_cmd: "uvx ruff@0.14.1 check {files}",
      type_check_cmd: "uv run mypy --strict src/x",
    },
  ],
  [
    "Python whose tools are in requirements, with a runner of its own",
    {
      "pyproject.toml": '[project]\nname = "x"\n',
      "requirements.txt": "flake8==7\nmypy==1\n",
      "tox.ini":
        "[testenv]\ncommands =\n    python -m x.test {posargs:}\n[testenv:lint]\ncommands =\n    flake8 {posargs:}\n" +
        "    env -u A mypy --platform linux {posargs:x}\n[testenv:docs]\ncommands = pytest docs\n",
      "x/__init__.py": "",
    },
    {
      setup_cmd: "python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt -e .",
      test_cmd: ".venv/bin/python -m x.test",
      lint_cmd: ".venv/bin/python -m flake8",
      type_check_cmd: ".venv/bin/python -m mypy --platform linux x",
    },
  ],
  [
    "scripts of a Python project",
    {
      "pyproject.toml": '[project]\nname = "x"\n',
      "requirements.txt": "-e .\npytest==8\n",
      "x/__init__.py": "",
      ...ci('run: "scripts/check"', 'run: "scripts/test"'),
    },
    {
      setup_cmd: "python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt",
      test_cmd: 'PATH="$PWD/.venv/bin:$PATH" scripts/test',
      lint_cmd: 'PATH="$PWD/.venv/bin:$PATH" scripts/check',
    },
  ],
  [
    "Python with a package.json for its browser tests",
    {
      "pyproject.toml": '[dependency-groups]\ndev = ["pytest", "mypy"]\n',
      "package.json": json({ scripts: { test: "jasmine" } }),
      "uv.lock": "",
      ...ci("run: npm test", "run: python -m pytest -n logical -vv", "run: mypy"),
    },
    { test_cmd: "uv run pytest {test_dir} -q --tb=short", type_check_cmd: "uv run mypy" },
  ],
  [
    "a repository of two projects without a manifest in its root",
    {
      "backend/pyproject.toml": '[dependency-groups]\ndev = ["pytest", "ruff"]\n',
      "backend/uv.lock": "",
      "frontend/package.json": json({ scripts: { test: "vitest run", lint: "eslint ." } }),
      "frontend/package-lock.json": "",
      "docs/package.json": json({ scripts: { test: "true" } }),
    },
    {
      setup_cmd: "(cd backend && uv sync --locked) && (cd frontend && npm ci --ignore-scripts)",
      "test backend <backend>": "uv run pytest . -q --tb=short",
      "lint backend <backend>": "uv run ruff check .",
      "test frontend <frontend>": "npm run test",
      "lint frontend <frontend>": "npm run lint",
    },
  ],
  [
    "a Go service with a web interface",
    {
      "go.mod": "",
      "web/ui/package.json": json({ scripts: { test: "vitest run" } }),
      "web/ui/pnpm-lock.yaml": "",
      ...ci("run: go test ./..."),
    },
    {
      test_cmd: "go test ./...",
      setup_cmd: "(cd web/ui && pnpm install --frozen-lockfile --ignore-scripts)",
      "test web/ui <web/ui>": "pnpm run test",
    },
  ],
  [
    "Maven with its wrapper, and Gradle beside it",
    { "pom.xml": "spotless", mvnw: "", "build.gradle": "", ...ci("run: ./gradlew build") },
    { test_cmd: "./mvnw -B verify", format_check_cmd: "./mvnw -B spotless:check" },
  ],
  [
    "Gradle",
    {
      "build.gradle.kts": "",
      "settings.gradle.kts": "",
      gradlew: "",
      "src/A.kt": "",
      ...ci("run: ./gradlew publish", "run: ./gradlew test allTests -Pjava=8"),
    },
    { test_cmd: "./gradlew test" },
  ],
  [
    "GitLab",
    {
      "package.json": json({ scripts: { test: "x", ci: "y", lint: "z" } }),
      ".gitlab-ci.yml": "a: { script: [npm test, npm run lint] }\n",
    },
    { test_cmd: "npm test", lint_cmd: "npm run lint" },
  ],
];

test.each(repositories)(
  "F6 init proposes the repository's own commands: %s",
  (_what, files, expected) => {
    const detection = detect({
      files: Object.keys(files),
      read: (path) => files[path] ?? null,
    });
    const gates = detection.gates.map(({ kind, cwd, paths, command }) => [
      `${kind} ${cwd} <${paths.join(" ")}>`,
      command,
    ]);
    const proposed: Record<string, string | undefined> = {
      ...detection.commands,
      ...Object.fromEntries(gates),
    };
    const keys = Object.keys(expected);
    expect(Object.fromEntries(keys.map((key) => [key, proposed[key]]))).toEqual(expected);
    const wanted = keys.filter((key) => key.includes("<"));
    if (wanted.length < 4)
      expect(gates.map(([key]) => key).sort()).toEqual(wanted.sort() as string[]);
    const loaded = parseConfig(renderProjectToml(detection, providerPresets.openai), "/project");
    expect(loaded.ok ? [] : loaded.diagnostics).toEqual([]);
  },
);

test("F6 gates of packages have names that differ from each other and from those of dgov", () => {
  const scripts = { test: "x" };
  const files: Record<string, string> = {
    "package.json": json({ workspaces: ["packages/*", "apps/*"] }),
    ...pkg("packages/core", { scripts }),
    ...pkg("apps/core", { scripts }),
    ...pkg("packages/tests", { scripts }),
    ...pkg("packages/a b", { scripts }),
    ...pkg("packages/_x", { scripts }),
  };
  const detection = detect({ files: Object.keys(files), read: (path) => files[path] ?? null });
  expect(detection.gates.map(({ name }) => name).sort()).toEqual([
    "a-b",
    "apps/core",
    "packages/core",
    "packages/tests",
    "x",
  ]);
  const loaded = parseConfig(renderProjectToml(detection, providerPresets.openai), "/project");
  expect(loaded.ok ? [] : loaded.diagnostics).toEqual([]);
});

test("F6 the file that a command was taken from is known", () => {
  const files: Record<string, string> = {
    "go.mod": "",
    Makefile: "lint:\n\tgolangci-lint run\n",
    ...ci("run: go test -race ./..."),
  };
  const { origins } = detect({ files: Object.keys(files), read: (path) => files[path] ?? null });
  expect(origins).toEqual({ test_cmd: ".github/workflows/ci.yml" });
});
