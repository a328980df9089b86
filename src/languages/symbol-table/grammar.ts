/** Symbol grammar of a language: the node types and fields that its symbol table is read from. */

import { fieldOf, namedChildren, type PlainNode } from "./plain-tree.ts";
import type { Arguments, Signature, SymbolKind } from "./symbol-table.ts";

/** Definition that a node makes. Optional flags are as in `FileSymbol`. */
export interface SymbolDefinition {
  name: string;
  kind: SymbolKind;
  /** The whole definition, with decorators, attributes and `export`. */
  node: PlainNode;
  /** Parent node of its members. */
  members?: PlainNode | null;
  /** Name of its owner, when that is not the enclosing definition: Go's receiver type. */
  owner?: string;
  signature?: Signature | null;
  constructs?: boolean;
  instance?: boolean;
  exported?: boolean;
  isDefault?: boolean;
  overload?: boolean;
  inherits?: boolean;
  listsFields?: boolean;
  variant?: string;
  /** Initial value. */
  value?: PlainNode | null;
  /** An enumeration: the values of its members must be unique. */
  enumerates?: boolean;
  /** Enumeration that its value belongs to without being a member: the type of a Go constant. */
  enumeration?: string;
}

export interface SymbolGrammar {
  /** Definitions that a node makes; `owner` is the enclosing definition, "" at the top of the file. */
  define(node: PlainNode, text: string, owner: string): SymbolDefinition[];
  /**
   * Owner of the definitions inside a node that is searched for them (`if`, `impl`); null for any other node.
   */
  ownerWithin(node: PlainNode, text: string, owner: string): string | null;
  /** Leaf nodes that are names. */
  names: ReadonlySet<string>;
  /** Member accesses, with the fields of the object and the member. */
  members: Readonly<Record<string, readonly [object: string, member: string]>>;
  /** Nodes that are read as the child in this field ("" is the first named child). */
  wrappers: Readonly<Record<string, string>>;
  /** Leaf nodes that name the current object. */
  self: ReadonlySet<string>;
  /** Callee and arguments of a call node; null for any other node. */
  call(node: PlainNode, text: string): { callee: PlainNode; arguments: Arguments } | null;
  /** Fields in which a node binds local names; "*" is every child. */
  bindings: Readonly<Record<string, readonly string[]>>;
  /** Variable and type of a node that declares both, or constructs the value; null for any other node. */
  typedVariable(node: PlainNode, text: string): { variable: string; type: PlainNode } | null;
  /** Variable that a node gives the result of a call, and the called name; null for any other node. */
  calledVariable?(node: PlainNode, text: string): { variable: string; callee: PlainNode } | null;
  /** Fields that hold no reference: keys, labels, names of definitions. */
  labels: Readonly<Record<string, readonly string[]>>;
  /** Nodes without references: imports. */
  ignored: ReadonlySet<string>;
  /** Fields that a node assigns to ("" is the first named child). */
  assigns: Readonly<Record<string, string>>;
  /** Reports references that the other tables cannot express; true when the node needs no further walk. */
  readSpecial?(node: PlainNode, text: string, add: (use: UnscopedReference) => void): boolean;
  /** Aliases and open-endedness of the exports, as in `SymbolTable`. */
  reexports?(root: PlainNode, text: string): { aliases: Map<string, string>; openEnded: boolean };
  /** True for a node that handles a failed import or a missing name. */
  guardsMissingNames?(node: PlainNode, text: string): boolean;
  /** True for an attribute after which the next node is compiled only under a condition. */
  isCondition?(node: PlainNode, text: string): boolean;
  /** True for a node that makes no difference to the meaning: optional separators, documentation. */
  isLayout(node: PlainNode, parent: PlainNode, text: string): boolean;
}

/** A `Reference` before its enclosing symbol and scope are known. */
export interface UnscopedReference {
  path: string[];
  line: number;
  call: Arguments | null;
}

/** Text of a node; "" for null. */
export function nodeText(node: PlainNode | null, text: string): string {
  return node === null ? "" : text.slice(node.start, node.end);
}

/** True for a comma directly before a closing bracket, which has no effect in most lists. */
export function isTrailingComma(node: PlainNode, text: string): boolean {
  return node.type === "," && /^,\s*[)\]}]/.test(text.slice(node.start, node.start + 200));
}

/** Counts the arguments of a list; `spread` and `keyword` are the node types of those arguments. */
export function argumentsIn(
  list: PlainNode | null,
  text: string,
  o: { spread?: readonly string[]; keyword?: string } = {},
): Arguments {
  const found: Arguments = { positional: 0, keywords: [], open: false };
  for (const child of list === null ? [] : namedChildren(list)) {
    if (o.spread?.includes(child.type)) found.open = true;
    else if (child.type === o.keyword) found.keywords.push(nodeText(fieldOf(child, "name"), text));
    else found.positional++;
  }
  return found;
}

/** Signature of parameters that are passed by position only. */
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
