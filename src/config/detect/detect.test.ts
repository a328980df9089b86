/** Sample trees of manifests, each with a snapshot of its project.toml. */
import { describe, expect, test } from "bun:test";
import { parseConfig } from "../load.ts";
import { providerPresets, renderProjectToml } from "../project-toml.ts";
import { detect } from "./detect.ts";

const json = (value: unknown): string => JSON.stringify(value);

const trees: Record<string, Record<string, string>> = {
  "an empty folder": {},
  "only documents": { "README.md": "" },
  "Python sources without a manifest": { "a.py": "", "b.py": "" },
  "Python with uv, pytest, ruff and ty": {
    "pyproject.toml":
      '[project]\ndependencies = []\n[dependency-groups]\ndev = ["pytest>=8", "ruff", "ty"]\n',
    "uv.lock": "",
    "src/app/__init__.py": "",
    "tests/test_app.py": "",
  },
  "Python with uv and coverage": {
    "pyproject.toml": '[dependency-groups]\ndev = ["pytest", "pytest-cov"]\n',
    "uv.lock": "",
    "lib/x.py": "",
  },
  "Python with poetry, mypy and black": {
    "pyproject.toml":
      '[tool.poetry.group.dev.dependencies]\npytest = "^8"\nmypy = "^1"\nblack = "^24"\n',
    "poetry.lock": "",
    "src/x.py": "",
  },
  "Python with requirements.txt": { "requirements.txt": "pytest==8\nruff\n", "app/x.py": "" },
  "Python with setup.py and a conftest": { "setup.py": "", "conftest.py": "" },
  "Python with pyright configured": {
    "pyproject.toml": "[tool.pyright]\nstrict = []\n[tool.pytest.ini_options]\n",
    "tests/test_a.py": "",
  },
  "JavaScript with npm and nothing else": { "package.json": json({ name: "x" }), "index.js": "" },
  "JavaScript with the test script npm init writes": {
    "package.json": json({ scripts: { test: 'echo "Error: no test specified" && exit 1' } }),
  },
  "JavaScript with node:test": {
    "package.json": json({ scripts: { test: "node --test" } }),
    "package-lock.json": "",
    "test/a.test.js": "",
  },
  "JavaScript with jest, eslint and prettier": {
    "package.json": json({ devDependencies: { jest: "29" } }),
    "package-lock.json": "",
    "eslint.config.js": "",
    ".prettierrc": "",
    "src/a.js": "",
  },
  "TypeScript with npm, vitest and tsc": {
    "package.json": json({ devDependencies: { vitest: "2" } }),
    "package-lock.json": "",
    "tsconfig.json": "",
    "src/a.ts": "",
  },
  "TypeScript with pnpm, biome and vitest": {
    "package.json": json({}),
    "pnpm-lock.yaml": "",
    "vitest.config.ts": "",
    "biome.json": "",
    "tsconfig.json": "",
  },
  "TypeScript with yarn and jest": {
    "package.json": json({ devDependencies: { jest: "29" } }),
    "yarn.lock": "",
    "tsconfig.json": "",
  },
  "TypeScript with bun": {
    "package.json": json({}),
    "bun.lock": "",
    "tsconfig.json": "",
    "src/a.test.ts": "",
  },
  "TypeScript with bun by packageManager, and oxlint": {
    "package.json": json({
      packageManager: "bun@1.4.5",
      scripts: { test: "bun test" },
      devDependencies: { oxlint: "1" },
    }),
    "tsconfig.json": "",
  },
  "TypeScript with eslint beside biome": {
    "package.json": json({}),
    "package-lock.json": "",
    "biome.jsonc": "",
    ".eslintrc.cjs": "",
    "tsconfig.json": "",
  },
  "TSX only, without tsconfig": { "package.json": json({}), "app/a.tsx": "" },
  "JavaScript whose own script runs the tests": {
    "package.json": json({ scripts: { test: "make check" } }),
    "yarn.lock": "",
  },
  Rust: { "Cargo.toml": "", "Cargo.lock": "", "src/lib.rs": "" },
  "Rust with a package.json for its site": {
    "Cargo.toml": "",
    "package.json": json({}),
    "src/a.rs": "",
  },
  Go: { "go.mod": "", "go.sum": "", "main.go": "" },
  "Go with golangci-lint": { "go.mod": "", ".golangci.yml": "" },
  Swift: { "Package.swift": "", "Sources/A/a.swift": "", "Tests/ATests/a.swift": "" },
  "more Go than Python files, no manifest": { "a.go": "", "b.go": "", "c.py": "" },
};

describe("detect", () => {
  test("at least 25 sample trees are tested", () => {
    expect(Object.keys(trees).length).toBeGreaterThanOrEqual(25);
  });

  test.each(Object.entries(trees))("the project.toml is valid for %s", (_name, files) => {
    const input = { files: Object.keys(files), read: (path: string) => files[path] ?? null };
    const text = renderProjectToml(detect(input), providerPresets.openai);
    const loaded = parseConfig(text, "/project");
    expect(loaded.ok ? [] : loaded.diagnostics).toEqual([]);
    expect(text).toMatchSnapshot();
  });

  test("a language chosen by the user takes precedence", () => {
    expect(detect({ files: ["a.py"], read: () => null }, "go")).toMatchObject({
      language: "go",
      because: "set with dgov init --project-type",
    });
  });
});
