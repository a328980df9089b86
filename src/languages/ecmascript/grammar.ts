/** Symbol grammar of TypeScript, TSX and JavaScript. */

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

const functions = /^(generator_)?function_(declaration|signature)$/;
const classes = /^(abstract_)?class_declaration$/;
const methods = /^(method_definition|method_signature|abstract_method_signature)$/;
const fields = /^(public_field_definition|field_definition|property_signature)$/;
const typedNodes =
  /^(required_parameter|optional_parameter|variable_declarator|(public_)?field_definition)$/;
const functionValues = /^(arrow_function|function_expression|generator_function)$/;

export const ecmascriptGrammar: SymbolGrammar = {
  define(node, text, owner) {
    if (node.type === "export_statement" || node.type === "ambient_declaration") {
      const declaration = fieldOf(node, "declaration") ?? namedChildren(node).at(-1) ?? null;
      // `export declare type A = ...` declares within the declaration.
      const inner =
        declaration?.type === "ambient_declaration"
          ? (namedChildren(declaration).at(-1) ?? null)
          : declaration;
      const isDefault = node.children.some((child) => child.type === "default");
      const exported = node.type === "export_statement";
      return inner === null || inner.field === "value"
        ? []
        : defineInner(node, inner, text, owner).map((one) => ({ ...one, exported, isDefault }));
    }
    return defineInner(node, node, text, owner);
  },
  ownerWithin(node, _text, owner) {
    return ["if_statement", "statement_block", "expression_statement"].includes(node.type) &&
      owner === ""
      ? owner
      : null;
  },
  names: new Set(["identifier", "type_identifier", "shorthand_property_identifier"]),
  members: {
    member_expression: ["object", "property"],
    nested_type_identifier: ["module", "name"],
    nested_identifier: ["object", "property"],
  },
  wrappers: {
    parenthesized_expression: "",
    non_null_expression: "",
    type_annotation: "",
    generic_type: "name",
    instantiation_expression: "",
  },
  self: new Set(["this"]),
  call(node, text) {
    const field = { call_expression: "function", new_expression: "constructor" }[node.type];
    const callee = field === undefined ? null : fieldOf(node, field);
    if (callee === null) return null;
    const list = fieldOf(node, "arguments");
    const spread = ["spread_element", "ERROR"];
    const found = argumentsIn(list, text, { spread });
    // A tagged template passes arguments that are not counted here.
    if (list?.type === "template_string") found.open = true;
    return { callee, arguments: found };
  },
  bindings: {
    variable_declarator: ["name"],
    required_parameter: ["pattern"],
    optional_parameter: ["pattern"],
    formal_parameters: ["*"],
    arrow_function: ["parameter"],
    catch_clause: ["parameter"],
    for_in_statement: ["left"],
    function_declaration: ["name"],
    function_expression: ["name"],
    class_declaration: ["name"],
    abstract_class_declaration: ["name"],
    interface_declaration: ["name"],
    type_alias_declaration: ["name"],
    enum_declaration: ["name"],
    type_parameter: ["name"],
  },
  calledVariable(node, text) {
    const name = node.type === "variable_declarator" ? fieldOf(node, "name") : null;
    const value = fieldOf(node, "value");
    const callee = value?.type === "call_expression" ? fieldOf(value, "function") : null;
    return name?.type === "identifier" && callee !== null
      ? { variable: nodeText(name, text), callee }
      : null;
  },
  typedVariable(node, text) {
    if (!typedNodes.test(node.type)) return null;
    const name = fieldOf(node, "pattern") ?? fieldOf(node, "name") ?? fieldOf(node, "property");
    if (name === null || !/identifier$/.test(name.type)) return null;
    const value = fieldOf(node, "value");
    const constructed = value?.type === "new_expression" ? fieldOf(value, "constructor") : null;
    const type = fieldOf(node, "type") ?? constructed;
    return type === null ? null : { variable: nodeText(name, text), type };
  },
  labels: {
    function_declaration: ["name"],
    generator_function_declaration: ["name"],
    function_signature: ["name"],
    class_declaration: ["name"],
    abstract_class_declaration: ["name"],
    interface_declaration: ["name"],
    type_alias_declaration: ["name"],
    enum_declaration: ["name"],
    variable_declarator: [],
    labeled_statement: ["label"],
    break_statement: ["label"],
    continue_statement: ["label"],
    export_specifier: ["alias"],
  },
  ignored: new Set(["import_statement", "namespace_export"]),
  assigns: {
    assignment_expression: "left",
    augmented_assignment_expression: "left",
    update_expression: "argument",
  },
  // `export { a } from "./b"` references nothing in this file.
  readSpecial: (node) => node.type === "export_statement" && fieldOf(node, "source") !== null,
  reexports,
  guardsMissingNames: (node) => node.type === "try_statement",
  isLayout(node, _parent, text) {
    return node.type === ";" || isTrailingComma(node, text);
  },
};

