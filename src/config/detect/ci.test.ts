import { expect, test } from "bun:test";
import { ciCandidates } from "./ci.ts";
import { RepositoryFiles } from "./project-files.ts";

function found(files: Record<string, string>): string[] {
  const tree = new RepositoryFiles({
    files: Object.keys(files),
    read: (path) => files[path] ?? null,
  });
  return ciCandidates(tree).map(({ slot, text, folder }) => `${slot} in ${folder}: ${text}`);
}

const workflow = (text: string) => found({ ".github/workflows/ci.yml": text });

test("F6 commands of steps are read with their folders, variables and values of the matrix", () => {
  const text = `
on: [push, pull_request]
env: { CARGO: cargo }
defaults: { run: { working-directory: core } }
jobs:
  test:
    strategy:
      matrix:
        features: [minimal, full]
        include: [{ features: extra }]
    env: { FLAGS: --workspace }
    steps:
      - uses: actions/checkout@v4
      - run: \${{ env.CARGO }} test $FLAGS
      - run: make test-\${{ matrix.features }}
        working-directory: .
      - run: |
          # a comment
          cd ../web
          npm ci && npm run lint
          npm test \\
            --silent
      - run: cd docs && npm test
        working-directory: .
`;
  expect(workflow(text)).toEqual([
    "test in core: cargo test --workspace",
    "test in .: make test-full",
    "setup in web: npm ci",
    "lint in web: npm run lint",
    "test in web: npm test --silent",
    "test in docs: npm test",
  ]);
});

test.each<[string, string[], string]>([
  ["runs for pull requests", ["test in .: make test"], "on: pull_request"],
  ["runs for pushes", ["test in .: make test"], "on: { push: { branches: [main] } }"],
  ["runs for tags only", [], "on: { push: { tags: ['v*'] } }"],
  ["runs at times", [], "on: { schedule: [{ cron: '0 0 * * *' }] }"],
  ["is started by hand", [], "on: workflow_dispatch"],
])("F6 the commands of a workflow that %s are %p", (_what, commands, on) => {
  expect(workflow(`${on}\njobs: { a: { steps: [{ run: make test }] } }\n`)).toEqual(commands);
});

test.each([
  ["a condition", 'run: |\n          if [ -n "$X" ]; then make test; fi'],
  ["another shell", "run: make test\n        shell: pwsh"],
  ["a value that is not known", "run: make test-$" + "{{ steps.x.outputs.y }}"],
  ["no text", "run: 12"],
])("F6 a step with %s has no command", (_what, step) => {
  expect(workflow(`on: push\njobs:\n  a:\n    steps:\n      - ${step}\n`)).toEqual([]);
});

test("F6 a reusable workflow has the values of its callers", () => {
  const commands = found({
    ".github/workflows/ci.yml":
      "on: push\njobs:\n  a: { uses: ./.github/workflows/script.yml, with: { script: lint } }\n" +
      "  b: { uses: ./.github/workflows/script.yml, with: { script: 'test:unit' } }\n",
    ".github/workflows/script.yml":
      "on: { workflow_call: {} }\njobs: { a: { steps: [{ run: 'npm run $" +
      "{{ inputs.script }}' }] } }\n",
  });
  expect(commands).toEqual(["lint in .: npm run lint", "test in .: npm run test:unit"]);
});

test("F6 scripts of .gitlab-ci.yml are read, and a file that is no YAML has no command", () => {
  expect(
    found({
      ".gitlab-ci.yml":
        "test:\n  script:\n    - cd api\n    - go test ./...\n.hidden:\n  script: make lint\n",
      ".github/workflows/bad.yml": "on: push\njobs: [\n",
    }),
  ).toEqual(["test in api: go test ./..."]);
});
