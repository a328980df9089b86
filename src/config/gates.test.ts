import { expect, test } from "bun:test";
import type { Config } from "./config.ts";
import { asksForHistory } from "./gate-history.ts";
import { commandIn, isGateOf, isPathOf, runsAlone, wholeCommand } from "./gates.ts";
import { parseConfig } from "./load.ts";

function parsed(text: string): Config {
  const loaded = parseConfig(text, "/project");
  if (!loaded.ok) throw new Error(loaded.diagnostics.map((d) => d.message).join("; "));
  return loaded.config;
}

const recipe = { command: "make e2e", description: null, logName: null, exclusive: true };
const verify = { e2e: recipe, unit: { ...recipe, command: "make unit", exclusive: false } };

test.each([
  [[], "tests", null, false],
  [["tests"], "tests", null, true],
  [["tests"], "lint", null, false],
  [[], "tests", "verify:e2e", true],
  [[], "tests", "verify:unit", false],
  [[], "tests", "( make unit ) && ( make e2e )", true],
  [[], "coverage", "verify:e2e", false],
] as const)(
  "A29 exclusive_gates = %j: %s with test_cmd %j runs alone: %p",
  (gates, gate, testCmd, expected) => {
    const config = { exclusiveGates: [...gates], gates: [], verify };
    expect(runsAlone(config, gate, testCmd)).toBe(expected);
  },
);

const web = '[[gates]]\nname = "web"\ncommand = "npm test"\n';

test("F6 a gate is exclusive and has history by its own key or by the lists of [project]", () => {
  const own = parsed(`${web}exclusive = true\nhistory = true\n`);
  const listed = parsed(`[project]\nexclusive_gates = ["web"]\nhistory_gates = ["web"]\n${web}`);
  const neither = parsed(web);
  const seen = [own, listed, neither].map((config) => [
    runsAlone(config, "web", null),
    asksForHistory(config, "web", ["npm test"]),
    runsAlone(config, "tests", null),
  ]);
  expect(seen).toEqual([
    [true, true, false],
    [true, true, false],
    [false, false, false],
  ]);
});

test("F6 a gate has the values of its table, and defaults for the others", () => {
  const [first, second] = parsed(
    `${web}[[gates]]\nname = "api"\ncommand = "go test ./..."\nkind = "test"\npaths = ["services/api/"]\n` +
      'cwd = "./services/api/"\ntimeout_s = 60\nshares = "go"\nnetwork = "host"\nsandbox = "off"\n' +
      'sockets = ["/var/run/docker.sock"]\ndevices = ["kvm"]\n',
  ).gates;
  expect(first).toEqual({
    name: "web",
    command: "npm test",
    kind: "check",
    paths: [],
    cwd: ".",
    timeoutS: null,
    exclusive: false,
    history: false,
    shares: null,
    network: null,
    sandbox: "on",
    sockets: [],
    devices: [],
  });
  expect(second).toMatchObject({
    kind: "test",
    cwd: "services/api",
    timeoutS: 60,
    shares: "go",
    network: "host",
    sandbox: "off",
    sockets: ["/var/run/docker.sock"],
    devices: ["kvm"],
  });
});

test.each<[string, string]>([
  [`${web}${web}`, "5:1 gate-name: two gates have the name `web`"],
  [web.replace("web", "tests"), "2:1 gate-name: `tests` is the name of a gate of dgov"],
  [web.replace("web", "setup"), "2:1 gate-name: `setup` is the name of a gate of dgov"],
  [
    web.replace("web", "two words"),
    "2:1 gate-name: the gate name `two words` is not a name of at most 60 letters, digits and `-_.:@/`",
  ],
  [`${web}paths = ["a", "../b"]\n`, "4:15 gate-path: gate `web`: the path `../b` contains `..`"],
  [`${web}cwd = "/srv"\n`, "4:7 gate-path: gate `web`: `cwd` is absolute"],
  [
    `[project]\nexclusive_gates = ["wbe"]\n${web}`,
    "2:20 unknown-gate: `project.exclusive_gates` names `wbe`, which is no gate",
  ],
  [
    `[project]\nhistory_gates = ["setup"]\n`,
    "2:18 unknown-gate: `project.history_gates` names `setup`, which is no gate",
  ],
  ['[[gates]]\nname = "a"\n', "1:1 wrong-type: `gates.0.command` is missing"],
  [
    `${web}${web.replace("web", "b")}kind = "tests"\n`,
    '7:1 wrong-type: `gates.1.kind` must be "test", "lint", "format", "typecheck" or "check", not "tests"',
  ],
  [`${web}pathes = []\n`, "4:1 unknown-key: unknown key `gates.0.pathes`"],
  ['[gates]\nname = "a"\n', "1:1 wrong-type: `gates` must be a list of tables, not a table"],
])("F6 %j is rejected: %s", (text, expected) => {
  const loaded = parseConfig(text, "/project");
  const lines = loaded.ok
    ? []
    : loaded.diagnostics.map((d) => `${d.line}:${d.column} ${d.code}: ${d.message}`);
  expect(lines).toEqual([expected]);
});

test.each<[string[], string, boolean]>([
  [[], "anything", true],
  [["packages/a"], "packages/a/src/x.ts", true],
  [["packages/a/"], "packages/ab/x.ts", false],
  [["packages/*/src"], "packages/b/src/deep/x.ts", true],
  [["**/*.go", "go.mod"], "cmd/x/main.go", true],
  [["**/*.go", "go.mod"], "cmd/x/main.py", false],
  [["packages/a"], "packages/a/.gitignore", true],
])("F6 a gate with paths %j has the path %s: %p", (paths, path, expected) => {
  expect(isPathOf({ paths }, path)).toBe(expected);
});

test("F6 a gate concerns the claims that overlap its paths", () => {
  const claims = { create: [], edit: ["packages/a/src"], delete: [], touch: ["docs/"] };
  const concerned = [["packages/*"], ["packages/a/src/deep/x.ts"], ["docs"], []].map((paths) =>
    isGateOf({ paths }, claims),
  );
  expect(concerned).toEqual([true, true, true, true]);
  expect(isGateOf({ paths: ["packages/b"] }, claims)).toBe(false);
});

test("F6 a command with operators runs as a whole in its folder", () => {
  expect([
    commandIn(".", "a; b"),
    commandIn("packages/a", "npm test && npm run lint"),
    commandIn("packages/a", "a || b; c & d"),
    commandIn("a", "b # note"),
    commandIn("it's", "b"),
    commandIn("-x", "b"),
  ]).toEqual([
    "a; b",
    "cd packages/a && npm test && npm run lint",
    "cd packages/a && (a || b; c & d)",
    "cd a && (b # note\n)",
    "cd './it'\\''s' && b",
    "cd './-x' && b",
  ]);
  expect(wholeCommand({ cwd: "web", command: "eslint {files} {test_dir}" })).toBe(
    "cd web && eslint . .",
  );
});
