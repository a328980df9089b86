/** What functions are called, who may call them without being seen, how many parameters they take. */
import type { Node } from "../languages/parser.ts";

/** The name a function gets from the place it is put in: `const name = () => ...`. */
export interface AssignedName {
  name: string;
  /** Where the name stands, as an offset. */
  at: number;
  /** Put where others look it up by key. */
  entry: boolean;
}

/** Nodes that give a function its name: fields of the name and of the function. */
const holders: Readonly<Record<string, readonly [name: string, value: string]>> = {
  variable_declarator: ["name", "value"],
  public_field_definition: ["name", "value"],
  field_definition: ["property", "value"],
  pair: ["key", "value"],
  assignment_expression: ["left", "right"],
};

/** Elsewhere a lambda in a variable is part of the function around it. */
const nameable = /^(arrow_function|function_expression|generator_function)$/;

/** The name a node gives to the function that is its value; null when it has no such value. */
export function assignedName(node: Node): AssignedName | null {
  const [nameField, valueField] = holders[node.type] ?? ["", ""];
  const value = node.childForFieldName(valueField);
  const name = node.childForFieldName(nameField);
  if (value === null || name === null || !nameable.test(value.type)) return null;
  const last = name.childForFieldName("property") ?? name;
  const entry = node.type === "pair" || node.type === "assignment_expression";
  return { name: last.text.replace(/^["']|["']$/g, ""), at: last.startIndex, entry };
}

/** Whether a type of node may give a name. */
export function mayAssignName(type: string): boolean {
  return Object.hasOwn(holders, type);
}

/** The name of a class, module or implementation, and whether it has supertypes. */
export function scopeOf(node: Node, field: string): { name: string; derived: boolean } {
  const name = (node.childForFieldName(field)?.text ?? "").replace(/<.*$/s, "");
  const supertypes = ["superclasses", "superclass", "interfaces", "trait"];
  const derived =
    supertypes.some((one) => node.childForFieldName(one) !== null) ||
    node.namedChildren.some((child) => child?.type === "class_heritage");
  return { name, derived };
}

/** `T` of Go's `func (t *T[K]) name()`. */
export function receiverOf(node: Node): string | null {
  if (node.type !== "method_declaration") return null;
  const receiver = node.childForFieldName("receiver")?.text;
  return receiver === undefined ? null : (/(\w+)(\[.*\])?\s*\)$/.exec(receiver)?.[1] ?? null);
}

const entryName = /^(main|init|constructor|__\w+__|Test[A-Z_]\w*|Benchmark\w+|Example\w*|Fuzz\w+)$/;

/** Attributes that call nothing by themselves. */
const plainMark =
  /^#\[\s*(inline|allow|warn|deny|expect|must_use|doc|cold|cfg\b|track_caller|deprecated)/;

/** Whether callers of a function are out of sight: an override, a hook, a program's beginning. */
export function isEntry(
  node: Node,
  o: { name: string; marks: readonly string[]; derived: boolean },
): boolean {
  // A computed name is looked up, not written.
  if (!/^[\w$#]+$/.test(o.name)) return true;
  if (o.derived || entryName.test(o.name) || node.type.includes("constructor")) return true;
  if (o.marks.some((mark) => !plainMark.test(mark))) return true;
  if (node.parent?.type === "decorated_definition") return true;
  if (node.previousSibling?.type === "default") return true;
  return node.firstNamedChild?.type === "modifiers" && node.firstNamedChild.text.includes("@");
}

const notParameters =
  /comment|separator|self_parameter|receiver_parameter|attribute_item|^(comma|this)$/;

/** How many parameters a caller may give; `self`, `cls` and `this` are not given. */
export function parameterCount(node: Node): number {
  if (node.childForFieldName("parameter") !== null) return 1;
  const parameters = node.childForFieldName("parameters")?.namedChildren ?? [];
  let count = 0;
  for (const [at, child] of parameters.entries()) {
    if (child === null || notParameters.test(child.type)) continue;
    if (at === 0 && /^(self|cls|this\b)/.test(child.text) && !/^\w+\s*=/.test(child.text)) continue;
    // Go: `a, b int` is one declaration of two.
    const names = child.type === "parameter_declaration" ? child.childrenForFieldName("name") : [];
    count += Math.max(1, names.length);
  }
  return count;
}
