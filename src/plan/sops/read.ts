/** The SOPs of a project: every `.dgov/sops/*.md`. */
import type { Diagnostic } from "../../error.ts";
import { diagnosticAt } from "../diagnostic.ts";
import { joinPath, type PlanFiles } from "../plan-files.ts";
import { parseSop, type Sop } from "./sop.ts";

const folder = ".dgov/sops";

/** All valid SOPs, ordered by file name, and the diagnostics of the others. */
export function readSops(files: PlanFiles): { sops: Sop[]; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const sops = new Map<string, Sop>();
  for (const entry of files.list(folder) ?? []) {
    if (entry.folder || !entry.name.endsWith(".md") || /^[._]/.test(entry.name)) continue;
    const file = joinPath(folder, entry.name);
    const read = files.read(file);
    if (!read.ok) {
      const target = { file, unit: null, positions: null, path: [] };
      diagnostics.push(
        diagnosticAt(target, { code: "unreadable-file", message: `${file} ${read.problem}` }),
      );
      continue;
    }
    const { sop, diagnostics: found } = parseSop(file, read.text);
    diagnostics.push(...found);
    if (sop === null) continue;
    const other = sops.get(sop.name);
    if (other === undefined) sops.set(sop.name, sop);
    else {
      const message = `the SOP name \`${sop.name}\` is already used by ${other.file}`;
      diagnostics.push(diagnosticInSop(sop, "duplicate-sop", message));
    }
  }
  return { sops: [...sops.values()], diagnostics };
}

function diagnosticInSop(sop: Sop, code: string, message: string): Diagnostic {
  return {
    severity: "error",
    code,
    file: sop.file,
    line: sop.nameLine,
    column: 1,
    unit: null,
    message,
    hint: "choose a unique name",
    excerpt: `name: ${sop.name}`,
  };
}