function defineInner(
  node: PlainNode,
  inner: PlainNode,
  text: string,
  owner: string,
): SymbolDefinition[] {
  const name = nodeText(fieldOf(inner, "name"), text);
  if (functions.test(inner.type)) {
    const signature = signatureOf(fieldOf(inner, "parameters"), text);
    const overload = inner.type === "function_signature";
    return [{ name, kind: "function", node, signature, overload, exported: false }];
  }
  if (classes.test(inner.type) || inner.type === "interface_declaration") {
    const members = fieldOf(inner, "body");
    const inherits = childOf(inner, "class_heritage", "extends_type_clause") !== null;
    // Declarations of one interface are merged.
    const overload = inner.type === "interface_declaration";
    return [{ name, kind: "type", node, members, inherits, overload, exported: false }];
  }
  if (methods.test(inner.type)) {
    const properties = name === "constructor" ? parameterProperties(inner, text) : [];
    return [defineMethod(node, inner, name, text), ...properties];
  }
  if (owner === "" && inner.type === "assignment_expression") return defineExport(inner, text);
  if (fields.test(inner.type)) {
    const key = name || nodeText(fieldOf(inner, "property"), text);
    const signature = functionValue(fieldOf(inner, "value"), text);
    return [
      {
        name: key,
        kind: signature === null ? "field" : "function",
        node,
        signature,
        instance: true,
      },
    ];
  }
  if (inner.type === "type_alias_declaration") {
    const value = fieldOf(inner, "value");
    const members = value?.type === "object_type" ? value : null;
    const inherits = members === null;
    return [{ name, kind: "type", node, members, inherits, variant: " type", exported: false }];
  }
  if (inner.type === "enum_declaration") {
    const members = fieldOf(inner, "body");
    return [{ name, kind: "type", node, members, enumerates: true, exported: false }];
  }
  if (owner !== "" && (inner.type === "enum_assignment" || inner.type === "property_identifier")) {
    const value = fieldOf(inner, "value");
    return [{ name: name || nodeText(inner, text), kind: "field", node, value }];
  }
  if (inner.type === "internal_module" || inner.type === "module") {
    const members = fieldOf(inner, "body");
    return [{ name, kind: "module", node, members, overload: true, exported: false }];
  }
  if (!/^(lexical|variable)_declaration$/.test(inner.type)) return [];
  return defineVariables(node, inner, text);
}

/** Fields that a TypeScript constructor declares by its parameters: `constructor(private store: Store)`. */
function parameterProperties(method: PlainNode, text: string): SymbolDefinition[] {
  const parameters = namedChildren(fieldOf(method, "parameters") ?? method);
  return parameters
    .filter(
      (one) =>
        childOf(one, "accessibility_modifier", "override_modifier") !== null ||
        one.children.some(({ type }) => type === "readonly"),
    )
    .map((node) => ({
      name: nodeText(fieldOf(node, "pattern"), text),
      kind: "field",
      node,
      instance: true,
    }));
}

/** The named class or function in `module.exports = class A {}`. */
function defineExport(assignment: PlainNode, text: string): SymbolDefinition[] {
  const value = fieldOf(assignment, "right");
  const name = value === null ? "" : nodeText(fieldOf(value, "name"), text);
  if (value === null || name === "") return [];
  if (!/^(module\.)?exports(\.\w+)?$/.test(nodeText(fieldOf(assignment, "left"), text))) return [];
  if (value.type === "class") {
    const inherits = childOf(value, "class_heritage") !== null;
    return [{ name, kind: "type", node: assignment, members: fieldOf(value, "body"), inherits }];
  }
  if (value.type !== "function_expression") return [];
  const signature = signatureOf(fieldOf(value, "parameters"), text);
  return [{ name, kind: "function", node: assignment, signature }];
}

function defineMethod(
  node: PlainNode,
  inner: PlainNode,
  name: string,
  text: string,
): SymbolDefinition {
  const words = inner.children.filter((child) => !child.named).map((child) => child.type);
  const accessor = words.includes("get") || words.includes("set");
  return {
    name: words.includes("set") ? `${name}=` : name,
    kind: "function",
    node,
    signature: accessor ? null : signatureOf(fieldOf(inner, "parameters"), text),
    constructs: name === "constructor",
    instance: !words.includes("static"),
    overload: inner.type === "method_signature",
  };
}

