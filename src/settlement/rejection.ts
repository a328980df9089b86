/** The text of failed gates, which the next attempt is given. Pure. */
import type { GateVerdict } from "./verdict.ts";

/** For every failed gate its command, exit, charged diagnostics and output tail; then the passed gates. */
export function rejectionText(verdicts: readonly GateVerdict[]): string {
  const failed = verdicts.filter((v) => v.status === "failed" || v.status === "errored");
  const passed = verdicts.filter((v) => v.status === "passed" || v.status === "flaky");
  return [...failed.map(renderGate), ...(passed.length > 0 ? [passedLine(passed)] : [])].join(
    "\n\n",
  );
}

/** Diagnostics listed per gate. */
const shownMax = 50;

function renderGate(verdict: GateVerdict): string {
  const lines = [`The ${verdict.gate} gate ${verdict.status}: ${verdict.reason}`];
  if (verdict.command !== null) lines.push(`$ ${verdict.command}`);
  if (verdict.exit !== null) lines.push(`(${verdict.exit})`);
  // The tail of a gate without a command lists its diagnostics with more detail, unless it was cut.
  if (verdict.command === null && /^(?!\[\.\.\.\]\n)\s*\S/.test(verdict.tail)) {
    return [...lines, verdict.tail.trimEnd()].join("\n");
  }
  if (verdict.diagnostics.length > 0) {
    lines.push(verdict.blame === "base" ? "Already on the base:" : "New against the base:");
    for (const d of verdict.diagnostics.slice(0, shownMax)) {
      const place = [d.file, d.line, d.column].filter((part) => part !== null).join(":");
      const code = d.code === "" || d.message.includes(d.code) ? "" : ` [${d.code}]`;
      lines.push(`  ${place === "" ? "" : `${place}: `}${d.message}${code}`);
    }
  }
  const more = verdict.diagnostics.length - shownMax;
  if (more > 0) lines.push(`  and ${more} more`);
  if (verdict.tail.trim() !== "") lines.push("Output:", verdict.tail.trimEnd());
  return lines.join("\n");
}

function passedLine(passed: readonly GateVerdict[]): string {
  const names = passed.map(({ gate, status }) =>
    status === "passed" ? gate : `${gate} (${status})`,
  );
  return `Passed: ${names.join(", ")}`;
}
