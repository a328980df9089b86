/**
 * What could stand at the end of a command line: names, flags, or a value of an argument. Pure but
 * for loading the command the line names. Every shell asks this one function.
 */
import { aliasesOf, flagName, globalArgs } from "../args.ts";
import type { AnyCommand, ArgDef, ArgsDef, CommandGroup, Entry } from "../command.ts";

/** One way to go on. */
export interface Candidate {
  /** The whole word. */
  word: string;
  /** A few words for shells that show them; "" for none. */
  about: string;
}

/** What is missing at the end of the line. */
export type Wanted =
  | { kind: "words"; candidates: Candidate[] }
  /** A value of an argument; `before` stands before it in the same word (`--graph=`). */
  | {
      kind: "value";
      path: string[];
      key: string;
      definition: ArgDef;
      before: string;
      typed: string;
    };

/** A line as far as it is typed. */
export interface Line {
  /** Values of arguments so far, by their names in the definition. */
  values: Map<string, string[]>;
  wanted: Wanted;
}

/** Reads the words after `dgov`, the last of which is being typed (and may be empty). */
export async function readPartial(root: CommandGroup, words: readonly string[]): Promise<Line> {
  const typed = words.at(-1) ?? "";
  const rest = words.slice(0, -1);
  const values = new Map<string, string[]>();
  const path: string[] = [];
  let target: AnyCommand | CommandGroup = root;
  while ("subcommands" in target) {
    const place = takeGlobals(rest, values);
    if (place !== null) return { values, wanted: globalValue(place, typed) };
    const name = rest.shift();
    if (name === undefined) return { values, wanted: namesIn(target, path, typed) };
    const entry: Entry | undefined = Object.hasOwn(target.subcommands, name)
      ? target.subcommands[name]
      : undefined;
    if (entry === undefined) return { values, wanted: { kind: "words", candidates: [] } };
    path.push(name);
    target = "load" in entry ? await entry.load() : entry;
  }
  if (path[0] === "help") return helpLine(root, rest, typed);
  return readArguments({ path, args: target.args as ArgsDef }, rest, typed, values);
}

/** Global flags before a name; gives the one that still lacks its value. */
function takeGlobals(rest: string[], values: Map<string, string[]>): "root" | null {
  while (rest[0]?.startsWith("-")) {
    const word = rest.shift() ?? "";
    if (word === "-C" || word === "--root") {
      const value = rest.shift();
      if (value === undefined) return "root";
      values.set("root", [value]);
    } else if (word.startsWith("--root=")) values.set("root", [word.slice("--root=".length)]);
  }
  return null;
}

function globalValue(key: "root", typed: string): Wanted {
  return { kind: "value", path: [], key, definition: globalArgs[key], before: "", typed };
}

function namesIn(group: CommandGroup, path: readonly string[], typed: string): Wanted {
  if (typed.startsWith("-")) {
    return { kind: "words", candidates: flags(globalArgs, new Map()).filter(begins(typed)) };
  }
  const names = Object.entries(group.subcommands)
    .filter(([, entry]) => entry.hidden !== true)
    .map(([word, { description: about }]) => ({ word, about }));
  const topics = path[0] === "help" && path.length === 1 ? helpTopics : [];
  return { kind: "words", candidates: [...names, ...topics].filter(begins(typed)) };
}

const helpTopics: Candidate[] = [
  { word: "exit-codes", about: "What each exit code means" },
  { word: "environment", about: "Variables dgov looks at" },
];

/** `dgov help` takes what could stand after `dgov`. */
async function helpLine(root: CommandGroup, rest: readonly string[], typed: string): Promise<Line> {
  let group = root;
  for (const name of rest) {
    const entry = Object.hasOwn(group.subcommands, name) ? group.subcommands[name] : undefined;
    const target = entry !== undefined && "load" in entry ? await entry.load() : entry;
    if (target === undefined || !("subcommands" in target)) {
      return { values: new Map(), wanted: { kind: "words", candidates: [] } };
    }
    group = target;
  }
  const wanted = namesIn(group, rest.length === 0 ? ["help"] : [], typed);
  return { values: new Map(), wanted };
}

interface Leaf {
  path: string[];
  args: ArgsDef;
}

/** The arguments of a command: which have been given, and which one is being typed. */
function readArguments(
  leaf: Leaf,
  rest: string[],
  typed: string,
  values: Map<string, string[]>,
): Line {
  const known: ArgsDef = { ...globalArgs, ...leaf.args };
  const positionals = Object.entries(leaf.args).filter(([, arg]) => arg.type === "positional");
  const value = (key: string, definition: ArgDef, before: string, text: string): Line => ({
    values,
    wanted: { kind: "value", path: leaf.path, key, definition, before, typed: text },
  });
  const give = (key: string, text: string): void => {
    values.set(key, [...(values.get(key) ?? []), text]);
  };
  let at = 0;
  let literal = false;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (literal || !word.startsWith("-") || word === "-") {
      const [key] = positionals[at++] ?? [];
      if (key !== undefined) give(key, word);
      continue;
    }
    if (word === "--") {
      literal = true;
      continue;
    }
    const [name = "", given] = split(word);
    const key = keyOf(name, known);
    const definition = key === null ? undefined : known[key];
    if (key === null || definition === undefined) continue;
    if (definition.type === "boolean" || definition.bare !== undefined || given !== undefined) {
      give(key, given ?? "");
      continue;
    }
    for (let n = definition.words ?? 1; n > 0; n--) {
      const next = rest.shift();
      // Only the first of several words is a name of something.
      if (next === undefined) {
        const first = n === (definition.words ?? 1);
        return first
          ? value(key, definition, "", typed)
          : { values, wanted: { kind: "words", candidates: [] } };
      }
      give(key, next);
    }
  }
  if (!literal && typed.startsWith("--") && typed.includes("=")) {
    const [name = "", given = ""] = split(typed);
    const key = keyOf(name, known);
    const definition = key === null ? undefined : known[key];
    if (key === null || definition === undefined || definition.type === "boolean") {
      return { values, wanted: { kind: "words", candidates: [] } };
    }
    return value(key, definition, `${name}=`, given);
  }
  const own = flags(known, values).filter(begins(typed));
  if (!literal && typed.startsWith("-"))
    return { values, wanted: { kind: "words", candidates: own } };
  const [key, definition] = positionals[at] ?? [];
  if (key !== undefined && definition !== undefined) return value(key, definition, "", typed);
  return { values, wanted: { kind: "words", candidates: literal ? [] : own } };
}

/** `--graph=tree` is `--graph` and `tree`. */
function split(word: string): [string, string?] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

function keyOf(typed: string, known: ArgsDef): string | null {
  const found = Object.entries(known).find(
    ([key, arg]) =>
      arg.type !== "positional" &&
      (typed === `--${flagName(key)}` ||
        typed === `--${key}` ||
        aliasesOf(arg).some((letter) => typed === `-${letter}`)),
  );
  return found?.[0] ?? null;
}

/** Flags that may still be given, as they are typed. */
function flags(known: ArgsDef, values: ReadonlyMap<string, string[]>): Candidate[] {
  return Object.entries(known).flatMap(([key, arg]) => {
    const again = arg.repeated === true || arg.words !== undefined;
    if (arg.type === "positional" || (values.has(key) && !again)) return [];
    const name = key === "color" ? "no-color" : flagName(key);
    return [{ word: `--${name}`, about: arg.description ?? "" }];
  });
}

function begins(typed: string): (candidate: Candidate) => boolean {
  return ({ word }) => word.startsWith(typed);
}
