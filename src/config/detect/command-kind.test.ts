import { expect, test } from "bun:test";
import { candidate, slotOfName } from "./command-kind.ts";

const at = { folder: ".", origin: "ci.yml" };

/** A command, its gate, and its text without decoration where that differs. */
const rows: [string, string | null, string?][] = [
  ["cargo test --workspace --verbose", "test", "cargo test --workspace"],
  ["cargo nextest run --features full", "test"],
  ["cargo test -p core", null],
  ["cargo test --manifest-path a/Cargo.toml", null],
  ["cargo +nightly miri test", null],
  ["cargo xtask run-tests postgres", "test"],
  ["cargo clippy --all-targets -- -D warnings", "lint"],
  ["cargo clippy --version", null],
  ["cargo fmt --all --check", "format"],
  ["cargo fmt --all", null],
  ["uv run --locked --group dev pytest -q", "test"],
  ["python -m pytest -vv --durations 25 --cov=src", "test", "python -m pytest -vv"],
  ["python -bb -m tornado.test", "test"],
  ["python runtests.py", "test"],
  ["ruff check --output-format=github", "lint", "ruff check"],
  ["ruff check --fix .", null],
  ["ruff format --diff", "format"],
  ["poetry run mypy", "types"],
  ["npx tsc --noEmit", "types"],
  ["npm ci", "setup"],
  ["npm test", "test"],
  ["npm run lint", "lint"],
  ["npm run lint -- --fix", null],
  ["pnpm run type-check", "types"],
  ["pnpm --filter app run test", null],
  ["yarn fmt:check", "format"],
  ["yarn build", null],
  ["npm audit", null],
  ["make test-unit", "test"],
  ["make release", null],
  ["just lint", "lint"],
  ["tox run -e typing", "types"],
  ["go test -race -coverprofile=c.out ./...", "test", "go test -race ./..."],
  ["go test -run TestX ./pkg", null],
  ["./gradlew test allTests --stacktrace", "test", "./gradlew test allTests"],
  ["./gradlew check -x jvmTest", null],
  ["./gradlew publish", null],
  ["./mvnw -B verify", "test"],
  ["mvn deploy", null],
  ["scripts/test", "test"],
  ["pytest $EXTRA_ARGS", "test", "pytest"],
  ["pytest $(git diff --name-only)", null],
  ["make test | tee log", null],
  ["pytest $" + "{{ matrix.args }}", null],
  ["prettier --check .", "format"],
  ["prettier --write .", null],
  ["NODE_ENV=test npx jest --ci", "test"],
  ["npx turbo run test --affected", null],
];

test.each(rows.map(([text, slot, tidy = text]) => [text, slot, tidy] as const))(
  "F6 `%s` is for the gate %p",
  (text, slot, tidy) => {
    const found = candidate(text, at);
    expect(found?.slot ?? null).toBe(slot as never);
    if (found !== null) expect(found.text).toBe(tidy);
  },
);

test.each<[string, string | null]>([
  ["test", "test"],
  ["test:unit", "test"],
  ["test_unit", "test"],
  ["unit", "test"],
  ["test:watch", null],
  ["test:types", "types"],
  ["test:browser", null],
  ["lint", "lint"],
  ["lint:fix", null],
  ["check-types", "types"],
  ["typecheck", "types"],
  ["format:check", "format"],
  ["format", null],
  ["coverage", null],
  ["build", null],
  ["clippy-full", "lint"],
])("F6 a script or target %s is for the gate %p", (name, slot) => {
  expect(slotOfName(name)?.slot ?? null).toBe(slot as never);
});
