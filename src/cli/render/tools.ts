/** `dgov tools audit` as text. */

import { duration, plural } from "../../std/text.ts";
import type { ToolsView } from "../../views/tools.ts";
import { table } from "./table.ts";

/** A line of totals and a table, most calls first. */
export function renderTools(view: ToolsView): string {
  const { total } = view;
  if (total.calls === 0) return "no tool was called";
  const head =
    `${plural(total.calls, "call")} of ${plural(view.toolCount, "tool")}: ` +
    `${total.failures} failed, ${total.refusals} of them refused; ${total.clipped} results cut, ` +
    `${size(total.bytes)}`;
  const rows = view.tools.map((tool) => [
    tool.tool,
    String(tool.calls),
    `${(tool.failureRate * 100).toFixed(1)} %`,
    String(tool.refusals),
    duration(tool.meanMs),
    duration(tool.maxMs),
    size(tool.bytes),
    tool.roles.join(","),
    tool.errors[0] === undefined ? "" : `${tool.errors[0].kind} (${tool.errors[0].calls})`,
  ]);
  const titles = [
    "tool",
    "calls",
    "failed",
    "refused",
    "mean",
    "max",
    "bytes",
    "roles",
    "top error",
  ];
  const more = view.toolCount - view.tools.length;
  return [
    head,
    "",
    ...table([titles, ...rows]),
    ...(more > 0 ? [`  and ${plural(more, "tool")} more`] : []),
  ].join("\n");
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024
    ? `${(bytes / 1024).toFixed(1)} KiB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
