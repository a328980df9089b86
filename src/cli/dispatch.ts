/**
 * From a command line to an exit code.
 *
 * Finds the command, reads its line strictly (`args.ts`), lets citty make typed arguments of it, runs
 * it, and reports whatever it threw. Nothing here knows a command but the table in `root.ts`.
 */
import { isatty } from "node:tty";
import { type ArgsDef as CittyArgsDef, type CommandDef, runCommand } from "citty";
import { DgovError } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import { flagName, globalArgs, type ParsedLine, parseLine, usageError } from "./args.ts";
import type { AnyCommand, ArgsDef, CommandGroup, Context, Entry } from "./command.ts";
import { makeContext } from "./context.ts";
import { type ProcessOutput, processOutput, wantsJson } from "./output.ts";
import { errorDocument, renderError, toDgovError } from "./report-error.ts";
import { root } from "./root.ts";
import { commandUsage, groupUsage } from "./usage.ts";

type Env = Record<string, string | undefined>;

/** Runs one command line and gives the exit code. Never throws. */
export async function dispatch(argv: readonly string[], env: Env): Promise<number> {
  const output = processOutput(globalModes(argv, env));
  let code: number;
  try {
    code = await runLine(argv, env, output);
    if (output.mode === "json" && !output.answered) {
      output.answer({ schema: "dgov.done/1", exit_code: code }, "");
    }
  } catch (thrown) {
    const error = toDgovError(thrown);
    if (output.mode === "json" && !output.answered) output.answer(errorDocument(error), "");
    output.warn(renderError(error));
    code = error.exitCode;
  }
  return output.closed.aborted ? 0 : code;
}

/** Modes are looked up before anything can fail, so that even a usage error is one document. */
function globalModes(argv: readonly string[], env: Env) {
  const end = argv.indexOf("--");
  const ours = end < 0 ? argv : argv.slice(0, end);
  const json = ours.includes("--json") || ours.includes("--json=true") || wantsJson(env);
  return {
    json: json && !ours.includes("--json=false") && !ours.includes("--no-json"),
    quiet: ours.includes("--quiet"),
    color: ours.includes("--no-color") ? false : null,
    env,
  };
}

/** The words of a command line: names down to the command, and everything else in its order. */
interface Found {
  /** `["plan", "list"]`. */
  path: string[];
  target: AnyCommand | CommandGroup;
  rest: string[];
}

async function runLine(argv: readonly string[], env: Env, output: ProcessOutput): Promise<number> {
  const { globals, words } = splitLeadingGlobals(argv);
  if (words[0] === "--version" || words[0] === "-v") {
    return runLine([...globals, "version", ...words.slice(1)], env, output);
  }
  const found = await find(root, words, wantsHelp(globals));
  const rest = [...globals, ...found.rest];
  if (wantsHelp(rest)) {
    const text = await usageOf(found, output);
    const document = { schema: "dgov.help/1", command: found.path.join(" "), text };
    output.answer(document, text, { exact: true });
    return 0;
  }
  if ("subcommands" in found.target) {
    const text = await usageOf(found, output);
    const name = ["dgov", ...found.path].join(" ");
    if (output.mode === "text") output.warn(text);
    throw usageError(`${name} needs a subcommand`, `${name} --help`);
  }
  try {
    const line = parseLine(rest, found.target.args);
    checkPositionals(line, found.target);
    const context = makeContext(output, { root: textOf(line, "root"), env });
    if (found.target.converses) await output.converse();
    return await call(found.target, line, context);
  } catch (thrown) {
    throw withHelp(toDgovError(thrown), found.path);
  }
}

/** A wrong line that nothing better is known about is answered with where the right one is shown. */
function withHelp(error: DgovError, path: string[]): DgovError {
  const plain = error.code === "USAGE" && error.hint === undefined;
  return plain ? usageError(error.message, `dgov ${path.join(" ")} --help`) : error;
}

/** Global flags before the first name: only these can stand there. */
function splitLeadingGlobals(argv: readonly string[]): { globals: string[]; words: string[] } {
  const globals: string[] = [];
  const words = [...argv];
  while (words[0]?.startsWith("-") && words[0] !== "--") {
    const word = words[0];
    if (word === "-C" || word === "--root") globals.push(...words.splice(0, 2));
    else if (isGlobal(word)) globals.push(...words.splice(0, 1));
    else break;
  }
  return { globals, words };
}

