/** What a piece of code says, without how it is laid out. */
import { sha256 } from "../../std/digest.ts";
import type { SymbolGrammar } from "./grammar.ts";
import { isComment, type PlainNode } from "./plain-tree.ts";

/** A digest of a node's tokens; what is defined inside it has digests of its own and is left out. */
export function tokenHash(
  node: PlainNode,
  text: string,
  grammar: SymbolGrammar,
  inside: ReadonlySet<PlainNode>,
): string {
  const tokens: string[] = [];
  collectTokens(node, text, grammar, inside, tokens);
  return sha256(tokens.join("\n"));
}

function collectTokens(
  node: PlainNode,
  text: string,
  grammar: SymbolGrammar,
  inside: ReadonlySet<PlainNode>,
  tokens: string[],
): void {
  if (node.children.length === 0) {
    const token = text.slice(node.start, node.end);
    // How a text is quoted is layout; the quotes inside it are not.
    tokens.push(/^['"]$/.test(token) ? '"' : token);
    return;
  }
  const holds = inside.size > 0 && node.children.some((child) => inside.has(child));
  // Blocks are told by their layout in some languages: what a token is in belongs to what it says.
  tokens.push("(");
  for (const child of node.children) {
    if (inside.has(child) || isComment(child)) continue;
    if (holds && (child.type === "," || child.type === ";")) continue;
    if (grammar.isLayout(child, node, text)) continue;
    collectTokens(child, text, grammar, inside, tokens);
  }
  tokens.push(")");
}
