/** Symbol grammar of Java. */

import {
  argumentsIn,
  nodeText,
  positional,
  type SymbolDefinition,
  type SymbolGrammar,
} from "../symbol-table/grammar.ts";
import { childOf, fieldOf, namedChildren, type PlainNode } from "../symbol-table/plain-tree.ts";
import type { Signature } from "../symbol-table/symbol-table.ts";

const types = /^(class|interface|enum|record|annotation_type)_declaration$/;

export const javaGrammar: SymbolGrammar = {
  define(node, text) {
    const name = nodeText(fieldOf(node, "name"), text);
    if (types.test(node.type)) return [defineType(node, name, text)];
    switch (node.type) {
      case "method_declaration":
      case "constructor_declaration":
      case "compact_constructor_declaration": {
        const list = fieldOf(node, "parameters");
        const constructs = node.type !== "method_declaration";
        return [
          {
            name: constructs ? "<init>" : name,
            kind: "function",
            node,
            signature: list === null ? null : signatureOf(list, text),
            constructs,
            instance: !constructs && !hasModifier(node, "static", text),
            exported: !hasModifier(node, "private", text),
            variant: list === null ? "()" : variantOf(list, text),
          },
        ];
      }
      case "field_declaration":
      case "constant_declaration":
        return node.children
          .filter((child) => child.field === "declarator")
          .map((child) => ({
            name: nodeText(fieldOf(child, "name"), text),
            kind: "field" as const,
            node,
            value: fieldOf(child, "value"),
            exported: !hasModifier(node, "private", text),
          }));
      case "enum_constant":
        return [{ name, kind: "field", node, value: fieldOf(node, "arguments") }];
      default:
        return [];
    }
  },
  ownerWithin: (node, _text, owner) => (node.type === "enum_body_declarations" ? owner : null),
  names: new Set(["identifier", "type_identifier"]),
  members: {
    field_access: ["object", "field"],
  },
  wrappers: { parenthesized_expression: "", generic_type: "", annotated_type: "" },
  self: new Set(["this"]),
  call() {
    return null;
  },
  bindings: {
    formal_parameter: ["name"],
    spread_parameter: ["*"],
    catch_formal_parameter: ["name"],
    local_variable_declaration: ["declarator"],
    enhanced_for_statement: ["name"],
    inferred_parameters: ["*"],
    lambda_expression: ["parameters"],
    resource: ["name"],
    type_pattern: ["*"],
    instanceof_expression: ["name"],
    record_pattern_component: ["*"],
    type_parameter: ["*"],
    class_declaration: ["name"],
    interface_declaration: ["name"],
    enum_declaration: ["name"],
    record_declaration: ["name"],
  },
  typedVariable(node, text) {
    if (node.type === "formal_parameter") {
      const type = fieldOf(node, "type");
      const name = nodeText(fieldOf(node, "name"), text);
      return type === null ? null : { variable: name, type };
    }
    if (!/^(local_variable|field)_declaration$/.test(node.type)) return null;
    const declarators = node.children.filter((child) => child.field === "declarator");
    const [only] = declarators;
    if (only === undefined || declarators.length > 1) return null;
    const written = fieldOf(node, "type");
    const value = fieldOf(only, "value");
    const constructed =
      value?.type === "object_creation_expression" ? fieldOf(value, "type") : null;
    const type = nodeText(written, text) === "var" ? constructed : written;
    return type === null ? null : { variable: nodeText(fieldOf(only, "name"), text), type };
  },
  labels: {
    class_declaration: ["name"],
    interface_declaration: ["name"],
    enum_declaration: ["name"],
    record_declaration: ["name"],
    annotation_type_declaration: ["name"],
    method_declaration: ["name"],
    constructor_declaration: ["name"],
    enum_constant: ["name"],
    method_invocation: ["name"],
    formal_parameter: ["name"],
    variable_declarator: ["name"],
    element_value_pair: ["key"],
    labeled_statement: [""],
  },
  ignored: new Set(["import_declaration", "package_declaration"]),
  assigns: { assignment_expression: "left" },
  readSpecial(node, text, add) {
    const line = node.line;
    if (node.type === "method_invocation") {
      const object = fieldOf(node, "object");
      const path = object === null ? [] : pathOf(object, text);
      const call = argumentsIn(fieldOf(node, "arguments"), text);
      add({ path: [...path, nodeText(fieldOf(node, "name"), text)], line, call });
    } else if (node.type === "object_creation_expression") {
      const path = pathOf(fieldOf(node, "type"), text);
      const call = argumentsIn(fieldOf(node, "arguments"), text);
      add({ path, line, call });
    } else if (node.type === "method_reference") {
      const [object, member] = namedChildren(node);
      if (object !== undefined && member !== undefined) {
        add({ path: [...pathOf(object, text), nodeText(member, text)], line, call: null });
      }
    }
    // Arguments and objects are still walked.
    return false;
  },
  isLayout: () => false,
};

function pathOf(node: PlainNode | null, text: string): string[] {
  switch (node?.type) {
    case "identifier":
    case "type_identifier":
      return [nodeText(node, text)];
    case "this":
      return ["self"];
    case "field_access":
      return [...pathOf(fieldOf(node, "object"), text), nodeText(fieldOf(node, "field"), text)];
    case "generic_type":
    case "annotated_type":
      return pathOf(namedChildren(node)[0] ?? null, text);
    case "scoped_type_identifier":
      return namedChildren(node).flatMap((child) => pathOf(child, text));
    default:
      return ["?"];
  }
}

function hasModifier(node: PlainNode, word: string, text: string): boolean {
  const modifiers = childOf(node, "modifiers");
  return modifiers?.children.some((child) => nodeText(child, text) === word) ?? false;
}

function defineType(node: PlainNode, name: string, text: string): SymbolDefinition {
  const list = node.type === "record_declaration" ? fieldOf(node, "parameters") : null;
  const extended = fieldOf(node, "superclass") ?? fieldOf(node, "interfaces");
  // Annotation processors such as Lombok generate members.
  const annotated = childOf(childOf(node, "modifiers") ?? node, "marker_annotation", "annotation");
  return {
    name,
    kind: "type",
    node,
    members: fieldOf(node, "body"),
    enumerates: node.type === "enum_declaration",
    signature: list === null ? null : signatureOf(list, text),
    constructs: list !== null,
    inherits:
      extended !== null ||
      childOf(node, "extends_interfaces") !== null ||
      annotated !== null ||
      list !== null,
    exported: hasModifier(node, "public", text),
  };
}

function signatureOf(list: PlainNode, text: string): Signature {
  const parameters = namedChildren(list).filter((child) => child.type === "formal_parameter");
  const rest = namedChildren(list).some((child) => child.type === "spread_parameter");
  return positional(
    parameters.map((child) => ({ name: nodeText(fieldOf(child, "name"), text), required: true })),
    rest,
  );
}

/** Parameter types, which distinguish overloaded methods. */
function variantOf(list: PlainNode, text: string): string {
  const types = namedChildren(list).map((child) =>
    nodeText(fieldOf(child, "type") ?? namedChildren(child)[0] ?? null, text).replace(/\s+/g, ""),
  );
  return `(${types.join(",")})`;
}
