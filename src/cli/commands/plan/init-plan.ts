/** `dgov init-plan`: creates the files of a new plan. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { writeSchemas } from "../../../app/json-schemas.ts";
import { ownPath } from "../../../config/find.ts";
import { DgovError } from "../../../error.ts";
import { isSafeName, nameRule } from "../../../plan/names.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";

export default command({
  name: "init-plan",
  description: "Scaffold a plan",
  args: {
    name: {
      type: "positional",
      required: true,
      valueHint: "NAME",
      description: "Name of the plan",
    },
    sections: {
      type: "string",
      valueHint: "a,b",
      description: "Sections, separated by commas; default `tasks`",
    },
    force: { type: "boolean", description: "Overwrite the files of the scaffold" },
  },
  examples: ["dgov init-plan my-plan", "dgov init-plan my-plan --sections backend,frontend"],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const sections = [...new Set((args.sections ?? "tasks").split(",").map((s) => s.trim()))];
    for (const name of [args.name, ...sections]) {
      if (!isSafeName(name)) {
        throw usageError(
          `invalid ${name === args.name ? "plan" : "section"} name "${name}"`,
          nameRule,
        );
      }
    }
    const dir = ownPath(projectRoot, `.dgov/plans/${args.name}`);
    if (existsSync(dir) && !args.force) {
      throw new DgovError("REFUSED", `plan ${args.name} already exists`, {
        hint: "choose another name, or overwrite its scaffold with --force",
      });
    }
    const files: Record<string, string> = {
      "_root.toml": rootToml(args.name, sections),
      ...Object.fromEntries(sections.map((section) => [`${section}/_example.toml`, exampleToml])),
    };
    const created = Object.entries(files).map(([name, text]) => {
      const path = join(dir, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return relative(projectRoot, path);
    });
    await writeSchemas(projectRoot);
    context.output.answer(
      {
        schema: "dgov.init-plan/1",
        status: "initialized",
        name: args.name,
        root: dir,
        sections,
        created,
      },
      [
        ...created.map((path) => `wrote ${path}`),
        `Copy ${relative(projectRoot, dir)}/${sections[0]}/_example.toml to main.toml there and edit it.`,
        `dgov compile ${args.name}`,
      ].join("\n"),
    );
    return 0;
  },
});

function rootToml(name: string, sections: string[]): string {
  const list = sections.map((section) => JSON.stringify(section)).join(", ");
  return `#:schema ../../schema/plan.json

[plan]
name = ${JSON.stringify(name)}
summary = ""
sections = [${list}]
`;
}

const exampleToml = `#:schema ../../../schema/plan.json

# Files beginning with _ are ignored: copy this one to main.toml and edit it.
[tasks.add-feature]
summary = "Add the feature"
prompt = '''
Orient:
Read src/feature.ts. Keep its public API.

Edit:
Say what to change, file by file.

Verify:
Run the tests.
'''
commit_message = "feat: the feature"
files.edit = ["src/feature.ts"]
files.read = ["README.md"]

[tasks.add-tests]
summary = "Test the feature"
prompt = '''
Orient:
Read src/feature.ts.

Edit:
Cover it in test/feature.test.ts.

Verify:
Run the tests.
'''
commit_message = "test: the feature"
files.create = ["test/feature.test.ts"]
files.read = ["src/feature.ts"]
depends_on = ["add-feature"]
`;
