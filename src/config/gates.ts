/** Gates by name: those of `[project]`, and those of `[[gates]]` with their paths. Pure. */
import { coversAny } from "../claims/cover.ts";
import { overlaps } from "../claims/overlap.ts";
import { parseClaim, parseClaims } from "../claims/path.ts";
import { snakeKey } from "../std/case.ts";
import { didYouMean, suggest } from "../std/suggest.ts";
import type { Config, GateConfig } from "./config.ts";

/** Gates that `[project]` configures commands of. */
const commandGates = ["format", "lint", "types", "tests", "coverage"] as const;

/** Names that a gate of `[[gates]]` cannot have. */
export const reservedGateNames: readonly string[] = [
  "setup",
  ...commandGates,
  "structure",
  "semantic",
];

const nameCharsMax = 60;

/** A problem of `[[gates]]`, `exclusive_gates` or `history_gates`; `value` is a text in the key's value. */
interface GateProblem {
  path: string[];
  value?: string;
  code: string;
  message: string;
  hint: string | null;
}

/** Problems of the gates that involve more than the type of one key. */
export function gateProblems(config: Config): GateProblem[] {
  const own = config.gates.map(({ name }) => name);
  const recipes = Object.keys(config.verify);
  return [
    ...config.gates.flatMap((gate, at) => [
      ...nameProblems(gate, at, { gates: own.slice(0, at), recipes }),
      ...pathProblems(gate, at),
    ]),
    ...unknownGates("exclusive_gates", config.exclusiveGates, ["setup", ...commandGates, ...own]),
    ...unknownGates("history_gates", config.historyGates, [...commandGates, ...own]),
    ...(["networkGates", "offGates"] as const).flatMap((key) =>
      unknownGates(snakeKey(key), config.sandbox[key], [...commandGates, ...own], "sandbox"),
    ),
  ];
}

function nameProblems(
  { name }: GateConfig,
  at: number,
  others: { gates: string[]; recipes: string[] },
): GateProblem[] {
  const problem = (message: string, hint: string | null = null): GateProblem[] => [
    { path: ["gates", String(at), "name"], code: "gate-name", message, hint },
  ];
  if (name.length > nameCharsMax || !/^[A-Za-z0-9][\w.:@/-]*$/.test(name)) {
    return problem(
      `the gate name \`${name}\` is not a name of at most ${nameCharsMax} letters, digits and \`-_.:@/\``,
    );
  }
  if (reservedGateNames.includes(name)) {
    return problem(`\`${name}\` is the name of a gate of dgov`, "choose another name");
  }
  if (others.gates.includes(name)) return problem(`two gates have the name \`${name}\``);
  if (others.recipes.includes(name)) {
    return problem(
      `a gate and a recipe have the name \`${name}\``,
      "dgov verify runs both by name",
    );
  }
  return [];
}

function pathProblems({ name, paths, cwd }: GateConfig, at: number): GateProblem[] {
  const problem = (key: string, value: string, message: string): GateProblem => ({
    ...{ path: ["gates", String(at), key], value, code: "gate-path", hint: null },
    message: `gate \`${name}\`: ${message}`,
  });
  const patterns = paths.flatMap((path) => {
    const parsed = parseClaim(path);
    return parsed.ok
      ? []
      : [problem("paths", path, `the path \`${path}\` ${firstPart(parsed.problem)}`)];
  });
  const folder = cwd === "." ? null : parseClaim(cwd);
  if (folder === null) return patterns;
  const reason = folder.ok ? null : folder.problem;
  return reason === null
    ? patterns
    : [...patterns, problem("cwd", cwd, `\`cwd\` ${firstPart(reason)}`)];
}

/** The problem of a claim without the advice for claims. */
function firstPart(problem: string): string {
  return problem.split(";")[0] ?? problem;
}

function unknownGates(
  key: string,
  named: readonly string[],
  known: readonly string[],
  table = "project",
): GateProblem[] {
  return named
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: [table, key],
      value: name,
      code: "unknown-gate",
      message: `\`${table}.${key}\` names \`${name}\`, which is no gate`,
      hint: didYouMean(suggest(name, [...known]), `gates: ${known.join(", ")}`),
    }));
}

