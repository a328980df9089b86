/**
 * Overlap of claims: a path that both cover exists. The answer is exact and computed from the patterns
 * alone, in case-folded NFC form, since names that differ only in case are one file on some machines.
 *
 * A claim covers everything below the paths it matches. Two claims that agree up to the point where one of them
 * ends or has `**` therefore overlap: the rest of the other one is below that point.
 */
import type { Claim, Segment } from "./path.ts";
import { fold, literalTokens, meet, type Token, tokenize } from "./pattern.ts";

/** True when both claims cover a common path. */
export function overlaps(a: Claim, b: Claim): boolean {
  return a.readings.some((x) => b.readings.some((y) => readingsOverlap(x, y)));
}

function readingsOverlap(a: readonly Segment[], b: readonly Segment[]): boolean {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a[i];
    const y = b[i];
    if (x === undefined || y === undefined) break;
    if (x.kind === "globstar" || y.kind === "globstar") return true;
    if (!segmentsMeet(x, y)) return false;
  }
  return true;
}

type Concrete = Exclude<Segment, { kind: "globstar" }>;

function segmentsMeet(a: Concrete, b: Concrete): boolean {
  if (a.kind === "name" && b.kind === "name") return fold(a.text) === fold(b.text);
  if (meet(tokensOf(a), tokensOf(b), "folded")) return true;
  const composed = [a, b].every((segment) => segment.text === segment.text.normalize("NFC"));
  return !composed && meet(composedTokens(a), composedTokens(b), "folded");
}

function tokensOf(segment: Concrete): Token[] {
  return segment.kind === "name" ? literalTokens(segment.text) : segment.tokens;
}

/** Tokens of the NFC form, where an accented letter is one character. */
function composedTokens(segment: Concrete): Token[] {
  const text = segment.text.normalize("NFC");
  if (segment.kind === "name") return literalTokens(text);
  const brackets = segment.tokens.some((token) => token.kind === "set");
  return tokenize(text, { brackets });
}

/** Owners of claims with the same extent: equal claims, or claims that differ only after `**`. */
export interface ClaimGroup<Owner> {
  /** The claim of the first owner. */
  claim: Claim;
  owners: Owner[];
}

/**
 * Index of claims by segment: a tree in which a plain name is one look-up. The cost of a query grows with its
 * result, not with the number of claims.
 */
export interface ClaimIndex<Owner> {
  add(claim: Claim, owner: Owner): void;
  /** Every claim with its owners, in the order first added. */
  groups(): ClaimGroup<Owner>[];
  /** The groups that overlap a claim. */
  overlapping(claim: Claim): Set<ClaimGroup<Owner>>;
}

interface Node<Owner> {
  /** Claims that end here or continue with `**`; they overlap every claim that reaches this node. */
  here: Set<ClaimGroup<Owner>>;
  names: Map<string, Node<Owner>>;
  patterns: Map<string, { segment: Concrete; node: Node<Owner> }>;
}

/** An empty index. */
export function claimIndex<Owner>(): ClaimIndex<Owner> {
  const root = newNode<Owner>();
  const groups = new Map<string, ClaimGroup<Owner>>();
  return {
    add(claim, owner) {
      const key = extentOf(claim);
      let group = groups.get(key);
      if (group === undefined) {
        group = { claim, owners: [] };
        groups.set(key, group);
        for (const reading of claim.readings) insert(root, reading, group);
      }
      group.owners.push(owner);
    },
    groups: () => [...groups.values()],
    overlapping(claim) {
      const found = new Set<ClaimGroup<Owner>>();
      for (const reading of claim.readings) search(root, reading, 0, found);
      return found;
    },
  };
}

/** A key that is equal for claims with the same extent; segments after `**` are ignored. */
function extentOf(claim: Claim): string {
  if (!claim.glob) return fold(claim.text);
  const extents = claim.readings.map((reading) => {
    const end = reading.findIndex(({ kind }) => kind === "globstar");
    const parts = (end < 0 ? reading : reading.slice(0, end)).map((segment) =>
      segment.kind === "name" ? fold(segment.text) : segment,
    );
    return JSON.stringify(parts);
  });
  return extents.join("\n");
}

function newNode<Owner>(): Node<Owner> {
  return { here: new Set(), names: new Map(), patterns: new Map() };
}

function insert<Owner>(root: Node<Owner>, reading: Segment[], group: ClaimGroup<Owner>): void {
  let node = root;
  for (const segment of reading) {
    if (segment.kind === "globstar") break;
    node = childOf(node, segment);
  }
  node.here.add(group);
}

function childOf<Owner>(node: Node<Owner>, segment: Concrete): Node<Owner> {
  if (segment.kind === "name") {
    const key = fold(segment.text);
    const child = node.names.get(key) ?? newNode<Owner>();
    node.names.set(key, child);
    return child;
  }
  const key = JSON.stringify(segment.tokens);
  const edge = node.patterns.get(key) ?? { segment, node: newNode<Owner>() };
  node.patterns.set(key, edge);
  return edge.node;
}

function search<Owner>(
  node: Node<Owner>,
  reading: readonly Segment[],
  depth: number,
  found: Set<ClaimGroup<Owner>>,
): void {
  const segment = reading[depth];
  if (segment === undefined || segment.kind === "globstar") {
    collect(node, found);
    return;
  }
  for (const group of node.here) found.add(group);
  if (segment.kind === "name") {
    const child = node.names.get(fold(segment.text));
    if (child !== undefined) search(child, reading, depth + 1, found);
  } else {
    for (const [text, child] of node.names) {
      if (segmentsMeet(segment, { kind: "name", text })) search(child, reading, depth + 1, found);
    }
  }
  for (const edge of node.patterns.values()) {
    if (segmentsMeet(segment, edge.segment)) search(edge.node, reading, depth + 1, found);
  }
}

function collect<Owner>(top: Node<Owner>, found: Set<ClaimGroup<Owner>>): void {
  const open = [top];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const group of node.here) found.add(group);
    open.push(...node.names.values());
    for (const edge of node.patterns.values()) open.push(edge.node);
  }
}
