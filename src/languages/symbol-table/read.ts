/**
 * Reads the symbol table of a file in two passes, definitions and references, with the grammar of its
 * language.
 */

import { ecmascriptGrammar } from "../ecmascript/grammar.ts";
import { goGrammar } from "../go/grammar.ts";
import { javaGrammar } from "../java/grammar.ts";
import { isSourceLanguage, languageOf, type SourceLanguage } from "../language.ts";
import { pythonGrammar } from "../python/grammar.ts";
import { rustGrammar } from "../rust/grammar.ts";
import { findDefinitions, type QualifiedDefinition, symbolOf } from "./definitions.ts";
import type { SymbolGrammar } from "./grammar.ts";
import { parsePlain } from "./plain-tree.ts";
import { ReferenceReader } from "./references.ts";
import type { SymbolTable } from "./symbol-table.ts";

const symbolGrammars: Readonly<Record<SourceLanguage, SymbolGrammar>> = {
  python: pythonGrammar,
  typescript: ecmascriptGrammar,
  tsx: ecmascriptGrammar,
  javascript: ecmascriptGrammar,
  rust: rustGrammar,
  go: goGrammar,
  java: javaGrammar,
};

/** True for a path in a language that symbol tables are read for. */
export function hasSymbolTable(path: string): boolean {
  return isSourceLanguage(languageOf(path));
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
  if (!isSourceLanguage(language)) return null;
  const grammar = symbolGrammars[language];
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