function isGlobal(word: string): boolean {
  if (/^-(h|C.+)$/.test(word)) return true;
  const name = word.replace(/=.*$/s, "").replace(/^--(no-)?/, "");
  return word.startsWith("--") && Object.hasOwn(globalArgs, name);
}

/** No name at all, or a flag first, is what the group stands for alone; `--help` is about the group. */
async function find(
  group: CommandGroup,
  words: string[],
  help: boolean,
  path: string[] = [],
): Promise<Found> {
  const { globals, words: after } = splitLeadingGlobals(words);
  const [name, ...rest] = after;
  if (name === undefined || name.startsWith("-")) {
    if (group.alone !== undefined && !help && !wantsHelp([...globals, ...after])) {
      return find(group, [group.alone, ...globals, ...after], help, path);
    }
    return { path, target: group, rest: [...globals, ...after] };
  }
  const entry = Object.hasOwn(group.subcommands, name) ? group.subcommands[name] : undefined;
  if (entry === undefined) throw unknownCommand(name, group, path);
  const target = await load(entry, [...path, name]);
  if ("subcommands" in target) return find(target, [...globals, ...rest], help, [...path, name]);
  return { path: [...path, name], target, rest: [...globals, ...rest] };
}

async function load(entry: Entry, path: string[]): Promise<AnyCommand | CommandGroup> {
  if (!("load" in entry)) return entry;
  try {
    return await entry.load();
  } catch (cause) {
    throw new DgovError("INTERNAL", `cannot load the command ${path.join(" ")}`, { cause });
  }
}

function unknownCommand(name: string, group: CommandGroup, path: string[]): DgovError {
  const names = Object.entries(group.subcommands).filter(([, entry]) => entry.hidden !== true);
  const near = suggest(
    name,
    names.map(([known]) => known),
  );
  const prefix = ["dgov", ...path].join(" ");
  const hint = near === null ? `${prefix} --help` : `did you mean ${prefix} ${near}?`;
  return usageError(`unknown command ${[...path, name].join(" ")}`, hint);
}

function wantsHelp(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return (end < 0 ? words : words.slice(0, end)).some((word) => word === "--help" || word === "-h");
}

async function usageOf(found: Found, output: ProcessOutput): Promise<string> {
  const color = output.color && isatty(1);
  return "subcommands" in found.target
    ? groupUsage(found.target, found.path, color)
    : commandUsage(found.target, found.path, color);
}

function checkPositionals(line: ParsedLine, target: AnyCommand): void {
  const places = Object.entries(target.args as ArgsDef).filter(
    ([, definition]) => definition.type === "positional",
  );
  const extra = line.positionals[places.length];
  if (extra !== undefined) throw usageError(`unexpected argument "${extra}"`);
  const [missing] = places
    .slice(line.positionals.length)
    .find(([, definition]) => definition.required === true) ?? [undefined];
  if (missing !== undefined) throw usageError(`${missing.toUpperCase()} is missing`);
}

function textOf(line: ParsedLine, key: string): string | undefined {
  const value = line.flags.get(key)?.at(-1);
  return typeof value === "string" ? value : undefined;
}

/** Hands the line to citty in its plainest form, and repeated flags around it. */
async function call(target: AnyCommand, line: ParsedLine, context: Context): Promise<number> {
  const args = target.args as ArgsDef;
  const lists: Record<string, unknown> = {};
  const rawArgs: string[] = [];
  for (const [key, definition] of Object.entries(args)) {
    const values = line.flags.get(key) ?? [];
    if (definition.repeated === true || definition.words !== undefined) lists[key] = values;
    else if (values.length > 0) rawArgs.push(`--${key}=${String(values.at(-1))}`);
  }
  const leaf: CommandDef<CittyArgsDef> = {
    meta: { name: target.name, description: target.description },
    args: Object.fromEntries(Object.entries(args).filter(([key]) => !Object.hasOwn(lists, key))),
    run: ({ args: parsed }) => target.run(context, Object.assign(parsed, lists)),
  };
  const { result } = await runCommand(leaf, { rawArgs: [...rawArgs, "--", ...line.positionals] });
  if (typeof result !== "number") {
    throw new DgovError("INTERNAL", `${flagName(target.name)} gave no exit code`);
  }
  return result;
}
