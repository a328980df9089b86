import { expect, test } from "bun:test";
import { isReadingNothing, programsIn, versionCommand } from "./shell-programs.ts";

test.each<[string, string[]]>([
  ["ruff check .", ["ruff"]],
  ["cd web && npx eslint src", ["npx"]],
  ["MODE=strict FORCE=1 mypy .", ["mypy"]],
  ["export CI=1; pytest -q | tee log", ["pytest", "tee"]],
  ["! grep -q TODO src/*", ["grep"]],
  ["test -f a || tool", ["tool"]],
  ["(cd a && make) && exit 0", ["make"]],
  ["env A=b timeout 30s cargo test", ["env", "timeout", "cargo"]],
  ["exec tool", ["tool"]],
  ["command -v tool", []],
  ["if tool; then other; fi", ["tool", "other"]],
  ["sh -c 'inner && ./own.sh'", ["sh", "inner", "./own.sh"]],
  ["sh check.sh", ["sh", "check.sh"]],
  ["python tools/lint.py {files}", ["python", "tools/lint.py"]],
  ["run() { tool; }; run", ["tool"]],
  ["$TOOL check; $X/bin/y", []],
  ["true; : ; echo done", []],
  ["if (", []],
])("E22 the programs of `%s` are %j", async (text, names) => {
  expect((await programsIn(text)).map(({ name }) => name)).toEqual(names);
});

test("E22 a program may start in the folders that the command changes to", async () => {
  const [program] = await programsIn("cd web/ && ./lint.sh");
  expect(program?.folders).toEqual([".", "web/"]);
});

test.each<[string, boolean, string | null]>([
  ["ruff check", false, "ruff --version"],
  ["go vet ./...", false, "go version"],
  ["python -m mypy src", false, "python -m mypy --version"],
  ["python -m mypy src", true, "python --version"],
  ["python3 -m unittest discover", false, "python3 --version"],
  ["npx eslint .", false, "npx --no-install eslint --version"],
  ["npx eslint .", true, "npx --version"],
  ["npx --yes eslint .", false, "npx --version"],
  ["cargo clippy --all", false, "cargo clippy --version"],
  ["cargo test", false, "cargo --version"],
  ["gofmt -l .", false, null],
  ["grep -q x y", false, null],
])("E22 the version of what `%s` starts (setup_cmd: %p) is printed by %p", (text, setUp, argv) => {
  const [name = "", ...words] = text.split(" ");
  const command = versionCommand({ name, words }, { setUp });
  expect(command.isStarted ? command.argv.join(" ") : null).toBe(argv);
});

const read = (): string | null => null;
const files = ["README.md", "src/a.py", "web/app.ts", "webpack/b.py", "tools/x.sh"];

test.each<[string, string | null]>([
  ["true", "it reads no file of the project, so it judges nothing"],
  ["echo ok; exit 0", "it reads no file of the project, so it judges nothing"],
  ["echo {files}", "it reads no file of the project, so it judges nothing"],
  ["cat <README.md", null],
  ["test -f README.md", null],
  ["make check", null],
  ["ruff check", null],
  ["ruff check .", null],
  ["ruff check src", null],
  ["ruff check web", "ruff reads .py, .pyi files, and none is committed below web"],
  [
    "uv run --frozen ruff check web/",
    "ruff reads .py, .pyi files, and none is committed below web",
  ],
  ["cd web && npx eslint .", null],
  ["go test ./...", "go reads .go files, and none is committed in the project"],
  ["true && cargo test", "cargo reads .rs files, and none is committed in the project"],
])("E22 the sources that `%s` does not read: %p", async (text, reason) => {
  expect(await isReadingNothing(text, { files, isSource: () => true, read })).toBe(reason);
});

test("E22 a check of the changed files reads nothing where no file has one of source_extensions", async () => {
  const isSource = (path: string): boolean => path.endsWith(".rb");
  expect(await isReadingNothing("lint {files}", { files, isSource, read })).toBe(
    "it gets the changed files with one of source_extensions, and no committed file has one",
  );
  expect(await isReadingNothing("lint {files}", { files: null, isSource, read })).toBeNull();
});

const solution =
  '{\n  // each folder has its own\n  "files": [],\n  "references": [{ "path": "./app" }],\n}';

test.each<[string, Record<string, string>, string | null]>([
  ["npx tsc --noEmit", { "tsconfig.json": solution }, "tsc checks no file: tsconfig.json"],
  [
    "tsc -p web --noEmit",
    { "web/tsconfig.json": solution },
    "tsc checks no file: web/tsconfig.json",
  ],
  ["tsc -b", { "tsconfig.json": solution }, null],
  ["tsc --noEmit", { "tsconfig.json": '{ "include": ["src"] }' }, null],
  ["tsc --noEmit", { "tsconfig.json": '{ "files": [], "include": ["src"] }' }, null],
  [
    "npm run types",
    { "package.json": '{ "scripts": { "types": "tsc --noEmit" } }', "tsconfig.json": solution },
    "script types: tsc checks no file",
  ],
  [
    "pnpm test",
    { "package.json": '{ "scripts": { "test": "pnpm run unit", "unit": "true" } }' },
    "script test: script unit: it reads no file",
  ],
  ["npm test", { "package.json": '{ "scripts": { "test": "npm test" } }' }, null],
  [
    "yarn lint",
    { "package.json": '{ "scripts": { "lint": "eslint src" } }' },
    "script lint: eslint reads .js, .jsx files, and none is committed below src",
  ],
  ["npm ci", { "package.json": "not JSON" }, null],
])("E22 `%s` with the files %j reads no source: %p", async (text, texts, reason) => {
  const own = { files, isSource: () => true, read: (path: string) => texts[path] ?? null };
  const found = await isReadingNothing(text, own);
  if (reason === null) expect(found).toBeNull();
  else expect(found).toStartWith(reason);
});
