import { expect, test } from "bun:test";
import { asksForHistory, missingHistory } from "./gate-history.ts";

const none = { historyGates: [], gates: [] };

test.each([
  "git diff --name-only --diff-filter=d origin/main -- '*.py' | xargs -r python3 -m py_compile",
  "git describe --tags",
  "git --no-pager log -1 --format=%H",
  'test -z "$(git merge-base origin/main HEAD)"',
  "ruff check $(git diff --name-only main...HEAD)",
  "git diff --quiet HEAD~1",
  "golangci-lint run --new-from-rev=origin/main",
  "npx nx affected -t lint",
  "turbo run test --filter=...[origin/main]",
  "jest --changedSince=main",
  "npx commitlint --from origin/main",
  "python -m setuptools_scm",
])("A28 %s seems to need history", (command) => {
  expect(missingHistory(none, "lint", command)?.hint).toContain('history_gates = ["lint"]');
  expect(missingHistory({ ...none, historyGates: ["lint"] }, "lint", command)).toBeNull();
});

test.each([
  "ruff check .",
  "git diff --exit-code",
  "git ls-files '*.sh' | xargs shellcheck",
  "git grep -n TODO && exit 1 || exit 0",
  "npm run lint -- --max-warnings 0",
  "cargo test --all",
  "pytest tests/test_main.py",
  "npx eslint 'src/**/*.ts' --cache",
  "git diff --name-only {base} | xargs ruff check",
])("A28 %s needs no history, or asks for it", (command) => {
  expect(missingHistory(none, "lint", command)).toBeNull();
});

test.each([
  ["git diff {base}", [], true],
  ["scripts/lint $DGOV_BASE", [], true],
  ["scripts/lint", ["lint"], true],
  ["scripts/lint", ["tests"], false],
  ["scripts/lint DGOV_BASELINE {bases}", [], false],
] as const)("A28 %s with history_gates = %j asks for history: %p", (command, gates, expected) => {
  expect(asksForHistory({ ...none, historyGates: [...gates] }, "lint", [command])).toBe(expected);
});
