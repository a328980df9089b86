/** Symbol table of one file, the input of the semantic rules. Plain data; built by `read.ts`. */
import type { Import } from "../import-finder.ts";
import type { LanguageName } from "../parser.ts";

export interface Parameter {
  name: string;
  required: boolean;
  /** May be passed by position. */
  positional: boolean;
  /** May be passed by name. */
  keyword: boolean;
}

export interface Signature {
  parameters: Parameter[];
  /** Accepts any number of further positional arguments. */
  rest: boolean;
  /** Accepts any keyword argument. */
  keywordRest: boolean;
}

export type SymbolKind = "function" | "type" | "variable" | "field" | "module";

export interface FileSymbol {
  /** Qualified name, `load` or `Loader.load`; dots in every language. */
  name: string;
  kind: SymbolKind;
  /** Null when it is not callable, or its call signature is unknown (an unknown decorator). */
  signature: Signature | null;
  /** A constructor: a call of its type calls it. */
  constructs: boolean;
  /** Called on an instance of its type. */
  instance: boolean;
  exported: boolean;
  /** The default export of an ECMAScript module. */
  isDefault: boolean;
  /** May coexist with symbols of the same name: an overload, a merged declaration, a list entry. */
  overload: boolean;
  /**
   * Suffix that separates symbols of the same name (Java parameter types, TypeScript type aliases); else "".
   */
  variant: string;
  /** May have members that are not listed: from a base class, an embedded struct, a spread. */
  inherits: boolean;
  /** Its base classes and decorators are known to add no fields of their own. */
  listsFields: boolean;
  /** Declared return type as a dotted name, for a function; else "". */
  returns: string;
  /** String literals in its value, without quotes; at most 8. */
  literals: string[];
  /** Value in the enumeration `of`, a number or string literal; values of one enumeration must be unique. */
  tag: { of: string; value: string } | null;
  /** Digest of its tokens, without comments, layout and nested symbols (`token-hash.ts`). */
  hash: string;
  /** From 1, both included. */
  line: number;
  endLine: number;
  /** Line of its first attribute or decorator; `line` without one. */
  firstLine: number;
  /** First line of its body; `line` when it has none. */
  bodyLine: number;
  /** Offsets in the text. */
  start: number;
  end: number;
}

/** Reference to a dotted name: a call or any other use. */
export interface Reference {
  /** `["json", "dumps"]`, `["self", "load"]`; "?" for an expression that is not a name. */
  path: string[];
  line: number;
  /** Innermost enclosing symbol, "" at the top of the file. */
  within: string;
  /** Outermost enclosing function: the key of its locals and types; "" at the top of the file. */
  scope: string;
  /** Arguments of the call; null for any other use. */
  call: Arguments | null;
}

export interface Arguments {
  positional: number;
  keywords: string[];
  /** True when arguments are spread, so their number is unknown. */
  open: boolean;
}

export interface SymbolTable {
  path: string;
  language: LanguageName;
  symbols: FileSymbol[];
  references: Reference[];
  imports: Import[];
  /** Names bound locally (parameters, variables), by `Reference.scope`. */
  locals: ReadonlyMap<string, ReadonlySet<string>>;
  /** Declared or constructed types of variables, by `Reference.scope`, then by variable; "?" when ambiguous. */
  types: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Non-local names and members that are assigned a value. */
  reassigned: ReadonlySet<string>;
  /** Local names by exported name: `b` to `a` for `export { a as b }`. */
  aliases: ReadonlyMap<string, string>;
  /** True when the file may offer names that are not listed: a wildcard import, a dynamic definition. */
  openEnded: boolean;
  /** Name in Go's package clause; "" for other languages. */
  package: string;
  /** First and last lines of code that handles a missing name, or is compiled only under a condition. */
  guardedLines: readonly (readonly [number, number])[];
  /** Lines with syntax errors. */
  errorLines: number[];
}

/** Owner in a qualified name: `a.B` of `a.B.c`; "" without one. */
export function ownerName(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

/** Last part of a qualified name: `c` of `a.B.c`. */
export function simpleName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** True for a line in code that handles a missing name, or that is compiled only under a condition. */
export function isGuarded(
  { guardedLines }: Pick<SymbolTable, "guardedLines">,
  line: number,
): boolean {
  return guardedLines.some(([first, last]) => first <= line && line <= last);
}
