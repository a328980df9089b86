/** One file's facts, from its text and its language's grammar. */

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

/** A language whose files have a symbol table; null for every other path. */
export function supportedLanguage(path: string): LanguageName | null {
  const language = languageOf(path);
  return language !== null && symbolGrammarOf(language) !== null ? language : null;
}

/**
 * Facts of a file; null when its language has no symbol table, its grammar gives up, or it is nested
 * deeper than can be followed.
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
  const language = supportedLanguage(path);
  const grammar = language === null ? null : symbolGrammarOf(language);
  if (language === null || grammar === null) return null;
  const parsed = await parsePlain(language, path, text);
  if (parsed === null) return null;
  const { root, imports, errorLines } = parsed;
  const defined: QualifiedDefinition[] = [];
  findDefinitions(grammar, root, text, "", defined);
  const reader = new ReferenceReader(grammar, text, defined);
  reader.read(root);
  const handed = grammar.reexports?.(root, text) ?? { aliases: new Map(), openEnded: false };
  return {
    path,
    language,
    symbols: defined.map((one) => symbolOf(one, defined, grammar, text)),
    references: reader.references,
    imports,
    locals: reader.locals,
    types: reader.types,
    reassigned: reader.reassigned,
    ...handed,
    package: /^\s*package\s+(\w+)\s*(\/\/.*)?$/m.exec(language === "go" ? text : "")?.[1] ?? "",
    guardedLines: reader.guardedLines,
    errorLines,
  };
}

// ------------------------------------------------------------
// Which grammar table belongs to which language. A language without one is not judged.

const symbolGrammars: Partial<Record<LanguageName, SymbolGrammar>> = {
  python,
  typescript: ecmascript,
  tsx: ecmascript,
  javascript: ecmascript,
  rust,
  go,
  java,
};

/** The table of a language; null when it has none. */
export function symbolGrammarOf(language: LanguageName): SymbolGrammar | null {
  return symbolGrammars[language] ?? null;
}
