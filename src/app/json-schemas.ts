/**
 * JSON Schemas (2020-12) of project.toml, of plan files and of the lines of `--ndjson`, generated from the key
 * definitions and the event catalog. For editors; dgov does not read them.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { ownPath, ownRoot } from "../config/find.ts";
import type { JsonSchema } from "../config/schema.ts";
import { DgovError } from "../error.ts";
import { readText, replaceFile } from "../std/files.ts";

export const schemaNames = ["project", "plan", "events"] as const;
export type SchemaName = (typeof schemaNames)[number];

const dialect = "https://json-schema.org/draft/2020-12/schema";

export async function jsonSchema(name: SchemaName): Promise<JsonSchema> {
  if (name === "project") return projectJsonSchema();
  return name === "plan" ? planJsonSchema() : eventsJsonSchema();
}

async function projectJsonSchema(): Promise<JsonSchema> {
  const { tableJsonSchema } = await import("../config/schema.ts");
  const { projectKeys } = await import("../config/project-keys.ts");
  const schema = tableJsonSchema(projectKeys);
  return { ...schema, $schema: dialect, title: "dgov: .dgov/project.toml" };
}

/** One schema for `_root.toml` and task files, so that the same `#:schema` line works in both. */
async function planJsonSchema(): Promise<JsonSchema> {
  const { tableJsonSchema } = await import("../config/schema.ts");
  const { planFileTables } = await import("../plan/plan-keys.ts");
  const { properties } = tableJsonSchema(planFileTables, { defaults: "described" });
  return {
    $schema: dialect,
    title: "dgov: _root.toml and task files of a plan",
    type: "object",
    ...(properties === undefined ? {} : { properties }),
    additionalProperties: false,
    not: { required: ["plan", "tasks"] },
  };
}

async function eventsJsonSchema(): Promise<JsonSchema> {
  const { eventCatalog } = await import("../log/event-catalog.ts");
  const kinds = Object.entries(eventCatalog);
  const nullable = (type: string): JsonSchema => ({ type: [type, "null"] });
  return {
    $schema: dialect,
    title: "dgov: one line of dgov watch --ndjson",
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

/** The schema of a type of the event catalog: `string[]`, `number or null`, `"bare" or "continue"`, `string?`. */
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

/** Folder of the schemas for editors among dgov's own files; not tracked by git. */
const folder = ".dgov/schema";

/** The schemas for editors that are missing or out of date, by name among the own files, and their texts. */
async function schemasToWrite(projectRoot: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const name of ["project", "plan"] as const) {
    const text = `${JSON.stringify(await jsonSchema(name), null, 2)}\n`;
    if (readText(ownPath(projectRoot, `${folder}/${name}.json`)) === text) continue;
    texts.set(`${folder}/${name}.json`, text);
  }
  return texts;
}

/** Names of the schemas that are missing or out of date. */
export async function outdatedSchemas(projectRoot: string): Promise<string[]> {
  return [...(await schemasToWrite(projectRoot)).keys()];
}

/**
 * Writes the schemas that are missing or out of date. Returns their names among the own files. Throws
 * REFUSED when the folder is a link, since the files would be outside the project.
 */
export async function writeSchemas(projectRoot: string): Promise<string[]> {
  const own = ownRoot(projectRoot);
  const dir = join(own, folder);
  mkdirSync(dir, { recursive: true });
  if (realpathSync(dir) !== join(realpathSync(own), folder)) {
    throw new DgovError("REFUSED", `${folder} is a link that leaves the project`);
  }
  const texts = await schemasToWrite(projectRoot);
  for (const [path, text] of texts) replaceFile(join(own, path), text);
  return [...texts.keys()];
}
