/** `dgov init`: sets up `.dgov/`; fills in what is missing and changes nothing else. */
import { runChecks } from "../../../app/doctor.ts";
import { initProject, initRoot, type ProviderPreset } from "../../../app/init.ts";
import { offerBaseline } from "../../../app/structure.ts";
import { providerPresets } from "../../../config/project-toml.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { confirm, select } from "../../prompt.ts";
import { interruptible } from "../../signals.ts";
import { renderChecks } from "./doctor.ts";

const presets = Object.keys(providerPresets) as ProviderPreset[];

const types = [
  "auto",
  "python",
  "javascript",
  "typescript",
  "rust",
  "go",
  "swift",
  "unknown",
] as const;

export default command({
  name: "init",
  description: "Set up .dgov in this project",
  args: {
    force: { type: "boolean", description: "Write everything again; what was there is backed up" },
    yes: { type: "boolean", alias: "y", description: "Ask nothing" },
    projectType: {
      type: "string",
      valueHint: "T",
      choices: types,
      description: `One of ${types.join(", ")}`,
    },
    provider: {
      type: "string",
      valueHint: "P",
      choices: ["openai", "fireworks", "other"],
      description: "openai, fireworks or other",
    },
    preflight: {
      type: "boolean",
      description: "Check the machine afterwards, as dgov doctor does",
    },
  },
  examples: [
    "dgov init",
    "dgov init -y --provider openai",
    "dgov init --project-type python --preflight",
  ],
  async run(context, args) {
    const type = types.find((known) => known === (args.projectType ?? "auto"));
    if (type === undefined)
      throw usageError(`--project-type takes ${types.join(", ")}, not "${args.projectType}"`);
    const provider = presets.find((known) => known === args.provider);
    if (args.provider !== undefined && provider === undefined) {
      throw usageError(`--provider takes ${presets.join(", ")}, not "${args.provider}"`);
    }
    const asks = context.interactive && !args.yes;
    const root = await initRoot(context.cwd);
    const { created, backedUp } = await initProject({
      root,
      env: context.env,
      language: type === "auto" ? null : type,
      force: args.force === true,
      chooseProvider: async () => provider ?? (asks ? askProvider() : "other"),
      status: (text) => context.output.log.info(text),
    });
    if (asks) {
      await interruptible(async (signal) => {
        const { env, output } = context;
        const status = (text: string): void => output.log.info(text);
        const baseline = await offerBaseline({ projectRoot: root, env, status, confirm, signal });
        if (baseline !== null) created.push(baseline);
        return 0;
      });
    }
    const text =
      created.length === 0
        ? "nothing is missing: .dgov is set up"
        : [
            ...backedUp.map((path) => `kept the old one as ${path}`),
            ...created.map((path) => `wrote ${path}`),
            "",
            "Look at .dgov/project.toml, then:",
            "  dgov doctor",
            "  dgov init-plan NAME",
          ].join("\n");
    if (!args.preflight) {
      context.output.answer({ schema: "dgov.init/1", root, created, backed_up: backedUp }, text);
      return 0;
    }
    const rows = await runChecks({ cwd: root, env: context.env, online: false });
    const ready = rows.every((row) => row.state !== "fail");
    context.output.answer(
      { schema: "dgov.init/1", root, created, backed_up: backedUp, checks: rows, ready },
      `${text}\n\n${renderChecks(rows)}`,
    );
    return 0;
  },
});

async function askProvider(): Promise<ProviderPreset> {
  return select("Which endpoint do the workers talk to?", [
    { value: "openai", label: "OpenAI", hint: "OPENAI_API_KEY" },
    { value: "fireworks", label: "Fireworks", hint: "FIREWORKS_API_KEY" },
    { value: "other", label: "Another one", hint: "edit .dgov/project.toml afterwards" },
  ]);
}
