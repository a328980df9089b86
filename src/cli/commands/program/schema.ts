/** `dgov schema`: prints the JSON Schema of project.toml, plan files or lines of `--ndjson`. */
import { jsonSchema, schemaNames } from "../../../app/json-schemas.ts";
import { suggest } from "../../../std/suggest.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";

export default command({
  name: "schema",
  description: "Print a JSON Schema",
  args: {
    name: {
      type: "positional",
      required: true,
      valueHint: schemaNames.join("|"),
      description: "The schema of project.toml, of plan files, or of a line of dgov watch --ndjson",
    },
  },
  examples: ["dgov schema project", "dgov schema plan > plan.json", "dgov schema events"],
  async run(context, args) {
    const name = schemaNames.find((known) => known === args.name);
    if (name === undefined) {
      const near = suggest(args.name, schemaNames);
      const hint = near === null ? `one of ${schemaNames.join(", ")}` : `did you mean ${near}?`;
      throw usageError(`no schema ${args.name}`, hint);
    }
    const schema = await jsonSchema(name);
    const document = { schema: "dgov.schema/1", name, json_schema: schema };
    context.output.answer(document, JSON.stringify(schema, null, 2));
    return 0;
  },
});
