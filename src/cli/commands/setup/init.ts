/** `dgov init`: sets up dgov's own files; creates missing files and changes no others. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { runChecks } from "../../../app/doctor/checks.ts";
import { initOwnRoot, initProject, initRoot, type ProviderPreset } from "../../../app/init.ts";
import { offerBaseline } from "../../../app/structure.ts";
import { configFile, projectPath } from "../../../config/find.ts";
import { command } from "../../command.ts";
import { confirm, select } from "../../prompt.ts";
import { interruptible } from "../../signals.ts";
import { renderChecks } from "./doctor.ts";

const types = [
  "auto",
  "python",
  "javascript",
  "typescript",
  "rust",
  "go",
  "java",
  "swift",
  "unknown",
] as const;

export default command({
  name: "init",
  description: "Set up .dgov in this project",
  args: {
    force: { type: "boolean", description: "Overwrite existing files, keeping backups" },
    yes: { type: "boolean", alias: "y", description: "Do not prompt" },
    projectType: {
      type: "enum",
      options: [...types],
      default: "auto",
      description: "Language of the project",
    },
    provider: {
      type: "enum",
      options: ["openai", "fireworks", "other"],
      description: "Model provider",
    },
    here: {
      type: "boolean",
      description: "Set up this folder, not the root of the repository",
    },
    local: {
      type: "boolean",
      description: "Keep all files below the git directory, so that nothing of dgov is committed",
    },
    preflight: {
      type: "boolean",
      description: "Run the checks of dgov doctor afterwards",
    },
  },
  examples: [
    "dgov init",
    "dgov init -y --provider openai",
    "dgov init --project-type python --preflight",
    "dgov init --here",
    "dgov init --local",
  ],
  async run(context, args) {
    const { projectType, provider } = args;
    const prompts = context.interactive && !args.yes;
    const root = await initRoot(context.cwd, { here: args.here === true });
    if (!isSameFolder(root, context.cwd)) {
      context.output.log.info(`setting up ${root}; --here sets up the current folder`);
    }
    const own = initOwnRoot(root, { local: args.local === true });
    if (own !== root && context.env["CI"]) {
      context.output.log.warn("local files end with this clone; a CI job needs a committed .dgov/");
    }
    const { created, backedUp } = await initProject({
      root,
      own,
      env: context.env,
      language: projectType === "auto" ? null : projectType,
      force: args.force === true,
      chooseProvider: async () => provider ?? (prompts ? askProvider() : "other"),
      status: (text) => context.output.log.info(text),
    });
    await interruptible(async (signal) => {
      const { env, output } = context;
      const status = (text: string): void => output.log.info(text);
      const o = { projectRoot: root, env, status, confirm: prompts ? confirm : null, signal };
      created.push(...(await offerBaseline(o)));
      return 0;
    });
    const text =
      created.length === 0
        ? `${projectPath(root, join(own, ".dgov"))} is already set up`
        : [
            ...backedUp.map((path) => `backed up as ${path}`),
            ...created.map((path) => `wrote ${path}`),
            "",
            `Review ${projectPath(root, configFile)}, then run:`,
            "  dgov doctor",
            "  dgov init-plan NAME",
          ].join("\n");
    const document = {
      schema: "dgov.init/1",
      root,
      folder: join(own, ".dgov"),
      local: own !== root,
      created,
      backed_up: backedUp,
    };
    if (!args.preflight) {
      context.output.answer(document, text);
      return 0;
    }
    const { env, interactive } = context;
    const rows = await runChecks({ cwd: root, env, interactive, online: false });
    const ready = rows.every((row) => row.state !== "fail");
    context.output.answer({ ...document, checks: rows, ready }, `${text}\n\n${renderChecks(rows)}`);
    return ready ? 0 : 1;
  },
});

function isSameFolder(one: string, other: string): boolean {
  return realpathSync(one) === realpathSync(other);
}

async function askProvider(): Promise<ProviderPreset> {
  return select("Which model provider do workers use?", [
    { value: "openai", label: "OpenAI", hint: "OPENAI_API_KEY" },
    { value: "fireworks", label: "Fireworks", hint: "FIREWORKS_API_KEY" },
    { value: "other", label: "Other", hint: "edit .dgov/project.toml afterwards" },
  ]);
}
