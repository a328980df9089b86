/** Digests of code that ignore layout and comments. */
import { sha256 } from "../../std/digest.ts";
import type { SymbolGrammar } from "./grammar.ts";
import { isComment, type PlainNode } from "./plain-tree.ts";

/** Digest of the tokens of nodes, without the nodes of `inside`: nested definitions have digests of their own. */
export function tokenHash(
  nodes: readonly PlainNode[],
  text: string,
  grammar: SymbolGrammar,
  inside: ReadonlySet<PlainNode>,
): string {
  const tokens: string[] = [];
  for (const node of nodes) collectTokens(node, text, grammar, inside, tokens);
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
    // The quote character of a string counts as layout.
    tokens.push(/^['"]$/.test(token) ? '"' : token);
    return;
  }
  const hasExcluded = inside.size > 0 && node.children.some((child) => inside.has(child));
  // Parentheses record the nesting, which indentation alone expresses in some languages.
  tokens.push("(");
  for (const child of node.children) {
    if (inside.has(child) || isComment(child)) continue;
    // Separators between excluded entries would record their number.
    if (hasExcluded && (child.type === "," || child.type === ";")) continue;
    if (grammar.isLayout(child, node, text)) continue;
    collectTokens(child, text, grammar, inside, tokens);
  }
  tokens.push(")");
}
