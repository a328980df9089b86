/** Arguments as a model sends them, held against a tool's schema. Pure. */
import { suggest } from "../../std/suggest.ts";
import type { ArgumentSchema, Property } from "./tool.ts";

export type ParsedArguments =
  | { ok: true; value: Record<string, unknown> }
  | { ok: false; problem: string; value: unknown };

/** Parses the text of a call's arguments; an empty one means none. */
export function parseArguments(text: string, schema: ArgumentSchema): ParsedArguments {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: `the arguments are not JSON: ${why}`, value: null };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ok: false, problem: "the arguments must be a JSON object", value };
  }
  const given = value as Record<string, unknown>;
  const problems = [
    ...schema.required.filter((name) => !(name in given)).map((name) => `\`${name}\` is missing`),
    ...Object.entries(given).flatMap(([name, item]) => problemOf(name, item, schema)),
  ];
  return problems.length === 0
    ? { ok: true, value: given }
    : { ok: false, problem: problems.join("; "), value };
}

function problemOf(name: string, item: unknown, schema: ArgumentSchema): string[] {
  const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  if (property === undefined) {
    const near = suggest(name, Object.keys(schema.properties));
    return [`unknown argument \`${name}\`${near === null ? "" : `, did you mean \`${near}\`?`}`];
  }
  return fits(item, property) ? [] : [`\`${name}\` must be ${wanted(property)}`];
}

function fits(item: unknown, property: Property): boolean {
  switch (property.type) {
    case "string":
      return typeof item === "string" && (property.enum?.includes(item) ?? true);
    case "integer": {
      const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = property;
      return Number.isInteger(item) && Number(item) >= minimum && Number(item) <= maximum;
    }
    case "boolean":
      return typeof item === "boolean";
    case "object":
      return typeof item === "object" && item !== null;
    default:
      return property satisfies never;
  }
}

function wanted(property: Property): string {
  if (property.type === "string" && property.enum) return `one of ${property.enum.join(", ")}`;
  if (property.type !== "integer") return `a ${property.type}`.replace("a object", "an object");
  const { minimum, maximum } = property;
  const from = minimum === undefined ? "" : ` from ${minimum}`;
  return `a whole number${from}${maximum === undefined ? "" : ` up to ${maximum}`}`;
}
