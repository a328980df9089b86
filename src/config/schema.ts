/**
 * Validation of TOML tables against their key definitions, and the JSON Schema of a definition.
 *
 * The only file that uses arktype, loaded at the first validation: it costs start-up time.
 */
import { configure } from "arktype/config";
import { didYouMean, suggest } from "../std/suggest.ts";
import { excerpt, listed } from "../std/text.ts";
import { describe, type Keys, type TomlDefinition, type ValueType } from "./keys.ts";

configure({ jitless: true });

/** Loads arktype at the first call. Synchronous, so that validation is. */
function arktype(): typeof import("arktype") {
  return require("arktype");
}

/** One key that the definitions reject. */
interface KeyProblem {
  /** Path of the key below the validated table. */
  path: string[];
  code: "unknown-key" | "missing-key" | "wrong-type";
  message: string;
  hint: string | null;
}

/** Everything that is wrong with a table. `prefix` is the table's own path, for messages. */
export function keyProblems(
  keys: Keys,
  value: Readonly<Record<string, unknown>>,
  prefix: readonly string[] = [],
): KeyProblem[] {
  return tableProblems(keys, value, []).map((problem) => message(problem, prefix));
}

type Found =
  | { code: "unknown-key"; path: string[]; known: string[] }
  | { code: "missing-key"; path: string[] }
  | { code: "wrong-type"; path: string[]; wanted: string; value: unknown };

function tableProblems(
  keys: Keys,
  value: Readonly<Record<string, unknown>>,
  path: string[],
): Found[] {
  const missing = Object.entries(keys).flatMap(([name, definition]): Found[] =>
    definition.kind === "key" && definition.required && !Object.hasOwn(value, name)
      ? [{ code: "missing-key", path: [...path, name] }]
      : [],
  );
  const present = Object.entries(value).flatMap(([name, inner]): Found[] => {
    const definition = Object.hasOwn(keys, name) ? keys[name] : undefined;
    const below = [...path, name];
    return definition === undefined
      ? [{ code: "unknown-key", path: below, known: Object.keys(keys) }]
      : valueProblems(definition, inner, below);
  });
  return [...missing, ...present];
}

function valueProblems(definition: TomlDefinition, value: unknown, path: string[]): Found[] {
  const wrong = (wanted: string): Found[] => [{ code: "wrong-type", path, wanted, value }];
  switch (definition.kind) {
    case "key":
      return accepts(definition.type, value) ? [] : wrong(definition.type.name);
    case "table":
      if (isTable(value)) return tableProblems(definition.keys, value, path);
      if (definition.or === null) return wrong("a table");
      return accepts(definition.or.type, value) ? [] : wrong(definition.or.name);
    case "map":
      if (!isTable(value)) return wrong("a table");
      return Object.entries(value).flatMap(([name, inner]) =>
        valueProblems(definition.each, inner, [...path, name]),
      );
    case "list":
      if (!Array.isArray(value)) return wrong("a list of tables");
      return value.flatMap((inner, at): Found[] => {
        const below = [...path, String(at)];
        return isTable(inner)
          ? tableProblems(definition.keys, inner, below)
          : [{ code: "wrong-type", path: below, wanted: "a table", value: inner }];
      });
    default:
      return definition satisfies never;
  }
}

function message(found: Found, prefix: readonly string[]): KeyProblem {
  const { code, path } = found;
  const name = [...prefix, ...path].join(".");
  switch (code) {
    case "unknown-key": {
      const near = suggest(path.at(-1) ?? "", found.known);
      const hint = didYouMean(near, `known keys: ${listed(found.known, knownShownMax)}`);
      return { code, path, message: `unknown key \`${name}\``, hint };
    }
    case "missing-key":
      return { code, path, message: `\`${name}\` is missing`, hint: null };
    case "wrong-type": {
      const shown = valueForMessage(found.value, found.wanted);
      return {
        code,
        path,
        message: `\`${name}\` must be ${found.wanted}, not ${shown}`,
        hint: null,
      };
    }
    default:
      return code satisfies never;
  }
}

const shownCharsMax = 80;
const knownShownMax = 20;

