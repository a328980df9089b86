/** What of the ledger concerns a task: open entries whose paths overlap its claims. Pure. */
import { overlaps } from "../claims/overlap.ts";
import { parseClaims } from "../claims/path.ts";
import type { Entry } from "../ledger/entry.ts";
import { type CompiledTask, writeClaims } from "../plan/compiled.ts";
import { delimited } from "../std/fence.ts";
import { compareText } from "../std/order.ts";

/** Entries, and characters of them all, that one prompt gets. */
const entriesMax = 20;
const charsMax = 16 * 1024;
const entryCharsMax = 2000;

const weights = { high: 0, normal: 1, low: 2 } as const;

/** Open entries about what the task reads or writes; the gravest first, then the newest. */
export function entriesFor(
  entries: readonly Entry[],
  { claims }: Pick<CompiledTask, "claims">,
): Entry[] {
  const own = parseClaims([...writeClaims(claims), ...claims.read]);
  const concerned = (entry: Entry): boolean =>
    parseClaims(entry.paths).some((path) => own.some((claim) => overlaps(path, claim)));
  return entries
    .filter((entry) => entry.status === "open" && concerned(entry))
    .sort(
      (a, b) =>
        weights[a.severity] - weights[b.severity] ||
        compareText(b.openedAt, a.openedAt) ||
        compareText(a.id, b.id),
    );
}

/** The section of a prompt, fenced and bounded; what is left out is said. "" without entries. */
export function ledgerSection(entries: readonly Entry[]): string {
  if (entries.length === 0) return "";
  const shown: string[] = [];
  let chars = 0;
  for (const { category, severity, paths, text } of entries.slice(0, entriesMax)) {
    const grave = severity === "normal" ? "" : `, ${severity}`;
    const cut = text.length > entryCharsMax ? `${text.slice(0, entryCharsMax)} [cut]` : text;
    const entry = `- ${category}${grave} (${paths.join(", ")}): ${cut.replaceAll("\n", "\n  ")}`;
    chars += entry.length;
    if (chars > charsMax) break;
    shown.push(entry);
  }
  const left = entries.length - shown.length;
  if (left > 0) shown.push(`[${left} more were left out]`);
  return [
    "The project's ledger, of the paths you claim. Follow its rules; do not mend what you were not asked to.",
    delimited("ledger", shown.join("\n"), charsMax + 1024),
  ].join("\n");
}
