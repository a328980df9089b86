/** One file's facts, from its text and its language's grammar. */
import { languageOf } from "../syntax/languages.ts";
import type { LanguageName } from "../syntax/parser.ts";
import { entriesOf, isSpread } from "./collections.ts";
import type { FileFacts, FileSymbol, SymbolKind, Use } from "./facts.ts";
import { type Definition, type Grammar, type SpecialUse, textOf } from "./grammar.ts";
import { grammarOf } from "./grammars.ts";
import { contentHash } from "./hash.ts";
import { fieldOf, isComment, namedChildren, type PlainNode, parsePlain } from "./plain-tree.ts";

/** A language whose files have a symbol table; null for every other path. */
export function supportedLanguage(path: string): LanguageName | null {
  const language = languageOf(path);
  return language !== null && grammarOf(language) !== null ? language : null;
}

/** Facts of a file; null when its language has no symbol table or its grammar gives up. */
export async function readFacts(path: string, text: string): Promise<FileFacts | null> {
  const language = supportedLanguage(path);
  const grammar = language === null ? null : grammarOf(language);
  if (language === null || grammar === null) return null;
  const parsed = await parsePlain(language, path, text);
  if (parsed === null) return null;
  const { root, imports, errorLines } = parsed;
  const defined: Defined[] = [];
  findDefinitions(grammar, root, text, "", defined);
  const reader = new UseReader(grammar, text, defined);
  reader.read(root);
  const handed = grammar.handedOn?.(root, text) ?? { aliases: new Map(), openEnded: false };
  return {
    path,
    language,
    symbols: defined.map((one) => symbolOf(one, defined, grammar, text)),
    uses: reader.uses,
    imports,
    locals: reader.locals,
    types: reader.types,
    reassigned: reader.reassigned,
    ...handed,
    package: /^\s*package\s+(\w+)\s*(\/\/.*)?$/m.exec(language === "go" ? text : "")?.[1] ?? "",
    guarded: reader.guarded,
    errorLines,
  };
}

/** A definition with its full name, and the nodes of what is defined inside it. */
interface Defined {
  definition: Definition;
  name: string;
  inside: Set<PlainNode>;
}

function findDefinitions(
  grammar: Grammar,
  parent: PlainNode,
  text: string,
  owner: string,
  found: Defined[],
): void {
  for (const child of parent.children) {
    const definitions = child.named ? grammar.define(child, text, owner) : [];
    for (const definition of definitions) {
      const under = definition.owner ?? owner;
      const name = under === "" ? definition.name : `${under}.${definition.name}`;
      const first = found.length;
      const defined: Defined = { definition, name, inside: new Set() };
      found.push(defined);
      if (definition.members) findDefinitions(grammar, definition.members, text, name, found);
      const value = under === "" ? (definition.value ?? null) : null;
      for (const entry of value === null ? [] : (entriesOf(value, text) ?? [])) {
        found.push({ definition: entry, name: `${name}.${entry.name}`, inside: new Set() });
      }
      for (const inner of found.slice(first + 1)) defined.inside.add(inner.definition.node);
    }
    if (definitions.length > 0) continue;
    const inner = child.named ? grammar.within(child, text, owner) : null;
    if (inner !== null) findDefinitions(grammar, child, text, inner, found);
  }
}

function symbolOf(
  { definition, name, inside }: Defined,
  all: readonly Defined[],
  grammar: Grammar,
  text: string,
): FileSymbol {
  const { node, kind, value } = definition;
  return {
    name,
    kind,
    signature: definition.signature ?? null,
    constructs: definition.constructs ?? false,
    instance: definition.instance ?? false,
    exported: definition.exported ?? true,
    isDefault: definition.isDefault ?? false,
    overload: definition.overload ?? false,
    variant: definition.variant ?? "",
    inherits: definition.inherits ?? hidesMembers(kind, value ?? null, text),
    literals: value == null ? [] : literalsIn(value, text),
    tag: tagOf({ definition, name, inside }, all, text),
    hash: contentHash(node, text, grammar, inside),
    line: node.line,
    endLine: node.endLine,
    start: node.start,
    end: node.end,
  };
}

/** A variable has members that can be seen only when it is set to a collection. */
function hidesMembers(kind: SymbolKind, value: PlainNode | null, text: string): boolean {
  if (kind !== "variable") return false;
  return value === null || entriesOf(value, text) === null || isSpread(value, text);
}

/** Texts of a value that are kept, at most. */
const literalsMax = 8;

