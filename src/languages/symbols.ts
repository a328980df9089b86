/** What a file defines, where it uses a name, and whether it parses. */
import { languageOf } from "./language.ts";
import { type Node, withTree } from "./parser.ts";

export interface SyntaxSymbol {
  /** `function`, `class`, `method`, ... as the grammar calls the node. */
  kind: string;
  name: string;
  /** From 1. */
  line: number;
  endLine: number;
  /** 0 at the top of the file. */
  depth: number;
}

export interface NameUse {
  line: number;
  column: number;
  /** The name is being defined here. */
  definition: boolean;
}

const definitions =
  /^(function_definition|function_declaration|generator_function_declaration|function_item|class_definition|class_declaration|abstract_class_declaration|method_definition|method_declaration|constructor_declaration|interface_declaration|type_alias_declaration|type_spec|enum_declaration|enum_item|struct_item|trait_item|mod_item|record_declaration|const_item|static_item|variable_declarator)$/;

/** Definitions of a text, in order; null when its language is not known. */
export async function symbolsOf(path: string, text: string): Promise<SyntaxSymbol[] | null> {
  const language = languageOf(path);
  if (language === null) return null;
  return withTree(language, text, (root) => {
    const found: SyntaxSymbol[] = [];
    collect(root, 0, found);
    return found;
  });
}

function collect(node: Node, depth: number, found: SyntaxSymbol[]): void {
  let inner = depth;
  const name = definitions.test(node.type) ? node.childForFieldName("name") : null;
  // Variables count at the top of a file only: inside a function they are its own business.
  if (name !== null && (node.type !== "variable_declarator" || depth === 0)) {
    const kind = node.type.replace(/_(definition|declaration|item|spec|declarator)$/, "");
    found.push({
      kind,
      name: name.text,
      line: node.startPosition.row + 1,
      endLine: node.endPosition.row + 1,
      depth,
    });
    inner++;
  }
  for (const child of node.namedChildren) if (child !== null) collect(child, inner, found);
}

/** Where an identifier stands, comments and strings left out; null when the language is not known. */
export async function usesOf(path: string, text: string, name: string): Promise<NameUse[] | null> {
  const language = languageOf(path);
  if (language === null) return null;
  return withTree(language, text, (root) => {
    const uses: NameUse[] = [];
    const walk = (node: Node): void => {
      if (node.namedChildCount === 0 && node.type.includes("identifier") && node.text === name) {
        const { row, column } = node.startPosition;
        const parent = node.parent;
        const definition =
          parent !== null &&
          definitions.test(parent.type) &&
          parent.childForFieldName("name")?.startIndex === node.startIndex;
        uses.push({ line: row + 1, column: column + 1, definition });
      }
      for (const child of node.namedChildren) if (child !== null) walk(child);
    };
    walk(root);
    return uses;
  });
}

/** Lines (from 1) on which the grammar meets something it does not know; null without a grammar. */
export async function syntaxErrors(path: string, text: string): Promise<number[] | null> {
  const language = languageOf(path);
  if (language === null) return null;
  return withTree(language, text, (root) => {
    const lines: number[] = [];
    const walk = (node: Node): void => {
      if (node.isError || node.isMissing) lines.push(node.startPosition.row + 1);
      else if (node.hasError) {
        for (const child of node.children) if (child !== null) walk(child);
      }
    };
    walk(root);
    return [...new Set(lines)];
  });
}
