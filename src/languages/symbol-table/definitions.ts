/** First pass over a file: its definitions, and the symbols they make. */

import { nodeText, type SymbolDefinition, type SymbolGrammar } from "./grammar.ts";
import { fieldOf, isComment, namedChildren, type PlainNode } from "./plain-tree.ts";
import { type FileSymbol, ownerName, type SymbolKind } from "./symbol-table.ts";
import { tokenHash } from "./token-hash.ts";

/** A definition with its qualified name and the nodes of the definitions inside it. */
export interface QualifiedDefinition {
  definition: SymbolDefinition;
  name: string;
  /** Attributes and decorators before its node. */
  leading: PlainNode[];
  inside: Set<PlainNode>;
}

/**
 * Appends the definitions below `parent` to `found`, outer before inner. `owner` is the enclosing definition.
 */
export function findDefinitions(
  grammar: SymbolGrammar,
  parent: PlainNode,
  text: string,
  owner: string,
  found: QualifiedDefinition[],
): void {
  let leading: PlainNode[] = [];
  for (const child of parent.children) {
    if (isAttribute(child)) {
      leading.push(child);
      continue;
    }
    if (isComment(child)) continue;
    const attributes = leading;
    leading = [];
    const definitions = child.named ? grammar.define(child, text, owner) : [];
    for (const definition of definitions) {
      const enclosing = definition.owner ?? owner;
      const name = enclosing === "" ? definition.name : `${enclosing}.${definition.name}`;
      const first = found.length;
      const defined: QualifiedDefinition = {
        definition,
        name,
        leading: attributes,
        inside: new Set(),
      };
      found.push(defined);
      if (definition.members) findDefinitions(grammar, definition.members, text, name, found);
      const value = enclosing === "" ? (definition.value ?? null) : null;
      for (const entry of value === null ? [] : (entriesOf(value, text) ?? [])) {
        found.push({
          definition: entry,
          name: `${name}.${entry.name}`,
          leading: [],
          inside: new Set(),
        });
      }
      for (const inner of found.slice(first + 1)) {
        for (const node of [inner.definition.node, ...inner.leading]) defined.inside.add(node);
      }
    }
    if (definitions.length > 0) continue;
    const inner = child.named ? grammar.ownerWithin(child, text, owner) : null;
    if (inner !== null) findDefinitions(grammar, child, text, inner, found);
  }
}

/** True for an attribute or decorator that is a sibling of the member it belongs to. */
function isAttribute({ type }: PlainNode): boolean {
  return type === "attribute_item" || type === "decorator";
}

/** Symbol of a definition; `all` are the definitions of the file. */
export function symbolOf(
  { definition, name, leading, inside }: QualifiedDefinition,
  all: readonly QualifiedDefinition[],
  grammar: SymbolGrammar,
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
    inherits: definition.inherits ?? hasHiddenMembers(kind, value ?? null, text),
    listsFields: definition.listsFields ?? false,
    returns: kind === "function" ? returnType(node, text) : "",
    literals: value == null ? [] : literalsIn(value, text),
    tag: tagOf(definition, name, all, text),
    hash: tokenHash([...leading, node], text, grammar, inside),
    line: node.line,
    endLine: node.endLine,
    firstLine: leading[0]?.line ?? node.line,
    bodyLine: fieldOf(fieldOf(node, "definition") ?? node, "body")?.line ?? node.line,
    start: node.start,
    end: node.end,
  };
}

/** Dotted name of the type that a function returns, the first one of several; "" for another type. */
function returnType(node: PlainNode, text: string): string {
  const inner = fieldOf(node, "definition") ?? fieldOf(node, "declaration") ?? node;
  const type = fieldOf(inner, "return_type") ?? fieldOf(inner, "result") ?? fieldOf(inner, "type");
  const written = nodeText(type, text).replace(/^\(([^,()]*)[,)].*$/s, "$1");
  const name = written.trim().replace(/^(:\s*|->\s*|&(mut\s+)?|\*|")+|"$/g, "");
  return /^\w+((\.|::)\w+)*$/.test(name) ? name.replaceAll("::", ".") : "";
}

/** True for a variable with unlisted members: any value but a collection literal without spread. */
function hasHiddenMembers(kind: SymbolKind, value: PlainNode | null, text: string): boolean {
  if (kind !== "variable") return false;
  return value === null || entriesOf(value, text) === null || hasSpread(value, text);
}

/** Literals recorded per value. */
const literalsMax = 8;

function literalsIn(value: PlainNode, text: string): string[] {
  const found = nodeText(value, text).matchAll(/(["'`])((?:(?!\1)[^\\\n])+)\1/g);
  return [...found.take(literalsMax)].map((match) => match[2] ?? "");
}

/** Literal value of a member of an enumeration; null for other symbols and computed values. */
function tagOf(
  definition: SymbolDefinition,
  name: string,
  all: readonly QualifiedDefinition[],
  text: string,
): FileSymbol["tag"] {
  const value = nodeText(definition.value ?? null, text).replace(/^\((.*)\)$/s, "$1");
  if (!/^(-?\d[\w.]*|(["'])[^"']*\2)$/.test(value)) return null;
  const owner = ownerName(name);
  const of =
    definition.enumeration ??
    all.find((one) => one.name === owner && one.definition.enumerates)?.name;
  return of === undefined ? null : { of, value };
}

const collections =
  /^(object|array|dictionary|list|set|tuple|literal_value|array_expression|array_initializer)$/;
const keyed = /^(pair|keyed_element)$/;
const wrapped =
  /^(composite_literal|reference_expression|as_expression|satisfies_expression|call_expression|array_creation_expression|parenthesized_expression)$/;

/**
 * Definitions of the entries of a list or table; null for any other value. Entries are symbols of their own,
 * so that two sides of a merge may each add one.
 */
function entriesOf(value: PlainNode, text: string): SymbolDefinition[] | null {
  const inner = collectionIn(value, text);
  if (inner === null) return null;
  return namedChildren(inner).map((node) => {
    const key = keyed.test(node.type) ? fieldOf(node, "key") : null;
    const name = key !== null ? key : (fieldOf(node, "name") ?? node);
    const word = nodeText(name, text).replace(/^(["'`])(.*)\1$/s, "$2");
    const isKey =
      key !== null || /^(shorthand_property_identifier|method_definition)$/.test(node.type);
    // A list may contain the same entry twice.
    return {
      name: isKey ? word : `[${word.replace(/\s+/g, "")}]`,
      kind: "field",
      node,
      overload: !isKey,
    };
  });
}

/** True for a collection that takes further entries from a spread. */
function hasSpread(value: PlainNode, text: string): boolean {
  const inner = collectionIn(value, text);
  return inner !== null && namedChildren(inner).some(({ type }) => /spread|splat/.test(type));
}

/** Collection of a value, inside type assertions, parentheses and `Object.freeze`; null for any other value. */
function collectionIn(value: PlainNode, text: string): PlainNode | null {
  if (collections.test(value.type)) return value;
  if (!wrapped.test(value.type)) return null;
  if (value.type === "call_expression") {
    const frozen = /^Object\.freeze\(/.test(nodeText(value, text));
    const [argument] = namedChildren(fieldOf(value, "arguments") ?? value);
    return frozen && argument !== undefined ? collectionIn(argument, text) : null;
  }
  const body = fieldOf(value, "body") ?? fieldOf(value, "value") ?? fieldOf(value, "expression");
  const child = body ?? namedChildren(value).find(({ type }) => collections.test(type));
  return child == null ? null : collectionIn(child, text);
}
