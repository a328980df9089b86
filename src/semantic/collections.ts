/**
 * Entries of a list or a table that a variable holds: each side may bring in its own, so they count
 * one by one and not as one text.
 */
import { type Definition, textOf } from "./grammar.ts";
import { fieldOf, namedChildren, type PlainNode } from "./plain-tree.ts";

const collections =
  /^(object|array|dictionary|list|set|tuple|literal_value|array_expression|array_initializer)$/;
const keyed = /^(pair|keyed_element)$/;
const wrapped =
  /^(composite_literal|reference_expression|as_expression|satisfies_expression|call_expression|array_creation_expression|parenthesized_expression)$/;

/** Definitions of a value's entries; null when it is no collection. */
export function entriesOf(value: PlainNode, text: string): Definition[] | null {
  const inner = collectionIn(value, text);
  if (inner === null) return null;
  return namedChildren(inner).map((node) => {
    const key = keyed.test(node.type) ? fieldOf(node, "key") : null;
    const name = key !== null ? key : (fieldOf(node, "name") ?? node);
    const word = textOf(name, text).replace(/^(["'`])(.*)\1$/s, "$2");
    const isKey =
      key !== null || /^(shorthand_property_identifier|method_definition)$/.test(node.type);
    // The same thing may well stand in a list twice.
    return {
      name: isKey ? word : `[${word.replace(/\s+/g, "")}]`,
      kind: "field",
      node,
      overload: !isKey,
    };
  });
}

/** Whether more than what is written goes into a collection. */
export function isSpread(value: PlainNode, text: string): boolean {
  const inner = collectionIn(value, text);
  return inner !== null && namedChildren(inner).some(({ type }) => /spread|splat/.test(type));
}

/** The collection a value is, seen through what only says its type, or freezes it. */
function collectionIn(value: PlainNode, text: string): PlainNode | null {
  if (collections.test(value.type)) return value;
  if (!wrapped.test(value.type)) return null;
  if (value.type === "call_expression") {
    const frozen = /^Object\.freeze\(/.test(textOf(value, text));
    const [argument] = namedChildren(fieldOf(value, "arguments") ?? value);
    return frozen && argument !== undefined ? collectionIn(argument, text) : null;
  }
  const body = fieldOf(value, "body") ?? fieldOf(value, "value") ?? fieldOf(value, "expression");
  const child = body ?? namedChildren(value).find(({ type }) => collections.test(type));
  return child == null ? null : collectionIn(child, text);
}
