/**
 * JSON Schema (2020-12) of what people write and of what `--ndjson` prints, made from the types that
 * check them. Editors complete, explain and check by it; dgov itself never reads it.
 */
import { mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planDescriptions, projectDescriptions } from "../config/descriptions.ts";
import { DgovError } from "../error.ts";

/** A schema, or a part of one. */
export interface JsonSchema {
  [key: string]: unknown;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
}

export const schemaNames = ["project", "plan", "events"] as const;
export type SchemaName = (typeof schemaNames)[number];

const dialect = "https://json-schema.org/draft/2020-12/schema";

/** The schema of that name. */
export async function jsonSchema(name: SchemaName): Promise<JsonSchema> {
  if (name === "project") return projectJsonSchema();
  return name === "plan" ? planJsonSchema() : eventsJsonSchema();
}

async function projectJsonSchema(): Promise<JsonSchema> {
  const { projectSchema } = await import("../config/schema.ts");
  const schema = withWords(projectSchema.toJsonSchema() as JsonSchema, projectDescriptions);
  const title = "dgov: .dgov/project.toml";
  return { ...schema, $schema: dialect, title, ...withDefaults(schema, await defaults()) };
}

/** One schema for `_root.toml` and task files, so that one line names it in both. */
async function planJsonSchema(): Promise<JsonSchema> {
  const { rootSchema, taskFileSchema } = await import("../plan/schema.ts");
  const [root, file] = [rootSchema, taskFileSchema].map((s) => s.toJsonSchema() as JsonSchema);
  const whole: JsonSchema = {
    $schema: dialect,
    title: "dgov: _root.toml and task files of a plan",
    type: "object",
    properties: { ...root?.properties, ...file?.properties },
    additionalProperties: false,
    not: { required: ["plan", "tasks"] },
  };
  return withWords(whole, planDescriptions);
}

async function eventsJsonSchema(): Promise<JsonSchema> {
  const { eventCatalog } = await import("../log/event-catalog.ts");
  const kinds = Object.entries(eventCatalog);
  const nullable = (type: string): JsonSchema => ({ type: [type, "null"] });
  return {
    $schema: dialect,
    title: "dgov: one line of --ndjson",
    description: "Kinds and fields may be added.",
    type: "object",
    properties: {
      schema: { const: "dgov.event/1" },
      seq: { type: "integer", description: "Place in the log; grows, never reused" },
      ts: { type: "string", format: "date-time" },
      run: { type: "string" },
      plan: { type: "string" },
      unit: nullable("string"),
      attempt: nullable("integer"),
      type: { anyOf: [{ enum: kinds.map(([kind]) => kind) }, { type: "string" }] },
      data: { type: "object" },
    },
    required: ["schema", "seq", "ts", "run", "plan", "unit", "attempt", "type", "data"],
    allOf: kinds.map(([kind, { description, fields }]) => ({
      if: { properties: { type: { const: kind } } },
      // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
      then: { description, properties: { data: dataSchema(fields) } },
    })),
  };
}

function dataSchema(fields: Readonly<Record<string, readonly [string, string]>>): JsonSchema {
  const entries = Object.entries(fields);
  return {
    type: "object",
    properties: Object.fromEntries(
      entries.map(([name, [type, means]]) => [name, { ...typeSchema(type), description: means }]),
    ),
    required: entries.filter(([, [type]]) => !type.endsWith("?")).map(([name]) => name),
  };
}

/** The catalog's types in words: `string[]`, `number or null`, `"bare" or "continue"`, `string?`. */
export function typeSchema(words: string): JsonSchema {
  const parts = words.replace(/\?$/, "").split(/\s*,\s*|\s+or\s+/);
  const quoted = parts.map((part) => /^"(.*)"$/.exec(part)?.[1]);
  if (quoted.every((value) => value !== undefined)) return { enum: quoted };
  const schemas = parts.map((part): JsonSchema => {
    const list = /^(\w+)\[\]$/.exec(part)?.[1];
    if (list !== undefined) return { type: "array", items: typeSchema(list) };
    return part === "any" ? {} : { type: part };
  });
  const [only] = schemas;
  return schemas.length === 1 && only !== undefined ? only : { anyOf: schemas };
}

/** The schema with a description wherever the table has words. */
function withWords(
  schema: JsonSchema,
  words: Readonly<Record<string, string>>,
  path = "",
): JsonSchema {
  const said = words[path];
  const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const { properties, additionalProperties: any, anyOf } = schema;
  return {
    ...(said === undefined ? {} : { description: said }),
    ...schema,
    ...(properties === undefined
      ? {}
      : { properties: mapValues(properties, (one, key) => withWords(one, words, below(key))) }),
    ...(typeof any === "object" ? { additionalProperties: withWords(any, words, below("*")) } : {}),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map((one) => withWords(one, words, path)) }),
  };
}

/** What holds when a key is left out, by its dotted name; a name of the machine's is left out. */
async function defaults(): Promise<Map<string, unknown>> {
  const { parseConfig } = await import("../config/load.ts");
  const { settingsInForce } = await import("../config/settings.ts");
  const written = { providers: { x: { base_url: "http://localhost", api_key_env: "X" } } };
  const text = '[providers.x]\nbase_url = "http://localhost"\napi_key_env = "X"\n';
  const loaded = parseConfig(text, "/");
  if (!loaded.ok) return new Map();
  const known = settingsInForce(loaded.config, written).filter(
    ({ key, value, source }) => source === "default" && value !== null && key !== "run.max_gates",
  );
  return new Map(
    known.map(({ key, value }) => [key.replace("providers.x.", "providers.*."), value]),
  );
}

function withDefaults(
  schema: JsonSchema,
  values: ReadonlyMap<string, unknown>,
  path = "",
): JsonSchema {
  const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const { properties, additionalProperties: any } = schema;
  return {
    ...schema,
    ...(values.has(path) ? { default: values.get(path) } : {}),
    ...(properties === undefined
      ? {}
      : { properties: mapValues(properties, (one, key) => withDefaults(one, values, below(key))) }),
    ...(typeof any === "object"
      ? { additionalProperties: withDefaults(any, values, below("*")) }
      : {}),
  };
}

function mapValues<T>(record: Record<string, T>, to: (value: T, key: string) => T) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value, key)]));
}

/** Where editors find the schemas, relative to the project root; derived, so not tracked. */
const folder = ".dgov/schema";

/**
 * Writes the schemas editors use where they are missing or out of date; gives the paths written.
 * REFUSED when the folder is a link: what is written there might be anywhere.
 */
export async function writeSchemas(projectRoot: string): Promise<string[]> {
  const dir = join(projectRoot, folder);
  mkdirSync(dir, { recursive: true });
  if (realpathSync(dir) !== join(realpathSync(projectRoot), folder)) {
    throw new DgovError("REFUSED", `${folder} leads out of the project`);
  }
  const written: string[] = [];
  for (const name of ["project", "plan"] as const) {
    const path = join(dir, `${name}.json`);
    const text = `${JSON.stringify(await jsonSchema(name), null, 2)}\n`;
    if (textAt(path) === text) continue;
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    written.push(`${folder}/${name}.json`);
  }
  return written;
}

function textAt(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
