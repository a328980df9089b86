/** apply_patch: all of a patch, or nothing of it. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { applyHunks, type FilePatch, parsePatch } from "./patch.ts";
import { type ProjectPath, readTextFile, resolveWritePath } from "./paths.ts";
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

type Step =
  | { kind: "write"; place: ProjectPath; text: string }
  | { kind: "delete"; place: ProjectPath };

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
      const planned = plan(file, context);
      if (!Array.isArray(planned)) return planned;
      steps.push(...planned);
    }
    for (const step of steps) {
      if (step.kind === "delete") {
        rmSync(step.place.full);
        continue;
      }
      mkdirSync(dirname(step.place.full), { recursive: true });
      writeFileSync(step.place.full, step.text);
    }
    const paths = parsed.files.map((file) => file.moveTo ?? file.path);
    return toolAnswer(`patched ${paths.join(", ")}`, paths[0] ?? null);
  },
};

function plan(file: FilePatch, { root, request }: ToolContext): Step[] | ToolResult {
  const place = resolveWritePath(root, file.path);
  if (!("full" in place)) return place;
  const refused = claimViolation(
    request,
    place.path,
    file.kind === "delete" || file.moveTo !== null ? "delete" : "write",
  );
  if (refused !== null) return refused;
  if (file.kind === "add") {
    if (existsSync(place.full))
      return toolError("conflict", `${place.path} exists already`, place.path);
    const made = applyHunks("", file.hunks);
    return made.ok
      ? [{ kind: "write", place, text: made.text }]
      : toolError("conflict", `${place.path}: ${made.problem}`, place.path);
  }
  const text = readTextFile(place);
  if (typeof text !== "string") return text;
  if (file.kind === "delete") return [{ kind: "delete", place }];
  const made = applyHunks(text, file.hunks);
  if (!made.ok) return toolError("conflict", `${place.path}: ${made.problem}`, place.path);
  if (file.moveTo === null) return [{ kind: "write", place, text: made.text }];
  const to = resolveWritePath(root, file.moveTo);
  if (!("full" in to)) return to;
  const toRefused = claimViolation(request, to.path);
  if (toRefused !== null) return toRefused;
  if (existsSync(to.full)) return toolError("conflict", `${to.path} exists already`, to.path);
  return [
    { kind: "write", place: to, text: made.text },
    { kind: "delete", place },
  ];
}
