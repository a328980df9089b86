/** `dgov explain` as text. */

import { moment, words } from "../../std/text.ts";
import type { ExplainView } from "../../views/explain.ts";
import { table } from "./table.ts";

export function renderExplain(view: ExplainView): string {
  const reason = view.reason === "" ? "" : `: ${view.reason}`;
  const lines = [
    `${view.unit} is ${words(view.phase)} since ${moment(view.since)} UTC${reason}`,
    `  ${view.summary} (plan ${view.plan}, run ${view.run}, attempt ${view.attempt})`,
  ];
  if (view.because.length > 0) {
    lines.push("", "because of:");
    lines.push(...table(view.because.map((b) => [b.unit, words(b.phase), b.reason])));
  }
  if (view.rejections.length > 0) {
    lines.push("", "rejections:");
    const rows = view.rejections.map((r) => [`attempt ${r.attempt}`, r.verdict, r.reason]);
    lines.push(...table(rows));
  }
  if (view.history.length > 0) {
    lines.push("", "history:");
    lines.push(...table(view.history.map((h) => [moment(h.at), words(h.to), h.reason])));
  }
  if (view.keptRef !== null) lines.push("", `kept: ${view.keptRef}`);
  if (view.next !== null) lines.push(`next: ${view.next}`);
  return lines.join("\n");
}
