/**
 * From a command line to an exit code: reads the line, runs its command or prints its help, and
 * reports what it throws. Nothing here knows a command but the table in `commands/`.
 */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { isatty } from "node:tty";
import { DgovError } from "../error.ts";
import { usageError } from "./args.ts";
import type { AnyCommand, Args, ArgsDef, Context } from "./command.ts";
import { commands } from "./commands/index.ts";
import { errorDocument, toDgovError } from "./error-report.ts";
import { argumentsOf, findFlag, flagText, type Line, readLine, wantsHelp } from "./line.ts";
import { type Output, type OutputOptions, processOutput, wantsJson } from "./output.ts";
import { commandUsage, groupUsage } from "./usage.ts";

type Env = Context["env"];

/** Runs one command line and gives the exit code. Never throws. */
export async function dispatch(argv: readonly string[], env: Env): Promise<number> {
  const line = await readLine(commands, argv);
  const output = processOutput(outputOptions(line, env));
  let code: number;
  try {
    code = await perform(line, output, env);
    if (output.mode === "json" && !output.answered) {
      output.answer({ schema: "dgov.done/1", exit_code: code }, "");
    }
  } catch (thrown) {
    const error = toDgovError(thrown);
    if (output.mode === "json" && !output.answered)
      output.answer(errorDocument(error, cwdOf(line)), "");
    output.log.error(error);
    code = error.exitCode;
  }
  return output.closed.aborted ? 0 : code;
}

/** The modes hold for errors of the line too: with `--json` a usage error is one document. */
function outputOptions(line: Line, env: Env): OutputOptions {
  const given = (key: string): unknown[] => line.values.get(key) ?? [];
  return {
    json: !given("json").includes(false) && (given("json").includes(true) || wantsJson(env)),
    quiet: given("quiet").at(-1) === true,
    color: given("color").at(-1) === false ? false : null,
    cwd: cwdOf(line),
    env,
  };
}

async function perform(line: Line, output: Output, env: Env): Promise<number> {
  if (line.commandError !== null) throw line.commandError;
  if (wantsHelp(line)) {
    const text = await usageOf(line, output);
    const document = { schema: "dgov.help/1", command: line.path.join(" "), text };
    output.answer(document, text, { exact: true });
    return 0;
  }
  const { target } = line;
  if ("subcommands" in target) {
    if (line.argumentError !== null) throw withHelp(line.argumentError, line.path);
    if (output.mode === "text") output.log.log(await usageOf(line, output));
    const name = ["dgov", ...line.path].join(" ");
    throw usageError(`${name} needs a subcommand`, `${name} --help`);
  }
  try {
    const args = argumentsOf(line, target);
    return await call(target, makeContext(line, output, env), args);
  } catch (thrown) {
    throw withHelp(withFlag(toDgovError(thrown), target.args as ArgsDef), line.path);
  }
}

async function call(target: AnyCommand, context: Context, args: Args<ArgsDef>): Promise<number> {
  const code: unknown = await target.run(context, args);
  if (typeof code === "number") return code;
  throw new DgovError("INTERNAL", `the command ${target.name} gave no exit code`);
}

/** The error with its alternative hint, when the command has every flag that it names. */
function withFlag(error: DgovError, args: ArgsDef): DgovError {
  const { code, message, orFlag, fullHint: hint, cause, diagnostics } = error;
  if (orFlag === undefined) return error;
  const flags = orFlag.match(/(?<=^|\s)--?[a-z][a-z-]*/g) ?? [];
  if (!flags.every((flag) => findFlag(flag, args) !== null)) return error;
  return new DgovError(code, message, { hint, cause, diagnostics });
}

/** A usage error without a hint of its own names the command's help. */
function withHelp(error: DgovError, path: readonly string[]): DgovError {
  const plain = error.code === "USAGE" && error.hint === undefined;
  return plain ? usageError(error.message, `dgov ${path.join(" ")} --help`) : error;
}

function cwdOf(line: Line): string {
  return resolve(flagText(line, "root") ?? ".");
}

/** The context for a command. Throws USAGE when `-C` names no directory. */
function makeContext(line: Line, output: Output, env: Env): Context {
  const root = flagText(line, "root");
  const cwd = cwdOf(line);
  if (root !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw usageError(`--root: no directory ${root}`);
  }
  return {
    output,
    cwd,
    env,
    commands,
    interactive: output.mode === "text" && isatty(0) && isatty(2),
  };
}

async function usageOf({ target, path }: Line, output: Output): Promise<string> {
  const color = output.color && isatty(1);
  return "subcommands" in target
    ? groupUsage(target, path, color)
    : commandUsage(target, path, color);
}
