/** Symbol grammar of Rust. Arguments of macros are read token by token. */

import {
  argumentsIn,
  isTrailingComma,
  nodeText,
  positional,
  type SymbolDefinition,
  type SymbolGrammar,
  type UnscopedReference,
} from "../symbol-table/grammar.ts";
import { childOf, fieldOf, namedChildren, type PlainNode } from "../symbol-table/plain-tree.ts";
import type { Arguments, Signature } from "../symbol-table/symbol-table.ts";

const definitionKinds: Readonly<Record<string, "type" | "variable" | "field">> = {
  struct_item: "type",
  enum_item: "type",
  union_item: "type",
  trait_item: "type",
  type_item: "type",
  associated_type: "type",
  const_item: "variable",
  static_item: "variable",
  macro_definition: "variable",
  field_declaration: "field",
  enum_variant: "field",
};

export const rustGrammar: SymbolGrammar = {
  define(node, text, owner) {
    const name = nodeText(fieldOf(node, "name"), text);
    const exported = childOf(node, "visibility_modifier") !== null;
    if (node.type === "function_item" || node.type === "function_signature_item") {
      return [defineFunction(node, name, text, exported)];
    }
    if (node.type === "mod_item" && fieldOf(node, "body") !== null) {
      return [{ name, kind: "module", node, members: fieldOf(node, "body"), exported }];
    }
    const kind = definitionKinds[node.type];
    if (kind === undefined) return [];
    return [
      {
        name: node.type === "macro_definition" ? `${name}!` : name,
        kind: kind === "variable" && owner !== "" ? "field" : kind,
        node,
        members: kind === "type" ? fieldOf(node, "body") : null,
        signature: fieldsSignature(node, text),
        exported,
        inherits: node.type === "type_item",
        value: fieldOf(node, "value"),
        enumerates: node.type === "enum_item",
      },
    ];
  },
  ownerWithin(node, text, owner) {
    if (node.type !== "impl_item") return node.type === "declaration_list" ? owner : null;
    const type =
      /^[\w:&\s']*?(\w+)\s*(<|$)/.exec(nodeText(fieldOf(node, "type"), text))?.[1] ?? "?";
    const trait = fieldOf(node, "trait");
    const own = trait === null ? type : `${type}<${nodeText(trait, text)}>`;
    return owner === "" ? own : `${owner}.${own}`;
  },
  names: new Set(["identifier", "type_identifier", "crate", "super"]),
  members: {
    field_expression: ["value", "field"],
    scoped_identifier: ["path", "name"],
    scoped_type_identifier: ["path", "name"],
  },
  wrappers: {
    generic_type: "type",
    generic_function: "function",
    reference_type: "type",
    parenthesized_expression: "",
    bracketed_type: "",
    reference_expression: "value",
  },
  self: new Set(["self"]),
  call(node, text) {
    if (node.type === "struct_expression") {
      const callee = fieldOf(node, "name");
      return callee === null ? null : { callee, arguments: fieldsGiven(node, text) };
    }
    const callee = node.type === "call_expression" ? fieldOf(node, "function") : null;
    if (callee === null) return null;
    return {
      callee,
      arguments: argumentsIn(fieldOf(node, "arguments"), text, { spread: ["ERROR"] }),
    };
  },
  bindings: {
    parameter: ["pattern"],
    closure_parameters: ["*"],
    let_declaration: ["pattern"],
    let_condition: ["pattern"],
    for_expression: ["pattern"],
    match_arm: ["pattern"],
    type_parameter: ["name"],
    const_parameter: ["name"],
    function_item: ["name"],
    const_item: ["name"],
    static_item: ["name"],
    struct_item: ["name"],
    enum_item: ["name"],
    union_item: ["name"],
    trait_item: ["name"],
    type_item: ["name"],
  },
  calledVariable(node, text) {
    const name = node.type === "let_declaration" ? fieldOf(node, "pattern") : null;
    const value = fieldOf(node, "value");
    const callee = value?.type === "call_expression" ? fieldOf(value, "function") : null;
    return name?.type === "identifier" && callee !== null
      ? { variable: nodeText(name, text), callee }
      : null;
  },
  typedVariable(node, text) {
    if (!/^(parameter|let_declaration|field_declaration)$/.test(node.type)) return null;
    const pattern = fieldOf(node, "pattern") ?? fieldOf(node, "name");
    if (pattern === null || !/identifier$/.test(pattern.type)) return null;
    const value = fieldOf(node, "value");
    const type = fieldOf(node, "type") ?? (value === null ? null : constructedType(value));
    return type === null ? null : { variable: nodeText(pattern, text), type };
  },
  labels: {
    function_item: ["name"],
    function_signature_item: ["name"],
    struct_item: ["name"],
    enum_item: ["name"],
    trait_item: ["name"],
    type_item: ["name"],
    const_item: ["name"],
    static_item: ["name"],
    mod_item: ["name"],
    enum_variant: ["name"],
    field_initializer: ["field"],
    macro_invocation: ["macro"],
  },
  ignored: new Set([
    "use_declaration",
    "extern_crate_declaration",
    "attribute_item",
    "macro_rule",
    "lifetime",
  ]),
  assigns: {},
  readSpecial(node, text, add) {
    if (node.type !== "token_tree") return false;
    tokenUses(node, text, add);
    return true;
  },
  reexports: (_root, text) => ({
    aliases: new Map(),
    openEnded: /^\s*pub(\([^)]*\))?\s+use\s+[^;]*\*/m.test(text) || /\bmacro_rules!/.test(text),
  }),
  isCondition: (node, text) =>
    node.type === "attribute_item" && /^#!?\[cfg(?!\(test\))/.test(nodeText(node, text)),
  isLayout: (node, _parent, text) => isTrailingComma(node, text),
};

