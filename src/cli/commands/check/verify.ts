/** `dgov verify`: lists and runs the named recipes of the project. */
import { type RecipeResult, runRecipes } from "../../../app/working-tree.ts";
import { wholeCommand } from "../../../config/gates.ts";
import { requireConfig } from "../../../config/load.ts";
import { snakeCase } from "../../../std/case.ts";
import { usageError } from "../../args.ts";
import { command, group } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { interruptible } from "../../signals.ts";

const list = command({
  name: "list",
  description: "List the recipes and gates",
  args: {},
  examples: ["dgov verify list"],
  async run(context) {
    const projectRoot = requireProject(context);
    const config = requireConfig(projectRoot);
    const recipes = Object.entries(config.verify).map(([name, recipe]) => ({
      name,
      command: recipe.command,
      description: recipe.description,
    }));
    const gates = config.gates.map((gate) => ({
      name: gate.name,
      command: wholeCommand(gate),
      paths: gate.paths,
    }));
    const lines = [
      ...recipes.map((r) => `${r.name}: ${r.description ?? r.command}`),
      ...gates.map((g) => `${g.name} (gate): ${g.command}`),
    ];
    context.output.answer(
      { schema: "dgov.verify-list/1", recipes, gates },
      lines.length === 0
        ? "no recipes; add [verify.<name>] to .dgov/project.toml"
        : lines.join("\n"),
    );
    return 0;
  },
});

const run = command({
  name: "run",
  description: "Run a recipe or gate, or all recipes",
  args: {
    name: {
      type: "positional",
      required: false,
      valueHint: "NAME",
      description: "Name of the recipe or gate",
    },
    all: { type: "boolean", description: "Run every recipe" },
  },
  examples: ["dgov verify run unit", "dgov verify run --all"],
  async run(context, args) {
    if ((args.name === undefined) === (args.all !== true)) {
      throw usageError("name a recipe, or use --all");
    }
    const wanted = args.name === undefined ? null : [args.name];
    let results: RecipeResult[] = [];
    const code = await interruptible(async (signal) => {
      results = await runRecipes(wanted, {
        projectRoot: requireProject(context),
        env: context.env,
        status: (text) => context.output.log.info(text),
        onOutput: (chunk) => process.stderr.write(chunk),
        signal,
      });
      return 0;
    });
    if (code !== 0) return code;
    const passed = results.every((result) => result.status === "pass");
    context.output.answer(
      {
        schema: "dgov.verify/1",
        status: passed ? "pass" : "fail",
        results: results.map(snakeCase),
      },
      results
        .map((r) => `${r.name}: ${r.status} (${r.exit}, ${(r.durationMs / 1000).toFixed(1)} s)`)
        .join("\n"),
    );
    return passed ? 0 : 1;
  },
});

export default group({
  name: "verify",
  description: "Run the verification recipes of the project",
  subcommands: { list, run },
});
