/**
 * Definitions of the keys of TOML files. Each key is defined once, with its type, default, unit and
 * description; validation, values in force, JSON Schema, the configuration page, `doctor --config`
 * and messages are derived from the definition. Pure.
 *
 * `project-keys.ts` defines the keys of project.toml, `plan/plan-keys.ts` those of plan files.
 */
import { camelKey } from "../std/case.ts";

/** A type of value. `T` is the type of valid values in TypeScript. */
export interface ValueType<T> {
  /** Definition for arktype. */
  expression: string;
  /** The type in messages and documentation: "a whole number of at least 1". */
  name: string;
  /** True when a blank string counts as a missing key. */
  blankIsMissing: boolean;
  /** Not present at run time; carries `T`. */
  infer?: () => T;
}

function valueType<T>(expression: string, name: string, blankIsMissing = false): ValueType<T> {
  return { expression, name, blankIsMissing };
}

export const anyText = valueType<string>("string", "a string");
export const nonEmptyText = valueType<string>("string > 0", "a non-empty string");
/** Shell text; blank when the command is not configured. */
export const shellCommand = valueType<string>("string", "a string", true);
export const textList = valueType<string[]>("string[]", "a list of strings");
export const flag = valueType<boolean>("boolean", "true or false");
export const positiveInteger = valueType<number>(
  "number.integer > 0",
  "a whole number of at least 1",
);
export const naturalNumber = valueType<number>(
  "number.integer >= 0",
  "a whole number of at least 0",
);
export const nonNegativeNumber = valueType<number>("number >= 0", "a number of at least 0");
export const scalar = valueType<string | number | boolean>(
  "string | number | boolean",
  "a string, a number, true or false",
);
export const anyValue = valueType<unknown>("unknown", "any value");

/** A whole number in a range, both ends included. */
export function integerBetween(min: number, max: number): ValueType<number> {
  return valueType(`${min} <= number.integer <= ${max}`, `a whole number from ${min} to ${max}`);
}

/** One of some strings. */
export function oneOf<const T extends string>(...values: [T, ...T[]]): ValueType<T> {
  const quoted = values.map((value) => JSON.stringify(value));
  const last = quoted.length > 1 ? ` or ${quoted.pop()}` : "";
  const name = `${quoted.join(", ")}${last}`;
  return valueType(values.map((value) => `'${value}'`).join(" | "), name);
}

/** A list of some of these strings. */
export function listOf<const T extends string>(...values: [T, ...T[]]): ValueType<T[]> {
  const quoted = values.map((value) => `'${value}'`);
  return valueType(`(${quoted.join(" | ")})[]`, `a list of some of ${values.join(", ")}`);
}

/** A key with one value. `T` is the type of the value in force, null included when there may be none. */
interface KeyDefinition<T = unknown> {
  kind: "key";
  type: ValueType<unknown>;
  description: string;
  required: boolean;
  /** Value in force when the key is missing; null for none. */
  default: T;
  /** The default in documentation, when it depends on the machine or on another key. */
  derivedDefault: string | null;
  /** Unit of the value: "seconds". */
  unit: string | null;
  /** Accepted in older files; `doctor --config` does not list it. */
  legacy: boolean;
  /** Not present at run time; carries `T`. */
  infer?: () => T;
}

interface KeyOptions {
  derivedDefault?: string;
  unit?: string;
  legacy?: true;
}

/** An optional key. */
export function key<T>(
  type: ValueType<T>,
  description: string,
  o: KeyOptions & { default: NoInfer<T> },
): KeyDefinition<T>;
export function key<T>(
  type: ValueType<T>,
  description: string,
  o?: KeyOptions,
): KeyDefinition<T | null>;
export function key(
  type: ValueType<unknown>,
  description: string,
  o: KeyOptions & { default?: unknown } = {},
): KeyDefinition {
  const { default: value = null, derivedDefault = null, unit = null, legacy = false } = o;
  return {
    kind: "key",
    type,
    description,
    required: false,
    default: value,
    derivedDefault,
    unit,
    legacy,
  };
}

/** A key that must be present. */
export function requiredKey<T>(
  type: ValueType<T>,
  description: string,
): KeyDefinition<T> & { required: true } {
  return { ...key(type, description), required: true } as KeyDefinition<T> & { required: true };
}

