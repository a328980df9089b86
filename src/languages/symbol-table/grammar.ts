/** What a language's grammar calls things: one table per language, read by `read-facts.ts`. */

import { fieldOf, namedChildren, type PlainNode } from "./plain-tree.ts";
import type { Arguments, Signature, SymbolKind } from "./symbol-table.ts";

/** Something a node defines. */
export interface Definition {
  name: string;
  kind: SymbolKind;
  /** The whole of it, with decorators, attributes and `export`. */
  node: PlainNode;
  /** Where its members are. */
  members?: PlainNode | null;
  /** What it belongs to, when that is not what it stands in: Go's receiver. */
  owner?: string;
  signature?: Signature | null;
  constructs?: boolean;
  instance?: boolean;
  exported?: boolean;
  isDefault?: boolean;
  overload?: boolean;
  inherits?: boolean;
  variant?: string;
  /** What it is set to. */
  value?: PlainNode | null;
  /** The values of its members are to differ. */
  enumerates?: boolean;
  /** The enumeration its value belongs to, when it is not a member of it. */
  enumeration?: string;
}

export interface SymbolGrammar {
  /** What a node defines; `owner` is the name of what it stands in, "" at the top. */
  define(node: PlainNode, text: string, owner: string): Definition[];
  /** Nodes that are looked through for definitions: conditions, `impl`. What they stand for, if new. */
  ownerWithin(node: PlainNode, text: string, owner: string): string | null;
  /** Leaves that are names. */
  names: ReadonlySet<string>;
  /** Fields of an object and its member. */
  members: Readonly<Record<string, readonly [object: string, member: string]>>;
  /** Nodes that stand for the one in this field ("" is the first named child). */
  wrappers: Readonly<Record<string, string>>;
  /** Leaves that mean the object itself. */
  self: ReadonlySet<string>;
  /** What a node calls, and with what. */
  call(node: PlainNode, text: string): { callee: PlainNode; arguments: Arguments } | null;
  /** Fields in which a node binds names inside a symbol. */
  bindings: Readonly<Record<string, readonly string[]>>;
  /** A variable and its type, where a node writes both down. */
  typedVariable(node: PlainNode, text: string): { variable: string; type: PlainNode } | null;
  /** Fields that hold no use of a name: keys, labels, names of definitions. */
  labels: Readonly<Record<string, readonly string[]>>;
  /** Nodes in which nothing is used: imports. */
  ignored: ReadonlySet<string>;
  /** Fields a node gives a new value. */
  assigns: Readonly<Record<string, string>>;
  /** More uses in a node the other tables cannot express; true when it was dealt with. */
  readSpecial?(node: PlainNode, text: string, add: (use: UnscopedReference) => void): boolean;
  /** Names handed on under another name, or none that can be seen. */
  reexports?(root: PlainNode, text: string): { aliases: Map<string, string>; openEnded: boolean };
  /** What catches the failure to import, or to find a name. */
  guardsMissingNames?(node: PlainNode, text: string): boolean;
  /** Leaves that do not count for whether two texts say the same. */
  isLayout(node: PlainNode, parent: PlainNode, text: string): boolean;
}

export interface UnscopedReference {
  path: string[];
  line: number;
  call: Arguments | null;
}

/** Text of a node; "" for none. */
export function textOf(node: PlainNode | null, text: string): string {
  return node === null ? "" : text.slice(node.start, node.end);
}

/** Arguments of a list: spreads and names by node type. */
export function argumentsIn(
  list: PlainNode | null,
  text: string,
  o: { spread?: readonly string[]; keyword?: string } = {},
): Arguments {
  const found: Arguments = { positional: 0, keywords: [], open: false };
  for (const child of list === null ? [] : namedChildren(list)) {
    if (o.spread?.includes(child.type)) found.open = true;
    else if (child.type === o.keyword) found.keywords.push(textOf(fieldOf(child, "name"), text));
    else found.positional++;
  }
  return found;
}

/** A signature of positional parameters alone. */
export function positional(
  parameters: readonly { name: string; required: boolean }[],
  rest = false,
): Signature {
  return {
    parameters: parameters.map((one) => ({ ...one, positional: true, keyword: false })),
    rest,
    keywordRest: false,
  };
}
