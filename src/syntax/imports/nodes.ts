/** Questions all import finders ask of a tree. */
import type { Node } from "../parser.ts";

/** Every node below a root that is of one of these types, in order. One call into the library. */
export function nodesOfType(root: Node, types: string[]): Node[] {
  return root.descendantsOfType(types).filter((node) => node !== null);
}

/** A node's named children. */
export function childrenOf(node: Node): Node[] {
  return node.namedChildren.filter((child) => child !== null);
}

/** The first named child of a type. */
export function childOfType(node: Node, type: string): Node | null {
  return childrenOf(node).find((child) => child.type === type) ?? null;
}

/** A node's line, from 1. */
export function lineOf(node: Node): number {
  return node.startPosition.row + 1;
}
