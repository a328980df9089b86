/** Mutants of `src/config`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "an agreement for one endpoint covers every endpoint",
    file: "src/config/trust.ts",
    find: "e.origin === origin && e.api_key_env === pair.apiKeyEnv",
    replace: "e.api_key_env === pair.apiKeyEnv",
    killedBy: "test/config/trust.test.ts > C16 another host is covered: false",
  },
  {
    name: "a header with an access token may be in project.toml",
    file: "src/config/providers.ts",
    find: "|^(x-)?(access|auth)[-_]token$",
    replace: "",
    killedBy:
      "src/config/providers.test.ts > C16 access-token is refused as a header and as a query parameter",
  },
  {
    name: "a query parameter with a key may be in project.toml",
    file: "src/config/providers.ts",
    find: 'secret.test(name) ? [keyProblem(at("query", name))] : []',
    replace: "[]",
    killedBy:
      'src/config/providers.test.ts > E3 the provider lines "[providers.a.query]\\nkey = \\"sk-1\\"" are rejected',
  },
  {
    name: "a proxy's credentials may be in project.toml",
    file: "src/config/providers.ts",
    find: "^(proxy-)?authorization$",
    replace: "^authorization$",
    killedBy:
      "src/config/providers.test.ts > C16 proxy-authorization is refused as a header and as a query parameter",
  },
  {
    name: "the body of a provider may replace the tools",
    file: "src/config/providers.ts",
    find: '  tools: "dgov sends its own tools",\n',
    replace: "",
    killedBy: "src/config/providers.test.ts > the request field tools is dgov's own",
  },
  {
    name: "the plan's provider takes precedence over the task's",
    file: "src/config/providers.ts",
    find: "task.provider ?? plan.defaultProvider ?? config.provider",
    replace: "plan.defaultProvider ?? task.provider ?? config.provider",
    killedBy: "src/config/providers.test.ts > E11 resolves the task's provider before the plan's",
  },
  {
    name: "the project's model is used for a provider that is not the project's",
    file: "src/config/providers.ts",
    find: "name === config.provider || config.provider === null ? config.defaultAgent : null",
    replace: "config.defaultAgent",
    killedBy:
      "src/config/providers.test.ts > E11 resolves no model of the project's provider for another one",
  },
  {
    name: "the coverage baseline may be ignored",
    file: "src/config/load.ts",
    find: "(\\.dgov|\\.sentrux|\\.coverage-baseline)",
    replace: "(\\.dgov|\\.sentrux)",
    killedBy:
      "src/config/load.test.ts > E3 \"[scope]\\nignore_files = ['.sentrux', '.coverage-baseline', '.coverage-baseline/x']\\n\" is rejected at its line",
  },
  {
    name: "a folder whose name only begins like dgov's may not be ignored",
    file: "src/config/load.ts",
    find: "\\.coverage-baseline)(\\/|$)/",
    replace: "\\.coverage-baseline)/",
    killedBy:
      "src/config/load.test.ts > E3 \"[scope]\\nignore_files = ['.dgovernor', '.sentruxes', 'a/.dgov', '.coverage-baselines']\\n\" is rejected at its line",
  },
  {
    name: "a recipe that is not exclusive makes the tests gate run alone",
    file: "src/config/gates.ts",
    find: "exclusive && (testCmd",
    replace: "(testCmd",
    killedBy:
      'src/config/gates.test.ts > A29 exclusive_gates = []: tests with test_cmd "verify:unit" runs alone: false',
  },
  {
    name: "an exclusive recipe that a command contains does not run alone",
    file: "src/config/gates.ts",
    find: " || testCmd.includes(command)",
    replace: "",
    killedBy:
      'src/config/gates.test.ts > A29 exclusive_gates = []: tests with test_cmd "( make unit ) && ( make e2e )" runs alone: true',
  },
  {
    name: "every gate runs alone with a unit's exclusive recipe",
    file: "src/config/gates.ts",
    find: 'gate !== "tests" || testCmd === null',
    replace: "testCmd === null",
    killedBy:
      'src/config/gates.test.ts > A29 exclusive_gates = []: coverage with test_cmd "verify:e2e" runs alone: false',
  },
  {
    name: "a command that reads DGOV_BASE gets no history",
    file: "src/config/gate-history.ts",
    find: "/\\{base\\}|\\bDGOV_BASE\\b/",
    replace: "/\\{base\\}/",
    killedBy:
      "src/config/gate-history.test.ts > A28 scripts/lint $DGOV_BASE with history_gates = [] asks for history: true",
  },
  {
    name: "history_gates gives history to every gate",
    file: "src/config/gate-history.ts",
    find: "historyGates.includes(gate)",
    replace: "historyGates.length > 0",
    killedBy:
      'src/config/gate-history.test.ts > A28 scripts/lint with history_gates = ["tests"] asks for history: false',
  },
  {
    name: "a gate with paths concerns every claim",
    file: "src/config/gates.ts",
    find: "claimsOf(paths).some((path) => written.some((claim) => overlaps(path, claim)))",
    replace: "claimsOf(paths).some(() => written.length > 0)",
    killedBy: "src/config/gates.test.ts > F6 a gate concerns the claims that overlap its paths",
  },
  {
    name: "a part of a gate's command runs without its folder",
    file: "src/config/gates.ts",
    find: "cd ${quoted} && ${own}",
    replace: "cd ${quoted} && ${command}",
    killedBy:
      "src/config/gates.test.ts > F6 a command with operators runs as a whole in its folder",
  },
  {
    name: "a workflow for tags is read for gates",
    file: "src/config/detect/ci.ts",
    find: 'return push["tags"] === undefined || push["branches"] !== undefined;',
    replace: "return true;",
    killedBy:
      "src/config/detect/ci.test.ts > F6 the commands of a workflow that runs for tags only are []",
  },
  {
    name: "a script that writes becomes a gate",
    file: "src/config/detect/command-kind.ts",
    find: "if (writes.test(started.rest)) return null;",
    replace: "",
    killedBy:
      "src/config/detect/command-kind.test.ts > F6 `npm run lint -- --fix` is for the gate null",
  },
  {
    name: "an agreement to send one variable to an endpoint covers every variable",
    file: "src/config/trust.ts",
    find: "e.origin === origin && e.api_key_env === pair.apiKeyEnv",
    replace: "e.origin === origin",
    killedBy: "test/config/trust.test.ts > C16 another variable is covered: false",
  },
  {
    name: "an agreement covers another port of the same host",
    file: "src/config/trust.ts",
    find: "return new URL(baseUrl).origin;",
    replace: "return new URL(baseUrl).hostname;",
    killedBy: "test/config/trust.test.ts > C16 another port is covered: false",
  },
  {
    name: "any value of DGOV_TRUST_PROVIDERS agrees to all endpoints",
    file: "src/config/trust.ts",
    find: 'env["DGOV_TRUST_PROVIDERS"] === "1"',
    replace: 'env["DGOV_TRUST_PROVIDERS"] !== undefined',
    killedBy: "test/config/trust.test.ts > C16 DGOV_TRUST_PROVIDERS= stands for all of them: false",
  },
  {
    name: "an agreement replaces the earlier ones",
    file: "src/config/trust.ts",
    find: "trusted: [...readEntries(env), entry]",
    replace: "trusted: [entry]",
    killedBy:
      "test/config/trust.test.ts > C16 to two pairs does not agree to one's variable at the other's endpoint",
  },
  {
    name: "a .dgov folder that appears during a run moves the own files of a local project",
    file: "src/config/find.ts",
    find: "  knownRoots.set(projectRoot, local);\n",
    replace: "",
    killedBy:
      "test/config/find.test.ts > F11 a project with files in both places is refused, and a folder that appears later changes nothing",
  },
] satisfies Mutant[];
