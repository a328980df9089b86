/** Command lines of dgov in texts: hints, messages, pages and examples, checked with the command definitions. */
import { globalArgs } from "../../src/cli/args.ts";
import type { AnyCommand, ArgsDef, CommandGroup } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { argumentsOf, findFlag, readLine, wantsHelp } from "../../src/cli/line.ts";

/** A command and the words by which it is typed. */
export interface NamedCommand {
  path: string[];
  args: ArgsDef;
}

/** Every command, hidden ones included. */
export async function allCommands(): Promise<NamedCommand[]> {
  const found: NamedCommand[] = [];
  const visit = async (group: CommandGroup, path: string[]): Promise<void> => {
    for (const [name, entry] of Object.entries(group.subcommands)) {
      const target: AnyCommand | CommandGroup = "load" in entry ? await entry.load() : entry;
      const here = [...path, name];
      if ("subcommands" in target) {
        found.push({ path: here, args: await argsAlone(target) });
        await visit(target, here);
      } else found.push({ path: here, args: target.args as ArgsDef });
    }
  };
  found.push({ path: [], args: await argsAlone(commands) });
  await visit(commands, []);
  return found;
}

/** Flags of a group: those of the command that it runs alone. */
async function argsAlone({ alone, subcommands }: CommandGroup): Promise<ArgsDef> {
  const entry = alone === undefined ? undefined : subcommands[alone];
  if (entry === undefined) return {};
  const target = "load" in entry ? await entry.load() : entry;
  return "subcommands" in target ? {} : (target.args as ArgsDef);
}

/** Flags among words, as they are typed: `--allow-dirty`, `-y`. */
const flagWord = /^--?[a-z][a-z-]*/;

/** The problem with a complete command line (the words after `dgov`), or null. */
export async function lineProblem(words: readonly string[]): Promise<string | null> {
  const line = await readLine(commands, words);
  const error = line.commandError ?? line.argumentError;
  if (error !== null) return error.message;
  if (wantsHelp(line)) return null;
  if ("subcommands" in line.target) {
    return line.path.length === 0 && words.length === 0 ? null : "needs a subcommand";
  }
  try {
    argumentsOf(line, line.target);
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Words of a shell line: quotes are removed, comments and what follows `|`, `&`, `;`, `<`, `>` or `)` are cut. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  const token = /\s+|#.*$|[|;&<>)].*$|((?:"[^"]*"|'[^']*'|\\.|[^\s"'|;&<>)\\])+)/gsy;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [, word] = match;
    if (word === undefined) {
      if (/^[#|;&<>)]/.test(match[0])) break;
      continue;
    }
    words.push(word.replace(/"([^"]*)"|'([^']*)'|\\(.)/g, "$1$2$3"));
  }
  return words;
}

/** A mention of a command in a sentence: the command, and the flags up to the next mark of punctuation. */
export interface Mention {
  text: string;
  command: NamedCommand | null;
  flags: string[];
}

/**
 * The commands that a sentence names, and the flags that it names beside them. A word after `dgov` that is no command
 * is a mention only where the text begins with it or quotes it.
 */
export function mentionsIn(text: string, known: readonly NamedCommand[]): Mention[] {
  const found: Mention[] = [];
  const pattern = /(^|[^\w/.@-])dgov((?: +(?:"[^"]*"|[^\s"'`,;:()|]+))+)/gm;
  for (const match of text.matchAll(pattern)) {
    const [, before = "", rest = ""] = match;
    const words = shellWords(rest).map((word) => word.replace(/[.?!]$/, ""));
    // A placeholder, a hidden program, or the name in a shell's definition of completions.
    if (/^(?:X$|<|__|-[a-z]$)/.test(words[0] ?? "")) continue;
    const longest = known
      .filter(({ path }) => path.length > 0 || words[0]?.startsWith("-") === true)
      .filter(({ path }) => path.every((name, at) => words[at] === name))
      .toSorted((a, b) => b.path.length - a.path.length)
      .at(0);
    const command = longest ?? null;
    const flags = words.flatMap((word) => flagWord.exec(word)?.[0] ?? []);
    const quoted = before === "`" || (before === "" && match.index === 0);
    if (command === null && flags.length === 0 && !quoted) continue;
    found.push({ text: `dgov${rest}`, command, flags });
  }
  return found;
}

/** True when the command has the flag. */
export function hasFlag({ path, args }: NamedCommand, flag: string): boolean {
  const own = { ...globalArgs, ...args };
  // A group runs one of its commands when a flag comes first.
  return findFlag(flag, own) !== null || (path.length === 0 && flag === "--version");
}

/** The problems of the mentions in a text: a command that does not exist, or lacks a flag. */
export function mentionProblems(text: string, known: readonly NamedCommand[]): string[] {
  return mentionsIn(text, known).flatMap(({ text: line, command, flags }) => {
    if (command === null) return [`no such command: ${line}`];
    const missing = flags.filter((flag) => !hasFlag(command, flag));
    return missing.map((flag) => `dgov ${command.path.join(" ")} has no ${flag}: ${line}`);
  });
}

/** Programs whose flags a message may name. */
const otherPrograms =
  /\b(?:git|rg|pytest|cargo|uv|poetry|ruff|black|npx|biome|eslint|oxlint|prettier|tsc|bun|pnpm|yarn|npm|golangci-lint|vLLM)\b/;

/** Flags in a text that no mention of a command covers and that are not arguments of another program. */
export function bareFlags(text: string, known: readonly NamedCommand[]): string[] {
  const mentions = mentionsIn(text, known);
  return [...text.matchAll(/(?<![\w/-])--[a-z][a-z-]*/g)].flatMap(({ 0: flag, index }) => {
    const foreign = otherPrograms.test(text.slice(0, index));
    const covered = mentions.some(({ command }) => command !== null && hasFlag(command, flag));
    return foreign || covered ? [] : [flag];
  });
}

/** The problems of a hint that a command printed. A flag without a command is one of the command itself. */
export function hintProblems(
  hint: string,
  printedBy: readonly string[],
  known: readonly NamedCommand[],
): string[] {
  const own = mentionsIn(`dgov ${printedBy.join(" ")}`, known)[0]?.command ?? null;
  const named = mentionsIn(hint, known).flatMap(({ flags }) => flags);
  const missing = bareFlags(hint, known).filter(
    (flag) => !named.includes(flag) && (own === null || !hasFlag(own, flag)),
  );
  return [
    ...mentionProblems(hint, known),
    ...missing.map((flag) => `dgov ${own?.path.join(" ") ?? ""} has no ${flag}: ${hint}`),
  ];
}
