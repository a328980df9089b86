/** `dgov verify`: the named recipes of the project, run by hand. */
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { DgovError } from "../../error.ts";
import { suggest } from "../../std/suggest.ts";
import { usageError } from "../args.ts";
import { type Context, command, group } from "../command.ts";
import { requireProject } from "../project.ts";
import { interruptible } from "../signals.ts";

const list = command({
  name: "list",
  description: "List the recipes",
  args: {},
  examples: ["dgov verify list"],
  async run(context) {
    const projectRoot = requireProject(context);
    const { requireConfig } = await import("../../config/load.ts");
    const recipes = Object.entries(requireConfig(projectRoot).verify).map(([name, recipe]) => ({
      name,
      command: recipe.command,
      description: recipe.description,
    }));
    const lines = recipes.map((r) => `${r.name}: ${r.description ?? r.command}`);
    context.output.answer(
      { schema: "dgov.verify-list/1", recipes },
      lines.length === 0
        ? "no recipes; add [verify.<name>] to .dgov/project.toml"
        : lines.join("\n"),
    );
    return 0;
  },
});

const run = command({
  name: "run",
  description: "Run a recipe, or all of them",
  args: {
    name: {
      type: "positional",
      required: false,
      valueHint: "NAME",
      description: "Name of the recipe",
    },
    all: { type: "boolean", description: "Run every recipe" },
  },
  examples: ["dgov verify run unit", "dgov verify run --all"],
  async run(context, args) {
    if ((args.name === undefined) === (args.all !== true)) {
      throw usageError("name one recipe, or give --all");
    }
    const projectRoot = requireProject(context);
    const { childVariables } = await import("../../config/environment.ts");
    const { requireConfig } = await import("../../config/load.ts");
    const { childEnvironment } = await import("../../process/environment.ts");
    const config = requireConfig(projectRoot);
    const names = args.all ? Object.keys(config.verify) : [args.name ?? ""];
    for (const name of names) {
      if (Object.hasOwn(config.verify, name)) continue;
      const near = suggest(name, Object.keys(config.verify));
      throw new DgovError("NOT_FOUND", `no recipe ${name}`, {
        hint: near === null ? "dgov verify list" : `did you mean ${near}?`,
      });
    }
    const environment = childEnvironment(context.env, childVariables(config));
    const results: Result[] = [];
    const code = await interruptible(async (signal) => {
      for (const name of names) {
        if (signal.aborted) break;
        results.push(await runRecipe(context, name, { config, projectRoot, environment, signal }));
      }
      return 0;
    });
    if (code !== 0) return code;
    const passed = results.every((result) => result.status === "pass");
    context.output.answer(
      { schema: "dgov.verify/1", status: passed ? "pass" : "fail", results },
      results
        .map((r) => `${r.name}: ${r.status} (${r.exit}, ${(r.duration_ms / 1000).toFixed(1)} s)`)
        .join("\n"),
    );
    return passed ? 0 : 1;
  },
});

interface Result {
  name: string;
  command: string;
  status: "pass" | "fail";
  exit: string;
  duration_ms: number;
  output: string;
  /** Relative to the project; null without `log_name`. */
  log_path: string | null;
}

const outputBytesMax = 1024 * 1024;

/** Runs one recipe; its output is shown on stderr as it comes. */
async function runRecipe(
  context: Context,
  name: string,
  o: {
    config: Config;
    projectRoot: string;
    environment: Record<string, string>;
    signal: AbortSignal;
  },
): Promise<Result> {
  const { runShell } = await import("../../process/spawn.ts");
  const { describeExit, succeeded } = await import("../../process/exit-result.ts");
  const { fillTemplate } = await import("../../settlement/trees/command.ts");
  const { command: text = "", logName = null } = o.config.verify[name] ?? {};
  const [filled = text] = fillTemplate(o.config, text, [
    o.config.srcDir.replace(/\/+$/, "") || ".",
  ]);
  context.output.status(`${name}: ${filled}`);
  const log = logName === null ? null : freshLog(o.projectRoot, basename(logName));
  const done = await runShell({
    command: filled,
    cwd: o.projectRoot,
    env: o.environment,
    timeoutMs: o.config.settlementTimeoutS * 1000,
    outputBytesMax,
    signal: o.signal,
    marker: `verify/${process.pid}`,
    onOutput: (chunk) => process.stderr.write(chunk),
    ...(log === null ? {} : { tee: join(o.projectRoot, log) }),
  });
  return {
    name,
    command: filled,
    status: succeeded(done.result) ? "pass" : "fail",
    exit: describeExit(done.result),
    duration_ms: Math.round(done.durationMs),
    output: done.combined,
    log_path: log,
  };
}

/** Where a recipe's log goes, relative to the project; links the repository may bring are not followed. */
function freshLog(projectRoot: string, name: string): string {
  const folder = ".dgov/runtime/verify";
  mkdirSync(join(projectRoot, folder), { recursive: true });
  if (realpathSync(join(projectRoot, folder)) !== join(realpathSync(projectRoot), folder)) {
    throw new DgovError("REFUSED", `${folder} leads out of the project`);
  }
  rmSync(join(projectRoot, folder, name), { force: true });
  return `${folder}/${name}`;
}

export default group({
  name: "verify",
  description: "Manage the named recipes of the project",
  subcommands: { list, run },
});
