/** `docs/configuration.md`: every key of project.toml, from the schema that checks it. */
import { type JsonSchema, jsonSchema } from "../../src/cli/json-schemas.ts";
import { table } from "./table.ts";

export interface Key {
  /** Dotted; `*` is any name. */
  key: string;
  type: string;
  /** As TOML; "" when there is none. */
  default: string;
  means: string;
  /** Has keys of its own. */
  table: boolean;
}

/** Every table and key project.toml may have, in the order of the schema. */
export async function configurationKeys(): Promise<Key[]> {
  return keysOf(await jsonSchema("project"), [], "");
}

/** `inherited` is what the table above says: a name the project chooses has no words of its own. */
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

/** What the schema leaves out because it is the machine's or follows from something else. */
const elsewhere: Readonly<Record<string, string>> = {
  "run.max_gates": "number of cores",
  "project.provider": "the only one",
  "worktree.setup": "`setup_cmd`",
  "worktree.root": "the user's cache",
  "worktree.copy": "detected",
};

function defaultOf(path: string[], schema: JsonSchema): string {
  const value = schema["default"];
  if (value === undefined) return elsewhere[path.join(".")] ?? "";
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

/** The page's text. */
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
    const names = ["key", "type", "default", "means"];
    const head = `## [${section.key.replaceAll("*", "NAME")}]`;
    const said = section.means === "" ? "" : `\n\n${section.means}.`;
    return rows.length === 0 ? null : `${head}${said}\n\n${table(names, rows, names)}`;
  });
  return `# Configuration

\`.dgov/project.toml\` is written by \`dgov init\` and checked on every use: an unknown key is an error
that names file and line. \`dgov doctor --config\` prints every setting in force and who said so; \`dgov
schema project\` is the same table for editors. Commands are shell text; \`{files}\`, \`{file}\`,
\`{test_dir}\` and \`{output}\` stand for quoted words. Where a key has no default it may be left out, and
what it would do is not done.

A flag of a command wins over a task, a task over its plan, a plan over this file, this file over what
its provider says, and that over the default.

${text.filter((one) => one !== null).join("\n\n")}
`;
}