function defineFunction(
  node: PlainNode,
  name: string,
  text: string,
  exported: boolean,
): SymbolDefinition {
  const list = fieldOf(node, "parameters");
  const instance = list !== null && childOf(list, "self_parameter") !== null;
  const signature = list === null ? null : signatureOf(list, text);
  return { name, kind: "function", node, signature, instance, exported };
}

function signatureOf(list: PlainNode, text: string): Signature {
  const parameters = namedChildren(list).filter((child) => child.type === "parameter");
  return positional(
    parameters.map((one) => ({ name: nodeText(fieldOf(one, "pattern"), text), required: true })),
    childOf(list, "variadic_parameter") !== null,
  );
}

/** Constructor signature of a struct or variant; null when an attribute such as `cfg` affects its fields. */
function fieldsSignature(node: PlainNode, text: string): Signature | null {
  const body = fieldOf(node, "body");
  if (body === null || childOf(body, "attribute_item") !== null) return null;
  if (body.type === "ordered_field_declaration_list") {
    const types = body.children.filter((child) => child.field === "type");
    return positional(types.map((one) => ({ name: nodeText(one, text), required: true })));
  }
  if (body.type !== "field_declaration_list") return null;
  const names = namedChildren(body).map((child) => nodeText(fieldOf(child, "name"), text));
  return {
    parameters: names.map((name) => ({ name, required: true, positional: false, keyword: true })),
    rest: false,
    keywordRest: false,
  };
}

function fieldsGiven(node: PlainNode, text: string): Arguments {
  const given = namedChildren(fieldOf(node, "body") ?? node);
  return {
    positional: 0,
    keywords: given.map((one) => nodeText(fieldOf(one, "field") ?? one, text)),
    open: given.some((one) => one.type === "base_field_initializer"),
  };
}

/** `S` of `S { .. }` and `S::new(..)`: an associated function usually returns its type. */
function constructedType(value: PlainNode): PlainNode | null {
  if (value.type === "struct_expression") return fieldOf(value, "name");
  const callee = value.type === "call_expression" ? fieldOf(value, "function") : null;
  const maker = callee?.type === "scoped_identifier" ? callee : null;
  return maker === null ? null : fieldOf(maker, "path");
}

/** Reports names and calls in the arguments of a macro: `assert_eq!(load(1), 2)`. */
function tokenUses(tree: PlainNode, text: string, add: (use: UnscopedReference) => void): void {
  const tokens = tree.children;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) continue;
    if (token.type === "token_tree") tokenUses(token, text, add);
    if (!isWord(token)) continue;
    const path = [nodeText(token, text)];
    const before = tokens[index - 1]?.type;
    const isMember =
      before === "." || before === "::" || /^[.:]/.test(nodeText(tokens[index - 1] ?? null, text));
    while (isSeparator(tokens[index + 1], text) && isWord(tokens[index + 2])) {
      path.push(nodeText(tokens[index + 2] ?? null, text));
      index += 2;
    }
    const next = tokens[index + 1];
    const isCall = next?.type === "token_tree" && text[next.start] === "(";
    // A member of an expression cannot be resolved.
    const whole = isMember ? ["?", ...path] : path;
    add({ path: whole, line: token.line, call: isCall ? tokenArguments(next, text) : null });
  }
}

function isWord(token: PlainNode | undefined): boolean {
  return token !== undefined && /^(identifier|self|crate|super)$/.test(token.type);
}

function isSeparator(token: PlainNode | undefined, text: string): boolean {
  return token !== undefined && /^(\.|::)$/.test(nodeText(token, text));
}

function tokenArguments(tree: PlainNode, text: string): Arguments {
  const inner = tree.children.slice(1, -1);
  const commas = inner.filter((token) => nodeText(token, text) === ",").length;
  const trailing = nodeText(inner.at(-1) ?? null, text) === ",";
  const count = inner.length === 0 ? 0 : commas + (trailing ? 0 : 1);
  // Closures and generic arguments contain commas of their own.
  const open = inner.some((token) => /^[|<>]/.test(nodeText(token, text)));
  return { positional: count, keywords: [], open };
}
