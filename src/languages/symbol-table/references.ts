/** Second pass over a file: the names it references, binds and assigns. */
import type { QualifiedDefinition } from "./definitions.ts";
import { nodeText, type SymbolGrammar, type UnscopedReference } from "./grammar.ts";
import { fieldOf, isComment, namedChildren, type PlainNode } from "./plain-tree.ts";
import type { Reference } from "./symbol-table.ts";

/** Position of the walk; `within` and `scope` are as in `Reference`. */
interface Place {
  within: string;
  scope: string;
  /** Unqualified names of the innermost symbol, which are not local to it. */
  own: readonly string[];
}

const top: Place = { within: "", scope: "", own: [] };

/** Collects the references, bindings and assignments of one file. Call `read` with the root node once. */
export class ReferenceReader {
  readonly references: Reference[] = [];
  readonly locals = new Map<string, Set<string>>();
  readonly types = new Map<string, Map<string, string>>();
  readonly guardedLines: [number, number][] = [];
  readonly #assigned: { scope: string; path: string[] }[] = [];
  readonly #grammar: SymbolGrammar;
  readonly #text: string;
  readonly #defined = new Map<PlainNode, QualifiedDefinition[]>();

  constructor(grammar: SymbolGrammar, text: string, defined: readonly QualifiedDefinition[]) {
    this.#grammar = grammar;
    this.#text = text;
    for (const one of defined) {
      const { node } = one.definition;
      this.#defined.set(node, [...(this.#defined.get(node) ?? []), one]);
    }
  }

  /** Assigned names that are not local, and assigned members. */
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
    if (grammar.guardsMissingNames?.(node, this.#text)) {
      this.guardedLines.push([node.line, node.endLine]);
    }
    if (grammar.ignored.has(node.type) || isComment(node)) return;
    const { within, scope } = place;
    const add = (use: UnscopedReference): void =>
      void this.references.push({ ...use, within, scope });
    if (grammar.readSpecial?.(node, this.#text, add)) return;
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
    let conditional = false;
    for (const child of node.children) {
      if (this.#grammar.isCondition?.(child, this.#text)) conditional = true;
      else if (conditional && child.type !== "attribute_item" && child.named) {
        if (!isComment(child)) {
          this.guardedLines.push([child.line, child.endLine]);
          conditional = false;
        }
      }
      if (child.named && !labels?.includes(child.field)) this.read(child, place);
    }
  }

  /** Dotted name of a node; a part that is not a name is "?". */
  #path(node: PlainNode): string[] {
    const { members, wrappers, names, self } = this.#grammar;
    if (self.has(node.type)) return ["self"];
    const fields = members[node.type];
    if (fields !== undefined) {
      const object = fieldOf(node, fields[0]);
      const member = nodeText(fieldOf(node, fields[1]), this.#text);
      return [...(object === null ? [] : this.#path(object)), member];
    }
    const wrapped = wrappers[node.type];
    if (wrapped !== undefined) {
      const inner = wrapped === "" ? namedChildren(node)[0] : fieldOf(node, wrapped);
      return inner == null ? ["?"] : this.#path(inner);
    }
    return names.has(node.type) ? [nodeText(node, this.#text)] : ["?"];
  }

  #bind(node: PlainNode, { scope, own }: Place): void {
    const { bindings, assigns, typedVariable } = this.#grammar;
    const fields = bindings[node.type];
    if (fields !== undefined) {
      for (const child of node.children) {
        if (!fields.includes("*") && !fields.includes(child.field)) continue;
        for (const name of this.#boundIn(child)) {
          if (!own.includes(name)) setOf(this.locals, scope).add(name);
        }
      }
    }
    const type = typedVariable(node, this.#text);
    if (type !== null) this.#note(scope, type.variable, this.#path(type.type).join("."));
    const called = this.#grammar.calledVariable?.(node, this.#text) ?? null;
    if (type === null && called !== null) {
      this.#note(scope, called.variable, `${this.#path(called.callee).join(".")}()`);
    }
    const assigned = assigns[node.type];
    if (assigned === undefined) return;
    const target = assigned === "" ? namedChildren(node)[0] : fieldOf(node, assigned);
    const path = target == null ? ["?"] : this.#path(target);
    const [first = "?"] = path;
    if (first !== "?" && !own.includes(first)) this.#assigned.push({ scope, path });
  }

  /** Names that a pattern binds. May yield too many, which only hides references. */
  *#boundIn(node: PlainNode): Generator<string> {
    if (Object.hasOwn(this.#grammar.members, node.type)) return;
    if (this.#grammar.names.has(node.type) || /^shorthand_.*pattern$/.test(node.type)) {
      yield nodeText(node, this.#text);
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
    // A variable with two types has no known type.
    known.set(variable, known.has(variable) && known.get(variable) !== type ? "?" : type);
    this.types.set(scope, known);
  }
}

function placeIn(defined: readonly QualifiedDefinition[], { scope }: Place): Place {
  const within = defined[0]?.name ?? "";
  const own = defined.map(({ definition }) => definition.name);
  const isContainer = defined.some(({ definition }) =>
    ["type", "module"].includes(definition.kind),
  );
  // Nested functions share the scope of the outermost one; types and modules have no locals.
  return { within, own, scope: scope !== "" || isContainer ? scope : within };
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
  const set = map.get(key) ?? new Set<string>();
  map.set(key, set);
  return set;
}