function valueForMessage(value: unknown, wanted: string): string {
  if (Array.isArray(value)) {
    const wrong = value.find((item) => typeof item !== "string");
    return wanted.startsWith("a list") && wrong !== undefined
      ? `a list that contains ${valueForMessage(wrong, "")}`
      : "a list";
  }
  if (isTable(value)) return "a table";
  if (value instanceof Date) return "a date";
  return excerpt(JSON.stringify(value), shownCharsMax);
}

/** True for a TOML table. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

const types = new Map<string, { allows(value: unknown): boolean }>();

function accepts({ expression }: ValueType<unknown>, value: unknown): boolean {
  const known = types.get(expression) ?? arktype().type.raw(expression);
  types.set(expression, known);
  return known.allows(value);
}

/** A JSON Schema (2020-12), or a part of one. */
export interface JsonSchema {
  [key: string]: unknown;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
}

/**
 * The JSON Schema of a table, with the description of every key. A default is given as `default`, or,
 * with `defaults: "described"`, at the end of the description; derived defaults are left out.
 */
export function tableJsonSchema(
  keys: Keys,
  o: { defaults: "annotated" | "described" } = { defaults: "annotated" },
): JsonSchema {
  const schema = arktype().type.raw(arktypeTable(keys)).toJsonSchema() as JsonSchema;
  return { ...schema, properties: annotatedProperties(schema, keys, o.defaults) };
}

function arktypeTable(keys: Keys): Record<string, unknown> {
  const entries = Object.entries(keys).map(([name, definition]) => {
    const required = definition.kind === "key" && definition.required;
    return [required ? name : `${name}?`, arktypeDefinition(definition)];
  });
  return { "+": "reject", ...Object.fromEntries(entries) };
}

function arktypeDefinition(definition: TomlDefinition): unknown {
  switch (definition.kind) {
    case "key":
      return definition.type.expression;
    case "table": {
      const table = arktypeTable(definition.keys);
      return definition.or === null ? table : [table, "|", definition.or.type.expression];
    }
    case "map":
      return { "[string]": arktypeDefinition(definition.each) };
    case "list":
      return [arktypeTable(definition.keys), "[]"];
    default:
      return definition satisfies never;
  }
}

type Defaults = "annotated" | "described";

function annotatedProperties(schema: JsonSchema, keys: Keys, defaults: Defaults) {
  const entries = Object.entries(schema.properties ?? {}).map(([name, inner]) => {
    const definition = keys[name];
    return [name, definition === undefined ? inner : annotated(inner, definition, defaults)];
  });
  return Object.fromEntries(entries) as Record<string, JsonSchema>;
}

function annotated(schema: JsonSchema, definition: TomlDefinition, defaults: Defaults): JsonSchema {
  const value = documentedDefault(definition);
  const shown = value === null ? "" : ` (default ${JSON.stringify(value)})`;
  const description = describe(definition) + (defaults === "described" ? shown : "");
  const result = withDescription(schema, description, definition, defaults);
  if (defaults === "annotated" && value !== null) result["default"] = value;
  return result;
}

/** The branches of a union repeat its description, since editors show that of the matching branch. */
function withDescription(
  schema: JsonSchema,
  description: string,
  definition: TomlDefinition,
  defaults: Defaults,
): JsonSchema {
  const result: JsonSchema = { ...(description === "" ? {} : { description }), ...schema };
  const { properties, additionalProperties: each, anyOf, items } = schema;
  if (definition.kind === "table" && properties !== undefined) {
    result.properties = annotatedProperties(schema, definition.keys, defaults);
  }
  if (definition.kind === "map" && typeof each === "object") {
    result.additionalProperties = annotated(each, definition.each, defaults);
  }
  if (definition.kind === "list" && items !== undefined) {
    result.items = { ...items, properties: annotatedProperties(items, definition.keys, defaults) };
  }
  if (anyOf !== undefined) {
    result.anyOf = anyOf.map((one) => withDescription(one, description, definition, defaults));
  }
  return result;
}

/** The default of a key when it is a fixed value; null when there is none. */
function documentedDefault(definition: TomlDefinition): unknown {
  if (definition.kind === "map") return definition.emptyByDefault ? {} : null;
  if (
    definition.kind === "list" ||
    definition.kind === "table" ||
    definition.derivedDefault !== null
  )
    return null;
  return definition.default;
}
