/** Printed and recorded causes when candidates of the merge train fail together, or disturb each other. */
import { expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { testProject, unit } from "../harness/project.ts";

/** A unit that writes `<key>.txt` once a file of this name exists in HOME. */
function writes(key: string, after = "") {
  const waits = `until [ -e "$HOME/${after}" ]; do sleep 0.05; done`;
  const turns = after === "" ? [] : [call("run_bash", { command: waits })];
  const write = call("write_file", { path: `${key}.txt`, content: `${key}\n` });
  return { unit: unit(key), turns: [...turns, write, done("ok")] };
}

const wait = (file: string): string => `until [ -e "$HOME/${file}" ]; do sleep 0.05; done`;

test.concurrent("A23 a unit that fails behind a bad one is re-queued and lands, and the base is not called red", async () => {
  // The gate on `a` alone ends only after the one on `b` behind it has failed in the same way.
  const gate = [
    "[ -e a.txt ] || exit 0",
    'if [ -e b.txt ]; then touch "$HOME/behind"; else touch "$HOME/started"; fi',
    `[ -e b.txt ] || ${wait("behind")}`,
    "echo broken; exit 1",
  ].join("\n");
  await using p = await testProject({
    tasks: { a: {}, b: {} },
    plan: { max_retries: 0 },
    script: { rules: [writes("a"), writes("b", "started")] },
    config: { project: { test_cmd: gate }, run: { max_gates: 2 } },
  });
  const run = await p.dgov(["run", "p"]);
  expect(await p.landed()).toEqual([unit("b")]);
  expect(run.stderr).not.toContain("base is red");
  expect(run.stderr).not.toContain(`${unit("b")}: tests failed`);
  expect(run.stderr).not.toContain(`${unit("b")}: failed`);
});

test.concurrent("A23 a change that passes alone and fails with what landed is diagnosed as a failed integration", async () => {
  const both = "[ ! -e a.txt ] || [ ! -e b.txt ] || { echo clash; exit 1; }";
  await using p = await testProject({
    tasks: { a: {}, b: {} },
    plan: { max_retries: 0 },
    script: { rules: [writes("a"), writes("b", "started")] },
    config: { project: { test_cmd: `[ ! -e a.txt ] || touch "$HOME/started"\n${both}` } },
  });
  const run = await p.dgov(["run", "p"]);
  expect(await p.landed()).toEqual([unit("a")]);
  expect(run.stderr).toContain("passes alone, fails with what landed");
  const rejected = p.events().find(({ type }) => type === "attempt.rejected");
  expect(rejected?.data["gates"]).toContainEqual(
    expect.objectContaining({ gate: "tests", blame: "integration" }),
  );
  const found = JSON.parse((await p.dgov(["diagnose", "--json"])).stdout);
  expect(JSON.stringify(found)).toContain('"integration_failed"');
});

test.concurrent("A29 units whose tests bind one port at once both land", async () => {
  const server = [
    "[ -e a.txt ] || [ -e b.txt ] || exit 0",
    'touch "$HOME/started"',
    'mkdir "$HOME/port" 2>/dev/null || { echo "port in use"; touch "$HOME/refused"; exit 1; }',
    wait("refused"),
    'rmdir "$HOME/port"',
  ].join("\n");
  await using p = await testProject({
    tasks: { a: {}, b: {} },
    plan: { max_retries: 0 },
    script: { rules: [writes("a"), writes("b", "started")] },
    config: { project: { test_cmd: server }, run: { max_gates: 2 } },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, await p.landed()]).toEqual([0, [unit("a"), unit("b")]]);
});

test.concurrent("A29 workers, setup and gates have a slot, and parallel trees have different ones", async () => {
  const slot = 'echo "$DGOV_SLOT $DGOV_PORT_BASE $COMPOSE_PROJECT_NAME"';
  const worker = (key: string) => ({
    unit: unit(key),
    turns: [
      call("run_bash", { command: `${slot} > ${key}.txt` }),
      call("run_bash", {
        command: `cp ${key}.txt "$HOME/${key}"; until [ -e "$HOME/a" ] && [ -e "$HOME/b" ]; do sleep 0.05; done`,
      }),
      done("ok"),
    ],
  });
  await using p = await testProject({
    tasks: { a: {}, b: {} },
    script: { rules: [worker("a"), worker("b")] },
    config: {
      project: { test_cmd: 'test -n "$DGOV_SLOT"', setup_cmd: 'test -n "$DGOV_PORT_BASE"' },
    },
  });
  expect((await p.dgov(["run", "p", "--json"])).exitCode).toBe(0);
  const seen = ["a.txt", "b.txt"].map((path) => p.repo.read(path).trim());
  for (const line of seen) {
    const [number = "", base] = line.split(" ");
    expect(line).toBe(`${number} ${20_000 + 16 * Number(number)} dgov-${number}`);
    expect(base).toMatch(/^\d+$/);
  }
  expect(new Set(seen).size).toBe(2);
});

test.concurrent("A31 a candidate that the semantic gate rejects starts no tests, and nothing is based on it", async () => {
  await using p = await testProject({
    files: {
      "lib.ts": "export function f(a: number) {\n  return a;\n}\n",
      "use.ts": 'import { f } from "./lib.ts";\nexport const x = f(1);\n',
    },
    tasks: { a: { files: ["lib.ts"] }, b: {} },
    plan: { max_retries: 0 },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [
            call("write_file", {
              path: "lib.ts",
              content: "export function g(a: number) {\n  return a;\n}\n",
            }),
            done("ok"),
          ],
        },
        writes("b"),
      ],
    },
    config: { project: { test_cmd: "true" } },
  });
  await p.dgov(["run", "p"]);
  expect(await p.landed()).toEqual([unit("b")]);
  const events = p.events();
  const gatesOfA = events.filter(
    ({ type, unit: of }) => type === "gate.started" && of === unit("a"),
  );
  expect(gatesOfA.map(({ data }) => data["gate"])).not.toContain("tests");
  const candidates = new Set(
    events
      .filter((e) => e.type === "candidate.built" && e.unit === unit("a"))
      .map((e) => e.data["commit"]),
  );
  const bases = events
    .filter((e) => e.type === "candidate.built" && e.unit === unit("b"))
    .map((e) => e.data["onto"]);
  expect(bases.filter((base) => candidates.has(base))).toEqual([]);
});