export type Keys = Readonly<Record<string, TomlDefinition>>;

/** A table with a fixed set of keys. */
interface TableDefinition<K extends Keys = Keys> {
  kind: "table";
  description: string;
  keys: K;
  /** A type that is accepted in place of the table, and the name of both in messages; null for none. */
  or: { type: ValueType<unknown>; name: string } | null;
}

export function fixedTable<const K extends Keys>(description: string, keys: K): TableDefinition<K> {
  return { kind: "table", description, keys, or: null };
}

/** A table, or a value of another type in place of it. */
export function tableOr<const K extends Keys, T>(
  or: { type: ValueType<T>; name: string },
  description: string,
  keys: K,
): TableDefinition<K> & { infer?: () => T } {
  return { kind: "table", description, keys, or };
}

/** A table with keys that the user chooses, all of the same definition. */
interface MapDefinition<E extends TomlDefinition = TomlDefinition> {
  kind: "map";
  description: string;
  each: E;
  /** True when an empty table is documented as the default. */
  emptyByDefault: boolean;
}

export function map<const E extends TomlDefinition>(
  description: string,
  each: E,
  o: { emptyByDefault?: true } = {},
): MapDefinition<E> {
  return { kind: "map", description, each, emptyByDefault: o.emptyByDefault ?? false };
}

/** An array of tables, all with the same keys. */
interface ListDefinition<K extends Keys = Keys> {
  kind: "list";
  description: string;
  keys: K;
}

export function tables<const K extends Keys>(description: string, keys: K): ListDefinition<K> {
  return { kind: "list", description, keys };
}

export type TomlDefinition =
  | KeyDefinition
  | { kind: "table"; description: string; keys: Keys; or: TableDefinition["or"] }
  | { kind: "map"; description: string; each: TomlDefinition; emptyByDefault: boolean }
  | { kind: "list"; description: string; keys: Keys };

/** The type of a valid value as it is written in the file. */
export type Written<D> =
  D extends KeyDefinition<infer T>
    ? NonNullable<T>
    : D extends { kind: "table"; keys: infer K; infer?: () => infer T }
      ? WrittenKeys<K> | (unknown extends T ? never : T)
      : D extends { kind: "map"; each: infer E }
        ? Record<string, Written<E>>
        : D extends { kind: "list"; keys: infer K }
          ? WrittenKeys<K>[]
          : never;

type WrittenKeys<K> = {
  [P in keyof K as K[P] extends { required: true } ? P : never]: Written<K[P]>;
} & { [P in keyof K as K[P] extends { required: true } ? never : P]?: Written<K[P]> };

/**
 * The values in force of a table's keys, by their names in camelCase. A missing map or array of tables is empty,
 * a missing table is null.
 */
export type ValuesInForce<K> = {
  [P in keyof K & string as CamelCase<P>]: K[P] extends KeyDefinition<infer T>
    ? T
    : K[P] extends { kind: "map" | "list" }
      ? Written<K[P]>
      : Written<K[P]> | null;
};

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** The value in force of one key; `written` is its valid value in the file, undefined when it is missing. */
export function valueInForce(definition: TomlDefinition, written: unknown): unknown {
  if (definition.kind === "map") return written ?? {};
  if (definition.kind === "list") return written ?? [];
  if (definition.kind === "table") return written ?? null;
  const missing =
    written === undefined ||
    (definition.type.blankIsMissing && typeof written === "string" && written.trim() === "");
  return missing ? definition.default : written;
}

/** The values in force of a table, `written` being the valid table of the file. */
export function valuesInForce<K extends Keys>(
  keys: K,
  written: Readonly<Record<string, unknown>> = {},
): ValuesInForce<K> {
  const values = Object.entries(keys).map(([name, definition]) => [
    camelKey(name),
    valueInForce(definition, written[name]),
  ]);
  return Object.fromEntries(values);
}

/** The description of a key, with its unit. */
export function describe(definition: TomlDefinition): string {
  const { description } = definition;
  const unit = definition.kind === "key" ? definition.unit : null;
  return unit === null ? description : `${description}, in ${unit}`;
}
