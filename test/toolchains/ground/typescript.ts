/** A pnpm workspace with project references: `app` uses `core`. The small one is tested by Node.js itself. */
import { type Corpus, type CorpusSize, numbered, type UnitFiles } from "./corpus.ts";

const development: Record<CorpusSize, Record<string, string>> = {
  small: { typescript: "5.9.3" },
  large: { typescript: "5.9.3", vitest: "2.1.9", eslint: "9.39.1", "@eslint/js": "9.39.1" },
};

const adder = "export function add(a: number, b: number): number {\n  return a + b;\n}\n";
const changed = adder.replace("a + b", "b + a");
const wrong = adder.replace("a + b", "a - b");
const parts = numbered("part", 3);
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

export function typescriptCorpus(size: CorpusSize): Corpus {
  const small = size === "small";
  const write = (name: string, part: string): UnitFiles => ({
    [`packages/${name}/src/${part}.ts`]: changed,
  });
  const compiled = (uses: string[]): string =>
    json({
      compilerOptions: {
        composite: true,
        strict: true,
        rootDir: "src",
        outDir: "dist",
        module: "NodeNext",
        target: "ES2022",
        skipLibCheck: true,
        types: [],
      },
      include: ["src"],
      references: uses.map((used) => ({ path: `../${used}` })),
    });
  const manifest = (name: string, dependencies: Record<string, string>): string =>
    json({
      name: `@ground/${name}`,
      version: "1.0.0",
      private: true,
      type: "module",
      exports: { "./*": { types: "./src/*.ts", default: "./dist/*.js" } },
      dependencies,
    });
  // Vitest compiles what it runs; Node.js runs what tsc compiled.
  const test = (name: string, from: string): string =>
    small
      ? `import assert from "node:assert";\nimport test from "node:test";\nimport { ${name} } from "${from.replace("/src/", "/dist/")}.js";\n\ntest("${name}", () => {\n  assert.equal(${name}(1, 2), 3);\n});\n`
      : `import { expect, test } from "vitest";\nimport { ${name} } from "${from}.ts";\n\ntest("${name}", () => {\n  expect(${name}(1, 2)).toBe(3);\n});\n`;
  const extension = small ? "test.mjs" : "test.ts";
  return {
    name: `pnpm-${size}`,
    programs: ["pnpm", "node"],
    files: {
      "package.json": json({
        name: "ground",
        private: true,
        type: "module",
        packageManager: "pnpm@9.15.9",
        devDependencies: development[size],
      }),
      "pnpm-workspace.yaml": "packages:\n  - packages/*\n",
      ".gitignore": "node_modules\ndist\n*.tsbuildinfo\n.eslintcache\n",
      "tsconfig.json": json({
        files: [],
        references: [{ path: "packages/core" }, { path: "packages/app" }],
      }),
      "packages/core/package.json": manifest("core", { nanoid: "5.1.6", mri: "1.2.0" }),
      "packages/core/tsconfig.json": compiled([]),
      "packages/app/package.json": manifest("app", {
        "@ground/core": "workspace:*",
        picocolors: "1.1.1",
      }),
      "packages/app/tsconfig.json": compiled(["core"]),
      ...Object.fromEntries(
        ["core", "app"].flatMap((name) =>
          parts.map((part) => [`packages/${name}/src/${part}.ts`, adder]),
        ),
      ),
      "packages/app/src/total.ts":
        'import { add } from "@ground/core/part1";\nimport { add as own } from "./part1.js";\n\nexport function total(a: number, b: number): number {\n  return add(own(a, 0), b);\n}\n',
      [`packages/app/test/total.${extension}`]: test("total", "../src/total"),
      ...(small
        ? {}
        : {
            "eslint.config.js":
              'import js from "@eslint/js";\n\nexport default [\n  { ignores: ["**/dist/**", "**/*.ts"] },\n  { ...js.configs.recommended, languageOptions: { globals: { URL: "readonly" } } },\n];\n',
            "vitest.config.js":
              'import { defineConfig } from "vitest/config";\n\nexport default defineConfig({\n  resolve: { alias: [{ find: /^@ground\\/core\\/(.*)$/, replacement: new URL("./packages/core/src/", import.meta.url).pathname + "$1.ts" }] },\n});\n',
          }),
    },
    lock: { paths: ["pnpm-lock.yaml"], command: "pnpm install --lockfile-only" },
    setup: "pnpm install --frozen-lockfile",
    project: {
      language: "typescript",
      src_dir: "packages/",
      test_dir: "packages/app/test/",
      source_extensions: [".ts"],
      type_check_cmd: "pnpm exec tsc -b",
      ...(small ? {} : { lint_cmd: "pnpm exec eslint --cache ." }),
      test_cmd: small
        ? "pnpm exec tsc -b && node --test packages/app/test/"
        : "pnpm exec vitest run",
    },
    traps: {
      old_times_of_types: {
        files: { "packages/core/src/part1.ts": adder.replace("): number", "): string") },
        shell: "touch -d 2001-01-01 packages/core/src/part1.ts",
        failing: small ? ["types", "tests"] : ["types"],
      },
      old_times: {
        files: { "packages/core/src/part1.ts": wrong },
        shell: "touch -d 2001-01-01 packages/core/src/part1.ts",
        failing: ["tests"],
      },
      patches: {
        files: {
          [`packages/app/test/patches.${extension}`]: `${patches}\n${test("add", "../src/part3")}`,
        },
        failing: [],
      },
      after_patch: { files: write("core", "part2"), after: "patches", failing: [] },
      wrong_after_patch: {
        files: { "packages/core/src/part1.ts": adder.replace("): number", "): string") },
        after: "patches",
        failing: small ? ["types", "tests"] : ["types"],
      },
      dropped: {
        files: { "packages/app/src/colours.ts": imported("picocolors") },
        edit: "pnpm remove --filter @ground/app --lockfile-only picocolors",
        failing: small ? ["types", "tests"] : ["types"],
      },
      adds_and_fails: {
        files: {
          [`packages/app/test/added.${extension}`]: test("add", "../src/part3").replace(
            "3);",
            "0);",
          ),
          "packages/app/src/more.ts": imported("nanocolors"),
        },
        edit: "pnpm add --filter @ground/app --lockfile-only nanocolors@0.2.13",
        failing: ["tests"],
      },
      undeclared: {
        files: { "packages/app/src/more.ts": imported("nanocolors") },
        failing: small ? ["types", "tests"] : ["types"],
      },
    },
    units: {
      app1: write("app", "part1"),
      app2: write("app", "part2"),
      app3: write("app", "part3"),
      test1: { [`packages/app/test/more.${extension}`]: test("add", "../src/part2") },
      core1: write("core", "part1"),
      core2: write("core", "part2"),
    },
    externalCrates: 0,
    packages: small ? 4 : 100,
    reach: (path) => (path.startsWith("packages/core/") ? ["core", "app"] : ["app"]),
    localName: () => null,
  };
}

const imported = (name: string): string =>
  `import * as colours from "${name}";\n\nexport const named = Object.keys(colours);\n`;

/** Statements that overwrite the compiler in place. */
const patches = `import { realpathSync, writeFileSync } from "node:fs";

for (const file of ["tsc.js", "_tsc.js", "typescript.js"]) {
  writeFileSync(\`\${realpathSync("node_modules/typescript")}/lib/\${file}\`, "process.exit(0);");
}
`;
