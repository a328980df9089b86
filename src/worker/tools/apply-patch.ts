/** The tool apply_patch: applies a whole patch or changes nothing. */
import { existsSync, rmSync } from "node:fs";
import { applyHunks, type FilePatch, parsePatch } from "./patch.ts";
import { type ProjectPath, readTextFile, resolveWritePath, writeOrRestore } from "./paths.ts";
import {
  argumentSchema,
  claimViolation,
  type Tool,
  type ToolContext,
  type ToolResult,
  toolAnswer,
  toolError,
  workerOnly,
} from "./tool.ts";

/** One change of a file that the patch makes. */
type Step =
  | { kind: "write"; target: ProjectPath; text: string }
  | { kind: "delete"; target: ProjectPath };

export const applyPatch: Tool = {
  name: "apply_patch",
  description:
    "Apply a unified diff or a *** Begin Patch patch. Every hunk must match exactly once; otherwise nothing is changed.",
  parameters: argumentSchema({
    patch: { type: "string", description: "the patch" },
    "path?": { type: "string", description: "the file, for a diff without --- and +++ lines" },
  }),
  roles: workerOnly,
  async run(a, context) {
    const parsed = parsePatch(
      String(a["patch"]),
      a["path"] === undefined ? null : String(a["path"]),
    );
    if (!parsed.ok) return toolError("invalid_arguments", parsed.problem);
    const steps: Step[] = [];
    for (const file of parsed.files) {
      const planned = stepsFor(file, context);
      if (!Array.isArray(planned)) return planned;
      steps.push(...planned);
    }
    for (const step of steps) {
      if (step.kind === "delete") {
        rmSync(step.target.full);
        continue;
      }
      writeOrRestore(step.target.full, step.text);
    }
    const paths = parsed.files.map((file) => file.moveTo ?? file.path);
    return toolAnswer(`patched ${paths.join(", ")}`, paths[0] ?? null);
  },
};

/** The steps of one file of a patch, or the error. Changes nothing. */
function stepsFor(file: FilePatch, { root, request }: ToolContext): Step[] | ToolResult {
  const target = resolveWritePath(root, file.path);
  if (!("full" in target)) return target;
  const refused = claimViolation(
    request,
    target.path,
    file.kind === "delete" || file.moveTo !== null ? "delete" : "write",
  );
  if (refused !== null) return refused;
  if (file.kind === "add") {
    if (existsSync(target.full))
      return toolError("conflict", `${target.path} already exists`, target.path);
    const applied = applyHunks("", file.hunks);
    return applied.ok
      ? [{ kind: "write", target, text: applied.text }]
      : toolError("conflict", `${target.path}: ${applied.problem}`, target.path);
  }
  const text = readTextFile(target);
  if (typeof text !== "string") return text;
  if (file.kind === "delete") return [{ kind: "delete", target }];
  const applied = applyHunks(text, file.hunks);
  if (!applied.ok) return toolError("conflict", `${target.path}: ${applied.problem}`, target.path);
  if (file.moveTo === null) return [{ kind: "write", target, text: applied.text }];
  const to = resolveWritePath(root, file.moveTo);
  if (!("full" in to)) return to;
  const toRefused = claimViolation(request, to.path);
  if (toRefused !== null) return toRefused;
  if (existsSync(to.full)) return toolError("conflict", `${to.path} already exists`, to.path);
  return [
    { kind: "write", target: to, text: applied.text },
    { kind: "delete", target },
  ];
}
