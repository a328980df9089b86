/**
 * Syntax trees as plain data. They are copied from the parser once with a cursor, because reading nodes
 * one by one through the WebAssembly boundary costs more than parsing.
 */
import type { Import } from "../import-finder.ts";
import { importsIn } from "../imports.ts";
import { type LanguageName, type Node, withTree } from "../parser.ts";

export interface PlainNode {
  type: string;
  /** False for keywords and punctuation; their type is their text. */
  named: boolean;
  /** Field name in its parent; "" when it has none. */
  field: string;
  /** Offsets in the text. */
  start: number;
  end: number;
  /** From 1, both included. */
  line: number;
  endLine: number;
  children: PlainNode[];
}

interface ParsedFile {
  root: PlainNode;
  imports: Import[];
  /** Lines that the grammar cannot parse. Not necessarily invalid: grammars are incomplete. */
  errorLines: number[];
}

/** Parses a text; null when it cannot be parsed. */
export async function parsePlain(
  language: LanguageName,
  path: string,
  text: string,
): Promise<ParsedFile | null> {
  return withTree(language, text, (root) => {
    const errorLines: number[] = [];
    const plain = plainTree(root, linesByOffset(text), root.hasError ? errorLines : null);
    return { root: plain, imports: importsIn(root, language, path), errorLines };
  });
}

type Cursor = ReturnType<Node["walk"]>;

/** Line of each offset of a text. Asking the parser for the position of a node costs more than its other data. */
function linesByOffset(text: string): Int32Array {
  const lines = new Int32Array(text.length + 1);
  let start = 0;
  for (let line = 1; start <= text.length; line++) {
    const end = text.indexOf("\n", start);
    const next = end < 0 ? text.length + 1 : end + 1;
    lines.fill(line, start, next);
    start = next;
  }
  return lines;
}

function plainTree(root: Node, lines: Int32Array, errorLines: number[] | null): PlainNode {
  const cursor = root.walk();
  try {
    return plainNode(cursor, lines, errorLines);
  } finally {
    cursor.delete();
  }
}

function plainNode(cursor: Cursor, lines: Int32Array, errorLines: number[] | null): PlainNode {
  const [start, end] = [cursor.startIndex, cursor.endIndex];
  const node: PlainNode = {
    type: cursor.nodeType,
    named: cursor.nodeIsNamed,
    field: cursor.currentFieldName ?? "",
    start,
    end,
    line: lines[start] ?? 1,
    endLine: lines[end] ?? 1,
    children: [],
  };
  if (errorLines !== null && (node.type === "ERROR" || cursor.nodeIsMissing)) {
    errorLines.push(node.line);
  }
  if (cursor.gotoFirstChild()) {
    do node.children.push(plainNode(cursor, lines, errorLines));
    while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  return node;
}

/** First child with this field name. */
export function fieldOf(node: PlainNode, field: string): PlainNode | null {
  return node.children.find((child) => child.field === field) ?? null;
}

/** First child of one of these types. */
export function childOf(node: PlainNode, ...types: string[]): PlainNode | null {
  return node.children.find((child) => types.includes(child.type)) ?? null;
}

/** Children without punctuation, keywords and comments. */
export function namedChildren(node: PlainNode): PlainNode[] {
  return node.children.filter((child) => child.named && !isComment(child));
}

/** True for comments and line continuations of every grammar. */
export function isComment({ type }: PlainNode): boolean {
  return /^((line_|block_)?comment|line_continuation)$/.test(type);
}
