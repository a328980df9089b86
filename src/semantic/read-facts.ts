/** One file's facts, from its text and its language's grammar. */
import { languageOf } from "../syntax/languages.ts";
import type { LanguageName } from "../syntax/parser.ts";
import { type Defined, findDefinitions, symbolOf } from "./definitions.ts";
import type { FileFacts } from "./facts.ts";
import { grammarOf } from "./grammars.ts";
import { parsePlain } from "./plain-tree.ts";
import { UseReader } from "./use-reader.ts";

/** A language whose files have a symbol table; null for every other path. */
export function supportedLanguage(path: string): LanguageName | null {
  const language = languageOf(path);
  return language !== null && grammarOf(language) !== null ? language : null;
}

/**
 * Facts of a file; null when its language has no symbol table, its grammar gives up, or it is nested
 * deeper than can be followed.
 */
export async function readFacts(path: string, text: string): Promise<FileFacts | null> {
  try {
    return await factsIn(path, text);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

async function factsIn(path: string, text: string): Promise<FileFacts | null> {
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
