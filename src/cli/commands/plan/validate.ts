/** `dgov validate`: runs every check of compile on a plan tree or a compiled file, without writing. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { checkCompiledFile, checkSource } from "../../../app/compile.ts";
import { ownRoot } from "../../../config/find.ts";
import { requireConfig } from "../../../config/load.ts";
import type { Diagnostic } from "../../../error.ts";
import { compiledName } from "../../../plan/compiled-file.ts";
import { resolvePlan } from "../../../plan/locate.ts";
import { renderDiagnostics } from "../../../std/diagnostics.ts";
import { plural } from "../../../std/text.ts";
import { type Context, command } from "../../command.ts";
import { requireProject } from "../../project.ts";

export default command({
  name: "validate",
  description: "Check a plan without writing",
  args: {
    plan: {
      type: "positional",
      required: false,
      valueHint: "PLAN|FILE",
      description: "Plan name or path, a file of a plan, or a compiled file",
    },
  },
  examples: [
    "dgov validate my-plan",
    "dgov validate my-plan --json",
    "dgov validate .dgov/plans/my-plan/_compiled.toml",
  ],
  async run(context, args) {
    const { name, units, diagnostics } = await checked(context, args.plan);
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    const warnings = diagnostics.length - errors;
    const verdict =
      errors === 0
        ? `${name} is valid: ${plural(units, "unit")}, ${plural(warnings, "warning")}`
        : `${name} is not valid: ${plural(errors, "error")}, ${plural(warnings, "warning")}`;
    context.output.answer(
      { schema: "dgov.validate/1", plan: name, valid: errors === 0, units, diagnostics },
      [...(diagnostics.length > 0 ? [renderDiagnostics(diagnostics), ""] : []), verdict].join("\n"),
    );
    return errors === 0 ? 0 : 1;
  },
});

interface Checked {
  name: string;
  units: number;
  diagnostics: Diagnostic[];
}

async function checked(context: Context, typed: string | undefined): Promise<Checked> {
  const projectRoot = requireProject(context);
  const request = {
    projectRoot,
    config: requireConfig(projectRoot),
    needModels: true,
    env: context.env,
  };
  const path = resolve(context.cwd, typed ?? ".");
  const isFile =
    typed !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const plan = isFile ? planOfSource(path, projectRoot) : (typed ?? null);
  if (isFile && plan === null) return checkCompiledFile({ ...request, path });
  const location = await resolvePlan(projectRoot, plan ?? undefined);
  return { name: location.name, ...(await checkSource({ ...request, location })) };
}

/** The folder of the plan that a file is a source of; null for a compiled file and for one outside of every plan. */
function planOfSource(file: string, projectRoot: string): string | null {
  if (basename(file) === compiledName) return null;
  const roots = [projectRoot, ownRoot(projectRoot)];
  const isBelow = (path: string): boolean => roots.some((root) => path.startsWith(join(root, "/")));
  for (let at = dirname(file); isBelow(at); at = dirname(at)) {
    if (existsSync(join(at, "_root.toml"))) return at;
  }
  return null;
}
