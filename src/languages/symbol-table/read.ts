/** Reads the symbol table of a file, with the symbol grammar of its language. */

import { ecmascript } from "../ecmascript/grammar.ts";
import { go } from "../go/grammar.ts";
import { java } from "../java/grammar.ts";
import { languageOf } from "../language.ts";
import type { LanguageName } from "../parser.ts";
import { python } from "../python/grammar.ts";
import { rust } from "../rust/grammar.ts";
import { findDefinitions, type QualifiedDefinition, symbolOf } from "./definitions.ts";
import type { SymbolGrammar } from "./grammar.ts";
import { parsePlain } from "./plain-tree.ts";
import { ReferenceReader } from "./references.ts";
import type { SymbolTable } from "./symbol-table.ts";

const symbolGrammars: Partial<Record<LanguageName, SymbolGrammar>> = {
  python,
  typescript: ecmascript,
  tsx: ecmascript,
  javascript: ecmascript,
  rust,
  go,
  java,
};

/** True for a path in a language that has a symbol grammar. */
export function hasSymbolTable(path: string): boolean {
  const language = languageOf(path);
  return language !== null && symbolGrammars[language] !== undefined;
}

/**
 * Symbol table of a text; null when its language has none, it cannot be parsed, or its nesting overflows
 * the stack.
 */
export async function readSymbolTable(path: string, text: string): Promise<SymbolTable | null> {
  try {
    return await symbolTableOf(path, text);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

async function symbolTableOf(path: string, text: string): Promise<SymbolTable | null> {
  const language = languageOf(path);
  const grammar = language === null ? undefined : symbolGrammars[language];
  if (language === null || grammar === undefined) return null;
  const parsed = await parsePlain(language, path, text);
  if (parsed === null) return null;
  const { root, imports, errorLines } = parsed;
  const defined: QualifiedDefinition[] = [];
  findDefinitions(grammar, root, text, "", defined);
  const reader = new ReferenceReader(grammar, text, defined);
  reader.read(root);
  const exports = grammar.reexports?.(root, text) ?? { aliases: new Map(), openEnded: false };
  return {
    path,
    language,
    symbols: defined.map((one) => symbolOf(one, defined, grammar, text)),
    references: reader.references,
    imports,
    locals: reader.locals,
    types: reader.types,
    reassigned: reader.reassigned,
    ...exports,
    package: /^\s*package\s+(\w+)\s*(\/\/.*)?$/m.exec(language === "go" ? text : "")?.[1] ?? "",
    guardedLines: reader.guardedLines,
    errorLines,
  };
}
