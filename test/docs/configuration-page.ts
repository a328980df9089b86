/** `docs/configuration.md`: every key of project.toml, generated from the schema that checks it. */
import { type JsonSchema, jsonSchema } from "../../src/app/json-schemas.ts";
import { table } from "./table.ts";

export interface Key {
  /** Dotted path; `*` stands for any name. */
  key: string;
  type: string;
  /** Default value as TOML text; "" when the key has none. */
  default: string;
  means: string;
  /** Whether the key is a table with keys of its own. */
  table: boolean;
}

/** Every table and key of project.toml, in schema order. */
export async function configurationKeys(): Promise<Key[]> {
  return keysOf(await jsonSchema("project"), [], "");
}

/** `inherited` describes the parent table; it is used for user-chosen names, which have no description. */
function keysOf(schema: JsonSchema, path: string[], inherited: string): Key[] {
  const any = schema.additionalProperties;
  const named = Object.entries(schema.properties ?? {});
  const inner: [string, JsonSchema][] = typeof any === "object" ? [...named, ["*", any]] : named;
  const deep = path.length < 3 && inner.some(([, one]) => one["type"] === "object");
  const self: Key = {
    key: path.join("."),
    type: typeOf(schema),
    default: defaultOf(path, schema),
    means: String(schema["description"] ?? (path.at(-1) === "*" ? inherited : "")),
    table: path.length === 1 || deep || (path.length === 2 && path[1] === "*" && named.length > 0),
  };
  const below = self.table || path.length === 0;
  return [
    ...(path.length === 0 ? [] : [self]),
    ...(below ? inner.flatMap(([name, one]) => keysOf(one, [...path, name], self.means)) : []),
  ];
}

/** Defaults that are not in the schema, because they depend on the machine or on other keys. */
const derivedDefaults: Readonly<Record<string, string>> = {
  "run.max_gates": "number of cores",
  "project.provider": "the only one",
  "worktree.setup": "`setup_cmd`",
  "worktree.root": "the user's cache",
  "worktree.copy": "detected",
};

function defaultOf(path: string[], schema: JsonSchema): string {
  const value = schema["default"];
  if (value === undefined) return derivedDefaults[path.join(".")] ?? "";
  const text = JSON.stringify(value);
  return `\`${text}\``;
}

function typeOf(schema: JsonSchema): string {
  const { type, anyOf } = schema;
  const choices = schema["enum"];
  if (Array.isArray(choices))
    return choices.map((one) => `\`${JSON.stringify(one)}\``).join(" or ");
  if ("const" in schema) return `\`${JSON.stringify(schema["const"])}\``;
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(" or ");
  if (type === "array") return `list of ${typeOf((schema["items"] ?? {}) as JsonSchema)}s`;
  if (type === "object") return "table";
  return type === undefined ? "anything" : String(type);
}

const columns = ["key", "type", "default", "means"];

/** Text of the page. */
export async function configurationPage(): Promise<string> {
  const keys = await configurationKeys();
  const sections = keys.filter((one) => one.table);
  const text = sections.map((section) => {
    const depth = section.key.split(".").length;
    const own = keys.filter(
      (one) =>
        !one.table &&
        one.key.startsWith(`${section.key}.`) &&
        one.key.split(".").length === depth + 1,
    );
    const rows = own.map((one) => ({
      ...one,
      key: `\`${one.key.slice(section.key.length + 1)}\``,
    }));
    const head = `## [${section.key.replaceAll("*", "NAME")}]`;
    const lead = section.means === "" ? "" : `\n\n${section.means}.`;
    return rows.length === 0
      ? null
      : `${head}${lead}\n\n${table(["key", "type", "default", "meaning"], rows, columns)}`;
  });
  return `# Configuration

\`dgov init\` writes \`.dgov/project.toml\`. Every command that reads it checks it: an unknown key is an
error with file and line. \`dgov doctor --config\` prints every setting in effect and its source. \`dgov
schema project\` prints the JSON Schema for editors.

Commands are shell text; the placeholders \`{files}\`, \`{file}\`, \`{test_dir}\` and \`{output}\` are replaced by
quoted words. A key without a default is optional, and the feature it configures is off when the key is missing.
The file that \`init\` writes sets \`restrict_run_bash\` and \`deny_shell_file_mutations\` to true.

Precedence, highest first: command-line flag, task, plan, this file, default. [Providers](providers.md) describes
how the model and the provider of a task are determined.

${text.filter((one) => one !== null).join("\n\n")}
`;
}
