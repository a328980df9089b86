/** `docs/configuration.md`: every key of project.toml, generated from the definitions of the keys. */
import { describe, type Keys, type TomlDefinition, type ValueType } from "../../src/config/keys.ts";
import { projectKeys } from "../../src/config/project-keys.ts";
import { table } from "./table.ts";

export interface Key {
  /** Dotted path; `*` matches any name. */
  key: string;
  type: string;
  /** Default value as TOML text; "" when the key has none. */
  default: string;
  means: string;
  /** True for a table with keys of its own. */
  table: boolean;
  /** True for an array of tables. */
  repeated: boolean;
}

/** Every table and key of project.toml, in the order of the definitions. */
export function configurationKeys(): Key[] {
  return keysOf(projectKeys, [], "");
}

function keysOf(keys: Keys, path: readonly string[], inherited: string): Key[] {
  return Object.entries(keys).flatMap(([name, definition]) => {
    const below = [...path, name];
    const means = describe(definition) || inherited;
    // A table within a named table is documented as one key.
    const isTable = definition.kind !== "key" && below.length < 3;
    const self: Key = {
      key: below.join("."),
      type: typeOf(definition),
      default: defaultOf(definition),
      means,
      table: isTable,
      repeated: definition.kind === "list",
    };
    if (!isTable) return [self];
    const inner = definition.kind === "map" ? { "*": definition.each } : definition.keys;
    return [self, ...keysOf(inner, below, means)];
  });
}

function defaultOf(definition: TomlDefinition): string {
  if (definition.kind === "map") return definition.emptyByDefault ? "`{}`" : "";
  if (definition.kind === "table" || definition.kind === "list") return "";
  if (definition.derivedDefault !== null) return definition.derivedDefault;
  return definition.default === null ? "" : `\`${JSON.stringify(definition.default)}\``;
}

function typeOf(definition: TomlDefinition): string {
  return definition.kind === "key" ? typeName(definition.type) : "table";
}

/** The type without its article, values in code spans. */
function typeName({ name }: ValueType<unknown>): string {
  return name.replace(/^a /, "").replace(/"[^"]*"/g, (value) => `\`${value}\``);
}

const columns = ["key", "type", "default", "means"];

/** Text of the page. */
export function configurationPage(): string {
  const keys = configurationKeys();
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
    const name = `[${section.key.replaceAll("*", "NAME")}]`;
    const head = `## ${section.repeated ? `[${name}]` : name}`;
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
