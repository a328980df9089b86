/**
 * A syntax tree as plain data: read once from the parser, then walked without it. Reading node by
 * node through the parser costs more than parsing does.
 */
import type { Import } from "../import-finder.ts";
import { importsIn } from "../imports.ts";
import { type LanguageName, type Node, withTree } from "../parser.ts";

export interface PlainNode {
  type: string;
  /** False for keywords and punctuation, whose type is their text. */
  named: boolean;
  /** What it is to its parent, as the grammar calls it; "" when it has no name. */
  field: string;
  start: number;
  end: number;
  /** From 1. */
  line: number;
  endLine: number;
  children: PlainNode[];
}

export interface ParsedFile {
  root: PlainNode;
  imports: Import[];
  /** Lines the grammar does not understand. "Unknown" rather than "wrong": grammars have gaps. */
  errorLines: number[];
}

/** Parses a text; null when its grammar gives up. */
export async function parsePlain(
  language: LanguageName,
  path: string,
  text: string,
): Promise<ParsedFile | null> {
  return withTree(language, text, (root) => {
    const errorLines: number[] = [];
    const plain = plainTree(root, root.hasError ? errorLines : null);
    return { root: plain, imports: importsIn(root, language, path), errorLines };
  });
}

type Cursor = ReturnType<Node["walk"]>;

function plainTree(root: Node, errorLines: number[] | null): PlainNode {
  const cursor = root.walk();
  try {
    return plainNode(cursor, errorLines);
  } finally {
    cursor.delete();
  }
}

function plainNode(cursor: Cursor, errorLines: number[] | null): PlainNode {
  const node: PlainNode = {
    type: cursor.nodeType,
    named: cursor.nodeIsNamed,
    field: cursor.currentFieldName ?? "",
    start: cursor.startIndex,
    end: cursor.endIndex,
    line: cursor.startPosition.row + 1,
    endLine: cursor.endPosition.row + 1,
    children: [],
  };
  if (errorLines !== null && (node.type === "ERROR" || cursor.nodeIsMissing)) {
    errorLines.push(node.line);
  }
  if (cursor.gotoFirstChild()) {
    do node.children.push(plainNode(cursor, errorLines));
    while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  return node;
}

/** The child with this field name. */
export function fieldOf(node: PlainNode, field: string): PlainNode | null {
  return node.children.find((child) => child.field === field) ?? null;
}

/** The first child of one of these types. */
export function childOf(node: PlainNode, ...types: string[]): PlainNode | null {
  return node.children.find((child) => types.includes(child.type)) ?? null;
}

/** Children that are neither punctuation, keywords nor comments. */
export function namedChildren(node: PlainNode): PlainNode[] {
  return node.children.filter((child) => child.named && !isComment(child));
}

/** What says nothing to the machine, in every grammar. */
export function isComment({ type }: PlainNode): boolean {
  return /^((line_|block_)?comment|line_continuation)$/.test(type);
}