function literalsIn(value: PlainNode, text: string): string[] {
  const found = textOf(value, text).matchAll(/(["'`])((?:(?!\1)[^\\\n])+)\1/g);
  return [...found.take(literalsMax)].map((match) => match[2] ?? "");
}

/** The value by which a member of an enumeration differs from others, when it is written down. */
function tagOf(
  { definition, name }: Defined,
  all: readonly Defined[],
  text: string,
): FileSymbol["tag"] {
  const value = textOf(definition.value ?? null, text).replace(/^\((.*)\)$/s, "$1");
  if (!/^(-?\d[\w.]*|(["'])[^"']*\2)$/.test(value)) return null;
  const owner = name.slice(0, Math.max(0, name.lastIndexOf(".")));
  const of =
    definition.enumeration ??
    all.find((one) => one.name === owner && one.definition.enumerates)?.name;
  return of === undefined ? null : { of, value };
}

/** Where a walk is: the innermost symbol, and the outermost that has variables of its own. */
interface Place {
  within: string;
  scope: string;
  /** Names the innermost symbol defines. */
  own: readonly string[];
}

const top: Place = { within: "", scope: "", own: [] };

/** Walks a file for the names it uses, binds and assigns. */
class UseReader {
  readonly uses: Use[] = [];
  readonly locals = new Map<string, Set<string>>();
  readonly types = new Map<string, Map<string, string>>();
  readonly guarded: [number, number][] = [];
  readonly #assigned: { scope: string; path: string[] }[] = [];
  readonly #grammar: Grammar;
  readonly #text: string;
  readonly #defined = new Map<PlainNode, Defined[]>();

  constructor(grammar: Grammar, text: string, defined: readonly Defined[]) {
    this.#grammar = grammar;
    this.#text = text;
    for (const one of defined) {
      const { node } = one.definition;
      this.#defined.set(node, [...(this.#defined.get(node) ?? []), one]);
    }
  }

  /** Names outside any symbol's own that are given a value again, or members that are. */
  get reassigned(): Set<string> {
    const outside = this.#assigned.filter(
      ({ scope, path: [first = "", ...rest] }) =>
        rest.length > 0 || !this.locals.get(scope)?.has(first),
    );
    return new Set(outside.map(({ path }) => path.join(".")));
  }

  read(node: PlainNode, place: Place = top): void {
    const grammar = this.#grammar;
    const defined = this.#defined.get(node);
    if (defined !== undefined && !place.own.includes(defined[0]?.definition.name ?? "")) {
      const inside = placeIn(defined, place);
      this.#bind(node, inside);
      this.#descend(node, inside);
      return;
    }
    this.#bind(node, place);
    if (grammar.guards?.(node, this.#text)) this.guarded.push([node.line, node.endLine]);
    if (grammar.skipped.has(node.type) || isComment(node)) return;
    const { within, scope } = place;
    const add = (use: SpecialUse): void => void this.uses.push({ ...use, within, scope });
    if (grammar.special?.(node, this.#text, add)) return;
    const call = grammar.call(node, this.#text);
    const line = node.line;
    if (call !== null) {
      const path = this.#path(call.callee);
      add({ path, line, call: call.arguments });
      for (const child of node.children) {
        if (child !== call.callee || path[0] === "?") this.read(child, place);
      }
      return;
    }
    const isName = Object.hasOwn(grammar.members, node.type) || grammar.names.has(node.type);
    if (isName || grammar.self.has(node.type)) {
      const path = this.#path(node);
      if (path.length > 1 || path[0] !== "?") add({ path, line, call: null });
      if (path[0] !== "?") return;
    }
    this.#descend(node, place);
  }

  #descend(node: PlainNode, place: Place): void {
    const labels = this.#grammar.labels[node.type];
    for (const child of node.children) {
      if (child.named && !labels?.includes(child.field)) this.read(child, place);
    }
  }

  /** A dotted name; what is before it and no name is "?". */
  #path(node: PlainNode): string[] {
    const { members, wrappers, names, self } = this.#grammar;
    if (self.has(node.type)) return ["self"];
    const fields = members[node.type];
    if (fields !== undefined) {
      const object = fieldOf(node, fields[0]);
      const member = textOf(fieldOf(node, fields[1]), this.#text);
      return [...(object === null ? [] : this.#path(object)), member];
    }
    const wrapped = wrappers[node.type];
    if (wrapped !== undefined) {
      const inner = wrapped === "" ? namedChildren(node)[0] : fieldOf(node, wrapped);
      return inner == null ? ["?"] : this.#path(inner);
    }
    return names.has(node.type) ? [textOf(node, this.#text)] : ["?"];
  }

  #bind(node: PlainNode, { scope, own }: Place): void {
    const { bindings, assigns, typed } = this.#grammar;
    const fields = bindings[node.type];
    if (fields !== undefined) {
      for (const child of node.children) {
        if (!fields.includes("*") && !fields.includes(child.field)) continue;
        for (const name of this.#boundIn(child)) {
          if (!own.includes(name)) setOf(this.locals, scope).add(name);
        }
      }
    }
    const type = typed(node, this.#text);
    if (type !== null) this.#note(scope, type.variable, this.#path(type.type).join("."));
    const assigned = assigns[node.type];
    if (assigned === undefined) return;
    const target = assigned === "" ? namedChildren(node)[0] : fieldOf(node, assigned);
    const path = target == null ? ["?"] : this.#path(target);
    const [first = "?"] = path;
    if (first !== "?" && !own.includes(first)) this.#assigned.push({ scope, path });
  }

  /** Names a pattern binds; more than it really does is harmless. */
  *#boundIn(node: PlainNode): Generator<string> {
    if (Object.hasOwn(this.#grammar.members, node.type)) return;
    if (this.#grammar.names.has(node.type) || /^shorthand_.*pattern$/.test(node.type)) {
      yield textOf(node, this.#text);
    }
    for (const child of node.children) {
      const isValue = /^(type|default|right|key)$/.test(child.field) || child.field === "value";
      if (!isValue || (child.field === "value" && node.type === "pair_pattern")) {
        yield* this.#boundIn(child);
      }
    }
  }

  #note(scope: string, variable: string, type: string): void {
    const known = this.types.get(scope) ?? new Map<string, string>();
    // Two types under one name are as good as none.
    known.set(variable, known.has(variable) && known.get(variable) !== type ? "?" : type);
    this.types.set(scope, known);
  }
}

function placeIn(defined: readonly Defined[], { scope }: Place): Place {
  const within = defined[0]?.name ?? "";
  const own = defined.map(({ definition }) => definition.name);
  const holds = defined.some(({ definition }) => ["type", "module"].includes(definition.kind));
  // Variables of a function in a function are looked for in the outer one's, too.
  return { within, own, scope: scope !== "" || holds ? scope : within };
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
  const set = map.get(key) ?? new Set<string>();
  map.set(key, set);
  return set;
}
