/** Symbol grammar of Go. */

import {
  argumentsIn,
  isTrailingComma,
  nodeText,
  positional,
  type SymbolDefinition,
  type SymbolGrammar,
} from "../symbol-table/grammar.ts";
import { childOf, fieldOf, namedChildren, type PlainNode } from "../symbol-table/plain-tree.ts";
import type { Signature } from "../symbol-table/symbol-table.ts";

const groups = new Set([
  "type_declaration",
  "const_declaration",
  "var_declaration",
  "var_spec_list",
  "field_declaration_list",
]);

export const goGrammar: SymbolGrammar = {
  define(node, text, owner) {
    const name = nodeText(fieldOf(node, "name"), text);
    switch (node.type) {
      case "function_declaration":
        return [
          { name, kind: "function", node, signature: signatureOf(node, text), ...visibility(name) },
        ];
      case "method_declaration":
        return [defineMethod(node, name, text)];
      case "method_elem":
        return [{ name, kind: "function", node, instance: true, ...visibility(name) }];
      case "type_spec":
      case "type_alias":
        return [defineType(node, name, text)];
      case "field_declaration":
      case "const_spec":
      case "var_spec":
        return node.children
          .filter((child) => child.field === "name")
          .map((child) => {
            const one = nodeText(child, text);
            const kind = owner === "" ? ("variable" as const) : ("field" as const);
            const values = fieldOf(node, "value");
            const value = values === null ? null : (namedChildren(values)[0] ?? null);
            const type = nodeText(fieldOf(node, "type"), text);
            const enumeration =
              node.type === "const_spec" && type !== "" ? { enumeration: type } : {};
            return { name: one, kind, node, value, ...enumeration, ...visibility(one) };
          });
      default:
        return [];
    }
  },
  ownerWithin: (node, _text, owner) => (groups.has(node.type) ? owner : null),
  names: new Set(["identifier", "type_identifier", "package_identifier"]),
  members: { selector_expression: ["operand", "field"], qualified_type: ["package", "name"] },
  wrappers: {
    parenthesized_expression: "",
    pointer_type: "",
    generic_type: "type",
    type_instantiation_expression: "type",
  },
  self: new Set(),
  call(node, text) {
    const callee = node.type === "call_expression" ? fieldOf(node, "function") : null;
    if (callee === null) return null;
    const list = fieldOf(node, "arguments");
    const found = argumentsIn(list, text, { spread: ["variadic_argument", "ERROR"] });
    // `f(g())` passes every result of `g`.
    const [only] = list === null ? [] : namedChildren(list);
    if (found.positional === 1 && only?.type === "call_expression") found.open = true;
    return { callee, arguments: found };
  },
  bindings: {
    parameter_declaration: ["name"],
    variadic_parameter_declaration: ["name"],
    short_var_declaration: ["left"],
    range_clause: ["left"],
    var_spec: ["name"],
    const_spec: ["name"],
    type_spec: ["name"],
    type_parameter_declaration: ["name"],
    type_switch_statement: ["alias"],
    receive_statement: ["left"],
  },
  calledVariable(node, text) {
    if (node.type !== "short_var_declaration") return null;
    const [left, right] = [fieldOf(node, "left"), fieldOf(node, "right")];
    const names = left === null ? [] : namedChildren(left);
    const values = right === null ? [] : namedChildren(right);
    const [name, value] = [names[0], values[0]];
    const callee = value?.type === "call_expression" ? fieldOf(value, "function") : null;
    return name?.type === "identifier" && values.length === 1 && callee !== null
      ? { variable: nodeText(name, text), callee }
      : null;
  },
  typedVariable,
  labels: {
    function_declaration: ["name"],
    method_declaration: ["name"],
    type_spec: ["name"],
    type_alias: ["name"],
    const_spec: ["name"],
    var_spec: ["name"],
    field_declaration: ["name"],
    keyed_element: ["key"],
    parameter_declaration: ["name"],
    labeled_statement: ["label"],
    package_clause: [""],
  },
  ignored: new Set(["import_declaration", "package_clause"]),
  assigns: { assignment_statement: "left" },
  // Keys of a composite literal are field names or references; the syntax does not tell which.
  readSpecial: (node) => node.type === "literal_element" && node.field === "key",
  isLayout: (node, _parent, text) =>
    node.type === "\n" || node.type === ";" || isTrailingComma(node, text),
};

function visibility(name: string): { exported: boolean } {
  return { exported: /^\p{Lu}/u.test(name) };
}

function defineMethod(node: PlainNode, name: string, text: string): SymbolDefinition {
  const receiver = childOf(fieldOf(node, "receiver") ?? node, "parameter_declaration");
  const owner = typeName(receiver === null ? null : fieldOf(receiver, "type"), text);
  const signature = signatureOf(node, text);
  return { name, owner, kind: "function", node, signature, instance: true, ...visibility(name) };
}

function defineType(node: PlainNode, name: string, text: string): SymbolDefinition {
  const type = fieldOf(node, "type");
  const members = type?.type === "struct_type" ? childOf(type, "field_declaration_list") : type;
  const isStruct = type?.type === "struct_type";
  const isInterface = type?.type === "interface_type";
  const embeds =
    (isStruct &&
      (members?.children ?? []).some(
        (child) => child.type === "field_declaration" && fieldOf(child, "name") === null,
      )) ||
    (isInterface && /^\s*[\w.]+\s*$/m.test(nodeText(type, text).slice("interface {".length)));
  // A type defined by another one has that type's members.
  const inherits = embeds || !(isStruct || isInterface);
  const own = isStruct || isInterface ? members : null;
  return { name, kind: "type", node, members: own, inherits, ...visibility(name) };
}

/** `T` of `T`, `*T` and `T[K]`; "?" for any other type. */
function typeName(type: PlainNode | null, text: string): string {
  return /^\*?\s*(\w+)/.exec(nodeText(type, text))?.[1] ?? "?";
}

function signatureOf(node: PlainNode, text: string): Signature | null {
  const list = fieldOf(node, "parameters");
  if (list === null) return null;
  const parameters: { name: string; required: boolean }[] = [];
  let rest = false;
  for (const child of namedChildren(list)) {
    if (child.type === "variadic_parameter_declaration") {
      rest = true;
      continue;
    }
    const names = child.children.filter((one) => one.field === "name");
    const type = nodeText(fieldOf(child, "type"), text);
    const written = names.length === 0 ? [type] : names.map((one) => nodeText(one, text));
    parameters.push(...written.map((name) => ({ name, required: true })));
  }
  return positional(parameters, rest);
}

function typedVariable(
  node: PlainNode,
  text: string,
): { variable: string; type: PlainNode } | null {
  if (node.type === "parameter_declaration" || node.type === "var_spec") {
    const names = node.children.filter((child) => child.field === "name");
    const type = fieldOf(node, "type");
    const [name] = names;
    if (name === undefined || names.length > 1 || type === null) return null;
    return { variable: nodeText(name, text), type };
  }
  if (node.type !== "short_var_declaration") return null;
  const [left, right] = [fieldOf(node, "left"), fieldOf(node, "right")];
  if (left === null || right === null) return null;
  const [name, ...more] = namedChildren(left);
  const [value] = namedChildren(right);
  if (name === undefined || more.length > 0 || value === undefined) return null;
  const literal = value.type === "unary_expression" ? fieldOf(value, "operand") : value;
  const type = literal?.type === "composite_literal" ? fieldOf(literal, "type") : null;
  return type === null ? null : { variable: nodeText(name, text), type };
}
