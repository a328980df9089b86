/** `dgov init`: what a project needs in `.dgov/`; fills in what is missing and touches nothing else. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Detection } from "../../../config/detect.ts";
import { parseToml } from "../../../config/toml.ts";
import { usageError } from "../../args.ts";
import { type Context, command } from "../../command.ts";
import { confirm } from "../../prompt.ts";
import { interruptible } from "../../signals.ts";
import { renderChecks } from "./doctor.ts";

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
    const { providerPresets } = await import("../../../config/project-toml.ts");
    const presets = Object.keys(providerPresets);
    if (args.provider !== undefined && !presets.includes(args.provider)) {
      throw usageError(`--provider takes ${presets.join(", ")}, not "${args.provider}"`);
    }
    const root = await projectRootFor(context);
    const files = await wantedFiles(context, root, {
      type: type === "auto" ? null : type,
      provider: args.provider ?? null,
      ask: context.interactive && !args.yes,
      force: args.force === true,
    });
    const { writeSchemas } = await import("../../../app/json-schemas.ts");
    const { created, backedUp } = writeFiles(root, files, args.force === true);
    created.push(...(await writeSchemas(root)));
    if (context.interactive && !args.yes) {
      const { offerBaseline } = await import("../../../app/structure.ts");
      await interruptible(async (signal) => {
        const { env, output } = context;
        const status = (text: string): void => output.status(text);
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
    const { runChecks } = await import("../../../app/doctor.ts");
    const rows = await runChecks({ cwd: root, env: context.env, online: false });
    const ready = rows.every((row) => row.state !== "fail");
    context.output.answer(
      { schema: "dgov.init/1", root, created, backed_up: backedUp, checks: rows, ready },
      `${text}\n\n${renderChecks(rows)}`,
    );
    return 0;
  },
});

/** The nearest project, else the repository's root, else here. */
async function projectRootFor(context: Context): Promise<string> {
  const { findProject } = await import("../../../config/find.ts");
  const found = findProject(context.cwd);
  if (found !== null) return found;
  const { openRepository } = await import("../../../git/repository.ts");
  return (await openRepository(context.cwd)).topLevel;
}

const filesMax = 20_000;

async function wantedFiles(
  context: Context,
  root: string,
  o: {
    type: Exclude<(typeof types)[number], "auto"> | null;
    provider: string | null;
    ask: boolean;
    force: boolean;
  },
): Promise<Record<string, string>> {
  const { assets, sopsFor } = await import("../../../assets/index.ts");
  const settled = existsSync(join(root, ".dgov/project.toml")) && !o.force;
  const detection = settled ? null : await detectProject(root, o.type);
  const language = o.type ?? detection?.language ?? writtenLanguage(root);
  const files: Record<string, string> = {
    ".dgov/.gitignore": assets["gitignore.txt"],
    ".dgov/.gitattributes": assets["gitattributes.txt"],
    ".dgov/governor.md": assets["governor.md"],
  };
  for (const [name, text] of Object.entries(sopsFor(language))) {
    files[`.dgov/sops/${name}`] = text;
  }
  if (detection === null) return files;
  const { renderProjectToml, providerPresets } = await import("../../../config/project-toml.ts");
  const { recordTrust } = await import("../../../config/trust.ts");
  context.output.status(`language: ${detection.language} (${detection.because})`);
  const preset = o.provider ?? (o.ask ? await askProvider() : "other");
  const choice = providerPresets[preset as keyof typeof providerPresets];
  // The person who runs init in their own project chooses the endpoint: that is the agreement.
  if (preset !== "other") recordTrust(context.env, choice);
  return { ".dgov/project.toml": renderProjectToml(detection, choice), ...files };
}

/** The language project.toml names; one that names none, or cannot be read, is "unknown". */
function writtenLanguage(root: string): string {
  const parsed = parseToml(readFileSync(join(root, ".dgov/project.toml"), "utf8"));
  const project = parsed.ok ? parsed.value["project"] : undefined;
  const language =
    typeof project === "object" && project !== null && "language" in project
      ? project.language
      : undefined;
  return typeof language === "string" ? language : "unknown";
}

async function detectProject(
  root: string,
  type: Exclude<(typeof types)[number], "auto"> | null,
): Promise<Detection> {
  const { detect } = await import("../../../config/detect.ts");
  const { projectFiles } = await import("../../../app/project-files.ts");
  const read = (path: string): string | null =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : null;
  return detect({ files: await projectFiles(root, filesMax), read }, type);
}

async function askProvider(): Promise<string> {
  const { select } = await import("../../prompt.ts");
  return select("Which endpoint do the workers talk to?", [
    { value: "openai", label: "OpenAI", hint: "OPENAI_API_KEY" },
    { value: "fireworks", label: "Fireworks", hint: "FIREWORKS_API_KEY" },
    { value: "other", label: "Another one", hint: "edit .dgov/project.toml afterwards" },
  ]);
}

function writeFiles(
  root: string,
  files: Record<string, string>,
  force: boolean,
): { created: string[]; backedUp: string[] } {
  const created: string[] = [];
  const backedUp: string[] = [];
  const stamp = new Date().toISOString().replace(/[-:.]/g, "").slice(0, 15);
  for (const [path, text] of Object.entries(files)) {
    const full = join(root, path);
    if (existsSync(full)) {
      if (!force || readFileSync(full, "utf8") === text) continue;
      const kept = join(".dgov/runtime/backup", stamp, path.slice(".dgov/".length));
      mkdirSync(dirname(join(root, kept)), { recursive: true });
      copyFileSync(full, join(root, kept));
      backedUp.push(kept);
    }
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    created.push(path);
  }
  return { created, backedUp };
}
