/** Validator for the part of JSON Schema (2020-12) that dgov's schemas use; an unknown keyword throws. */
import { deepEquals } from "bun";

type Schema = Record<string, unknown>;

/** Violations of a schema, each with the path of the value; empty for a valid value. */
export function schemaProblems(schema: Schema, value: unknown, path = "$"): string[] {
  return Object.entries(schema).flatMap(([word, of]) => {
    const check = words[word];
    if (check === undefined) throw new Error(`${path}: no such word: ${word}`);
    return check(of, value, path, schema);
  });
}

type Check = (of: unknown, value: unknown, path: string, schema: Schema) => string[];

const nothing: Check = () => [];
const says = (wrong: boolean, path: string, problem: string): string[] =>
  wrong ? [`${path} ${problem}`] : [];
const schemas = (of: unknown): Schema[] => of as Schema[];
const fits = (of: unknown, value: unknown): boolean =>
  schemaProblems(of as Schema, value).length === 0;
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

function isType(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

const words: Record<string, Check> = {
  $schema: nothing,
  title: nothing,
  description: nothing,
  default: nothing,
  format: nothing,
  if: nothing,
  type: (of, value, path) =>
    says(
      ![of].flat().some((type) => isType(String(type), value)),
      path,
      `is not ${[of].flat().join(" or ")}`,
    ),
  enum: (of, value, path) =>
    says(!(of as unknown[]).some((one) => deepEquals(one, value)), path, "is none of the values"),
  const: (of, value, path) => says(!deepEquals(of, value), path, `is not ${JSON.stringify(of)}`),
  minimum: (of, value, path) => says((number(value) ?? 1e99) < Number(of), path, "is too small"),
  exclusiveMinimum: (of, value, path) =>
    says((number(value) ?? 1e99) <= Number(of), path, "is too small"),
  maximum: (of, value, path) => says((number(value) ?? -1e99) > Number(of), path, "is too large"),
  minLength: (of, value, path) =>
    says(typeof value === "string" && value.length < Number(of), path, "is too short"),
  items: (of, value, path) =>
    Array.isArray(value)
      ? value.flatMap((one, at) => schemaProblems(of as Schema, one, `${path}[${at}]`))
      : [],
  properties: (of, value, path) =>
    isObject(value)
      ? Object.entries(of as Record<string, Schema>).flatMap(([key, schema]) =>
          Object.hasOwn(value, key) ? schemaProblems(schema, value[key], `${path}.${key}`) : [],
        )
      : [],
  required: (of, value, path) =>
    isObject(value)
      ? (of as string[]).flatMap((key) => says(!Object.hasOwn(value, key), path, `lacks ${key}`))
      : [],
  additionalProperties(of, value, path, schema) {
    if (!isObject(value)) return [];
    const known = Object.keys((schema["properties"] ?? {}) as object);
    const more = Object.keys(value).filter((key) => !known.includes(key));
    if (typeof of === "boolean") return of ? [] : more.map((key) => `${path}.${key} is unknown`);
    return more.flatMap((key) => schemaProblems(of as Schema, value[key], `${path}.${key}`));
  },
  anyOf: (of, value, path) =>
    says(!schemas(of).some((one) => fits(one, value)), path, "fits none of the choices"),
  allOf: (of, value, path) => schemas(of).flatMap((one) => schemaProblems(one, value, path)),
  not: (of, value, path) => says(fits(of, value), path, "is what it must not be"),
  // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
  then: (of, value, path, schema) =>
    fits(schema["if"], value) ? schemaProblems(of as Schema, value, path) : [],
};
