/**
 * Changes of texts in project.toml that leave the rest of the file as a person wrote it. Pure.
 *
 * Lines are replaced, then the result is read back: either it says exactly what the file said before
 * with the changes made, or nothing is given.
 */
import { locateKey } from "./locate.ts";
import { parseToml, stringifyToml } from "./toml.ts";

export type ChangedText =
  | {
      ok: true;
      text: string;
      /** Lines taken out and put in, `-` and `+` before them. */
      diff: string[];
    }
  | { ok: false; problem: string };

/** Sets keys of `[project]`. Keys that have the value already are left alone. */
export function changeProject(
  before: string,
  changes: Readonly<Record<string, string>>,
): ChangedText {
  const parsed = parseToml(before);
  if (!parsed.ok) return { ok: false, problem: "it is not TOML" };
  const project = (parsed.value["project"] ?? {}) as Record<string, unknown>;
  const diff: string[] = [];
  let text = before;
  for (const [key, value] of Object.entries(changes)) {
    if (project[key] === value) continue;
    const line = stringifyToml({ [key]: value }).trimEnd();
    const place = locateKey(text, ["project", key]);
    if (Object.hasOwn(project, key)) {
      text = withLine(text, (place?.line ?? 1) - 1, 1, line);
      diff.push(`-${place?.excerpt ?? ""}`, `+${line}`);
    } else if (place !== null && /^\s*\[\s*project\s*\]/.test(place.excerpt)) {
      text = withLine(text, place.line, 0, line);
      diff.push(`+${line}`);
    } else {
      text = `${text === "" ? "" : `${text.trimEnd()}\n\n`}[project]\n${line}\n`;
      diff.push("+[project]", `+${line}`);
    }
  }
  const after = parseToml(text);
  const wanted = { ...parsed.value, project: { ...project, ...changes } };
  if (after.ok && (diff.length === 0 || Bun.deepEquals(after.value, wanted))) {
    return { ok: true, text, diff };
  }
  return { ok: false, problem: "its lines are written in a way that only a person can change" };
}

/** The text with `removed` lines from `index` on replaced by one. */
function withLine(text: string, index: number, removed: number, line: string): string {
  const lines = text.split("\n");
  lines.splice(index, removed, text.includes("\r\n") ? `${line}\r` : line);
  return lines.join("\n");
}
