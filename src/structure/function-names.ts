/** Names, entry points and parameter counts of functions. */
import type { Node } from "../languages/parser.ts";

/** Name that a function gets from its assignment: `const name = () => ...`. */
export interface AssignedName {
  name: string;
  /** Offset of the name. */
  at: number;
  /** True for a property or an assignment, through which the function may be called unseen. */
  entry: boolean;
}

/** Nodes that assign a name to a function, with the fields of both. */
const assignments: Readonly<Record<string, readonly [name: string, value: string]>> = {
  variable_declarator: ["name", "value"],
  public_field_definition: ["name", "value"],
  field_definition: ["property", "value"],
  pair: ["key", "value"],
  assignment_expression: ["left", "right"],
};

/** Function nodes that take the name. Those of other languages count as part of the enclosing function. */
const nameable = /^(arrow_function|function_expression|generator_function)$/;

/** Name that a node assigns to the function in its value; null for any other node. */
export function assignedName(node: Node): AssignedName | null {
  const [nameField, valueField] = assignments[node.type] ?? ["", ""];
  const value = node.childForFieldName(valueField);
  const name = node.childForFieldName(nameField);
  if (value === null || name === null || !nameable.test(value.type)) return null;
  const last = name.childForFieldName("property") ?? name;
  const entry = node.type === "pair" || node.type === "assignment_expression";
  return { name: last.text.replace(/^["']|["']$/g, ""), at: last.startIndex, entry };
}

/** True for node types that `assignedName` applies to. */
export function mayAssignName(type: string): boolean {
  return Object.hasOwn(assignments, type);
}

/** Name of a class, module or implementation. */
export function scopeName(node: Node, field: string): string {
  return (node.childForFieldName(field)?.text ?? "").replace(/<.*$/s, "");
}

/** Receiver type of a Go method: `T` of `func (t *T[K]) name()`; null for any other node. */
export function receiverOf(node: Node): string | null {
  if (node.type !== "method_declaration") return null;
  const receiver = node.childForFieldName("receiver")?.text;
  return receiver === undefined ? null : (/(\w+)(\[.*\])?\s*\)$/.exec(receiver)?.[1] ?? null);
}

const entryName = /^(main|init|constructor|__\w+__|Test[A-Z_]\w*|Benchmark\w+|Example\w*|Fuzz\w+)$/;

/** Attributes that do not cause calls of the function. */
const inertAttribute =
  /^#\[\s*(inline|allow|warn|deny|expect|must_use|doc|cold|cfg\b|track_caller|deprecated)/;

/**
 * True for a function that may have unseen callers: a method, a public function of Rust, a hook, a program entry
 * point. `marks` are its decorators and attributes, `member` is true for a method.
 */
export function isEntry(
  node: Node,
  o: { name: string; marks: readonly string[]; member: boolean },
): boolean {
  // A computed name is not referenced by an identifier.
  if (!/^[\w$#]+$/.test(o.name)) return true;
  if (o.member || entryName.test(o.name) || node.type.includes("constructor")) return true;
  if (node.namedChildren.some((child) => child?.type === "visibility_modifier")) return true;
  if (o.marks.some((mark) => !inertAttribute.test(mark))) return true;
  if (node.parent?.type === "decorated_definition") return true;
  if (node.previousSibling?.type === "default") return true;
  return node.firstNamedChild?.type === "modifiers" && node.firstNamedChild.text.includes("@");
}

const notParameters =
  /comment|separator|self_parameter|receiver_parameter|attribute_item|^(comma|this)$/;

/** Number of parameters that a caller passes, without `self`, `cls` and `this`. */
export function parameterCount(node: Node): number {
  if (node.childForFieldName("parameter") !== null) return 1;
  const parameters = node.childForFieldName("parameters")?.namedChildren ?? [];
  let count = 0;
  for (const [at, child] of parameters.entries()) {
    if (child === null || notParameters.test(child.type)) continue;
    if (at === 0 && /^(self|cls|this\b)/.test(child.text) && !/^\w+\s*=/.test(child.text)) continue;
    // Go: `a, b int` is one declaration of two parameters.
    const names = child.type === "parameter_declaration" ? child.childrenForFieldName("name") : [];
    count += Math.max(1, names.length);
  }
  return count;
}
