/** What the semantic rules know of one file. Plain data; `read-facts.ts` makes it. */
import type { Import } from "../import-finder.ts";
import type { LanguageName } from "../parser.ts";

export interface Parameter {
  name: string;
  required: boolean;
  /** May be given by position, by name, or both. */
  positional: boolean;
  keyword: boolean;
}

export interface Signature {
  parameters: Parameter[];
  /** Takes any number of positional arguments more. */
  rest: boolean;
  /** Takes any argument by name. */
  keywordRest: boolean;
}

export type SymbolKind = "function" | "type" | "variable" | "field" | "module";

export interface FileSymbol {
  /** `load`, `Loader.load`: with what it belongs to, whatever the language's own separator is. */
  name: string;
  kind: SymbolKind;
  /** Null when it is not called, or how it is called cannot be told (an unknown decorator). */
  signature: Signature | null;
  /** What calling it by the name of its type means, instead of by its own name. */
  constructs: boolean;
  /** Needs an instance to be called on. */
  instance: boolean;
  exported: boolean;
  isDefault: boolean;
  /** May stand beside others of its name: an overload, or one branch of a condition. */
  overload: boolean;
  /** What tells it from others of its name where a language has overloads; "" elsewhere. */
  variant: string;
  /** Members may come from elsewhere: a base class, an embedded struct. */
  inherits: boolean;
  /** Texts in its value, without quotes: names of other things, perhaps. */
  literals: string[];
  /** Its value in an enumeration, where values are to differ: a number, or a text. */
  tag: { of: string; value: string } | null;
  /** Of its tokens, without comments, layout and the symbols inside it. */
  hash: string;
  line: number;
  endLine: number;
  start: number;
  end: number;
}

/** A name, as written with dots: a call of it or any other use. */
export interface Reference {
  /** `["json", "dumps"]`, `["self", "load"]`; "?" stands for what is no name. */
  path: string[];
  line: number;
  /** The innermost symbol it stands in, "" at the top of the file. */
  within: string;
  /** The outermost function it stands in: whose variables it may mean. */
  scope: string;
  /** Null when it is not called. */
  call: Arguments | null;
}

export interface Arguments {
  positional: number;
  keywords: string[];
  /** Something is spread into them: their number is not known. */
  open: boolean;
}

export interface SymbolTable {
  path: string;
  language: LanguageName;
  symbols: FileSymbol[];
  references: Reference[];
  imports: Import[];
  /** Names bound inside a symbol (parameters, variables), by the outermost function's name; "" for others. */
  locals: ReadonlyMap<string, ReadonlySet<string>>;
  /** Types of variables whose type is written down, by outermost function, then by variable. */
  types: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Names of the file that are given a value again. */
  reassigned: ReadonlySet<string>;
  /** Names handed on under another name: `export { a as b }`. */
  aliases: ReadonlyMap<string, string>;
  /** Names may come from where they cannot be seen: a wildcard import, a dynamic definition. */
  openEnded: boolean;
  /** Go's package clause; "" elsewhere. */
  package: string;
  /** Lines, first and last, of code that goes on when a name is missing. */
  guardedLines: readonly (readonly [number, number])[];
  errorLines: number[];
}