/** Shell text that runs a command in a folder of the project. */
export function commandIn(folder: string, command: string): string {
  if (folder === ".") return command;
  const quoted = /^\w[\w./@+-]*$/.test(folder) ? folder : `'./${folder.replaceAll("'", "'\\''")}'`;
  // Without the folder nothing of the command may run.
  const isList = /[;|\n#]|<<|(?<!&)&(?!&)/.test(command);
  const own = isList ? `(${command}${/[\n#]/.test(command) ? "\n" : ""})` : command;
  return `cd ${quoted} && ${own}`;
}

/** Shell text of a gate for everything in its folder, not for changed files. */
export function wholeCommand({ cwd, command }: Pick<GateConfig, "cwd" | "command">): string {
  return commandIn(cwd, command.replace(/\{(files?|test_dir)\}/g, "."));
}

/** True when a gate would run after a change that these claims allow. */
export function isGateOf(
  { paths }: Pick<GateConfig, "paths">,
  claims: Readonly<Record<"create" | "edit" | "delete" | "touch", readonly string[]>>,
): boolean {
  const { create, edit, delete: deleted, touch } = claims;
  const written = parseClaims([...create, ...edit, ...deleted, ...touch]);
  return (
    paths.length === 0 ||
    claimsOf(paths).some((path) => written.some((claim) => overlaps(path, claim)))
  );
}

/** True when a path (relative to the project) is one of a gate's; every path is one of a gate without paths. */
export function isPathOf({ paths }: Pick<GateConfig, "paths">, path: string): boolean {
  // Claims of folders do not cover a .gitignore, which gates may read like any other file.
  return (
    paths.length === 0 || coversAny(claimsOf(paths), path.replace(/\.gitignore$/, "gitignore"))
  );
}

const parsedPaths = new WeakMap<readonly string[], ReturnType<typeof parseClaims>>();

function claimsOf(paths: readonly string[]): ReturnType<typeof parseClaims> {
  const known = parsedPaths.get(paths) ?? parseClaims(paths);
  parsedPaths.set(paths, known);
  return known;
}

/** Places beside their tree that the commands of a gate may reach. */
export interface GateAccess {
  /** False when the commands run outside the sandbox. */
  sandboxed: boolean;
  network: "none" | "host";
  /** Sockets and devices beside those of `[sandbox]`. */
  sockets: readonly string[];
  devices: readonly string[];
  /** Group of gates whose commands keep build outputs for one another in one tree; null for none. */
  shares: string | null;
}

/** The access of a gate's commands by its name. */
export function accessOf(config: Pick<Config, "gates" | "sandbox">, gate: string): GateAccess {
  const own = config.gates.find(({ name }) => name === gate);
  const { network, networkGates, offGates } = config.sandbox;
  return {
    sandboxed: own?.sandbox !== "off" && !offGates.includes(gate),
    network: networkGates.includes(gate) ? "host" : (own?.network ?? network),
    sockets: own?.sockets ?? [],
    devices: own?.devices ?? [],
    shares: own?.shares ?? null,
  };
}

/** True when commands of a gate run outside the sandbox, where a layered tree cannot be seen. */
export function hasOpenGates({ gates, sandbox }: Pick<Config, "gates" | "sandbox">): boolean {
  return sandbox.offGates.length > 0 || gates.some((gate) => gate.sandbox === "off");
}

/** The exceptions from the sandbox that a project makes, as text. */
export function sandboxExceptions(config: Pick<Config, "gates" | "sandbox">): string[] {
  const { network, networkGates, offGates, sockets, devices, unixSockets } = config.sandbox;
  return [
    ...(network === "host" ? ["all commands use the machine's network"] : []),
    ...sockets.map((path) => `all commands reach ${path}`),
    ...devices.map((path) => `all commands use ${path}`),
    ...(unixSockets ? ["at level landlock all sockets of the file system are reached"] : []),
    ...offGates.map((gate) => `${gate} runs outside the sandbox`),
    ...networkGates.map((gate) => `${gate} uses the machine's network`),
    ...config.gates.flatMap((gate) => [
      ...(gate.sandbox === "off" ? [`${gate.name} runs outside the sandbox`] : []),
      ...(gate.network === "host" ? [`${gate.name} uses the machine's network`] : []),
      ...gate.sockets.map((path) => `${gate.name} reaches ${path}`),
      ...gate.devices.map((path) => `${gate.name} uses ${path}`),
    ]),
  ];
}

/** The access of commands that belong to no gate: hooks, fixers, the tools of workers. */
export function commonAccess({ sandbox }: Pick<Config, "sandbox">): GateAccess {
  return { sandboxed: true, network: sandbox.network, sockets: [], devices: [], shares: null };
}

/** The access of `setup_cmd`. */
export function setupAccess(config: Pick<Config, "sandbox">): GateAccess {
  return { ...commonAccess(config), network: config.sandbox.setupNetwork };
}

/** True when a gate is exclusive, or a unit's `test_cmd` contains an exclusive recipe. */
export function runsAlone(
  config: Pick<Config, "exclusiveGates" | "gates" | "verify">,
  gate: string,
  testCmd: string | null,
): boolean {
  if (config.exclusiveGates.includes(gate)) return true;
  if (config.gates.some(({ name, exclusive }) => exclusive && name === gate)) return true;
  if (gate !== "tests" || testCmd === null) return false;
  return Object.entries(config.verify).some(
    ([name, { exclusive, command }]) =>
      exclusive && (testCmd === `verify:${name}` || testCmd.includes(command)),
  );
}
