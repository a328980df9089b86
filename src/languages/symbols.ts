/** Definitions, uses of a name and syntax errors of a single text, for the tools of workers. */
import { languageOf } from "./language.ts";
import { type Node, withTree } from "./parser.ts";

interface SyntaxSymbol {
  /** `function`, `class`, `method`, ...: the node type without its suffix. */
  kind: string;
  name: string;
  /** From 1. */
  line: number;
  endLine: number;
  /** Number of enclosing definitions. */
  depth: number;
}

interface NameUse {
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** True where the name is defined. */
  definition: boolean;
}

const definitions =
  /^(function_definition|function_declaration|generator_function_declaration|function_item|class_definition|class_declaration|abstract_class_declaration|method_definition|method_declaration|constructor_declaration|interface_declaration|type_alias_declaration|type_spec|enum_declaration|enum_item|struct_item|trait_item|mod_item|record_declaration|const_item|static_item|variable_declarator)$/;

/** Definitions of a text, in source order; null when it has no grammar or cannot be parsed. */
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
  // Variables count at the top of a file only, not inside functions.
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

/**
 * Occurrences of an identifier outside comments and strings; null when the text has no grammar or cannot be
 * parsed.
 */
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

/** Lines (from 1) with syntax errors; null when the text has no grammar or cannot be parsed. */
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