function defineVariables(node: PlainNode, inner: PlainNode, text: string): SymbolDefinition[] {
  const declarators = inner.children.filter((child) => child.type === "variable_declarator");
  return declarators.flatMap((declarator): SymbolDefinition[] => {
    const name = fieldOf(declarator, "name");
    const signature = functionValue(fieldOf(declarator, "value"), text);
    const kind = signature === null ? "variable" : "function";
    const value = fieldOf(declarator, "value");
    // Each of several declarators is a symbol of its own.
    const whole = declarators.length === 1 ? node : declarator;
    if (name?.type === "identifier") {
      const own = { name: nodeText(name, text), kind, node: whole, signature, value } as const;
      return [{ ...own, exported: false }];
    }
    const names = patternNames(name, text);
    return names.map((one) => ({ name: one, kind: "variable", node: whole, exported: false }));
  });
}

function patternNames(pattern: PlainNode | null, text: string): string[] {
  if (pattern === null) return [];
  if (pattern.type === "identifier" || pattern.type.startsWith("shorthand_")) {
    return [nodeText(pattern, text)];
  }
  return namedChildren(pattern)
    .filter((child) => child.field !== "key" && child.field !== "right")
    .flatMap((child) => patternNames(child, text));
}

function functionValue(value: PlainNode | null, text: string): Signature | null {
  if (value === null || !functionValues.test(value.type)) return null;
  if (fieldOf(value, "parameter") !== null) {
    return positional([{ name: nodeText(fieldOf(value, "parameter"), text), required: true }]);
  }
  return signatureOf(fieldOf(value, "parameters"), text);
}

function signatureOf(list: PlainNode | null, text: string): Signature | null {
  if (list === null) return null;
  let rest = false;
  const parameters: { name: string; required: boolean }[] = [];
  for (const child of namedChildren(list)) {
    const pattern = fieldOf(child, "pattern") ?? child;
    const name = nodeText(pattern, text);
    if (name === "this") continue;
    if (pattern.type === "rest_pattern") rest = true;
    else {
      const optional =
        child.type === "optional_parameter" ||
        child.type === "assignment_pattern" ||
        fieldOf(child, "value") !== null ||
        mayBeVoid(nodeText(fieldOf(child, "type"), text));
      parameters.push({ name, required: !optional });
    }
  }
  // An optional parameter before a required one must be passed.
  const last = parameters.findLastIndex(({ required }) => required);
  return positional(
    parameters.map((one, index) => ({ ...one, required: index <= last })),
    rest,
  );
}

/**
 * True for a type annotation that includes `void`, whose argument may be omitted, or that is a type parameter by its
 * name (`T`, `R`, `TValue`), for which `void` may stand.
 */
function mayBeVoid(annotation: string): boolean {
  return /(?<!=>\s*)\bvoid\b(?!\s*[)>])|^:\s*([A-Z]|T[A-Z]\w*)$/.test(annotation);
}

/** Aliases of `export { a as b }` and `module.exports = { b: a }`; open-ended after `export *` and spreads. */
function reexports(
  root: PlainNode,
  text: string,
): { aliases: Map<string, string>; openEnded: boolean } {
  const aliases = new Map<string, string>();
  let openEnded = false;
  for (const node of root.children) {
    if (node.type === "export_statement") {
      openEnded ||= fieldOf(node, "source") !== null && node.children.some((c) => c.type === "*");
      const clause = fieldOf(node, "source") === null ? childOf(node, "export_clause") : null;
      for (const one of clause === null ? [] : namedChildren(clause)) {
        const name = nodeText(fieldOf(one, "name"), text);
        aliases.set(nodeText(fieldOf(one, "alias"), text) || name, name);
      }
      const value = fieldOf(node, "value");
      if (value !== null) aliases.set("default", nodeText(value, text));
      continue;
    }
    const assignment = childOf(node, "assignment_expression");
    if (assignment === null) continue;
    const target = nodeText(fieldOf(assignment, "left"), text);
    const right = fieldOf(assignment, "right");
    const own = /^(?:module\.)?exports\.(\w+)$/.exec(target)?.[1];
    const named = right === null ? null : fieldOf(right, "name");
    if (own !== undefined) aliases.set(own, nodeText(named ?? right, text));
    else if (target !== "module.exports") continue;
    else if (right?.type !== "object") {
      aliases.set("default", nodeText(named ?? right, text));
      // The members of an anonymous value are not listed.
      openEnded ||= named === null && right?.type !== "identifier";
    } else {
      for (const one of namedChildren(right)) {
        const name = nodeText(fieldOf(one, "key") ?? one, text);
        aliases.set(name, nodeText(fieldOf(one, "value") ?? one, text));
        openEnded ||= one.type === "spread_element";
      }
    }
  }
  return { aliases, openEnded };
}
