/** Reads Go's coverage profiles (`go test -coverprofile=...`). Pure. */
import type { RawCoverage, RawReading } from "./report.ts";

const mode = /^mode: (set|count|atomic)$/;
const block = /^(.+):(\d+\.\d+,\d+\.\d+) (\d+) (\d+)$/;

/** The files of a profile, in statements; they are named by import path. */
export function readGoProfile(text: string): RawReading {
  if (!text.endsWith("\n")) return { ok: false, reason: "its last line is cut off" };
  const files = new Map<string, Map<string, { statements: number; hits: number }>>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trimEnd();
    // Profiles that were put together have the first line of each.
    if (line === "" || mode.test(line)) continue;
    const [, path = "", place = "", statements, hits] = block.exec(line) ?? [];
    if (path === "") return { ok: false, reason: `line ${index + 1} is not a block: ${line}` };
    const blocks = files.get(path) ?? new Map<string, { statements: number; hits: number }>();
    files.set(path, blocks);
    // Under -coverpkg every test binary tells of the same block.
    const before = blocks.get(place)?.hits ?? 0;
    blocks.set(place, { statements: Number(statements), hits: Math.max(before, Number(hits)) });
  }
  return { ok: true, files: [...files].map(([path, blocks]) => figures(path, blocks)) };
}

function figures(
  path: string,
  blocks: ReadonlyMap<string, { statements: number; hits: number }>,
): RawCoverage {
  const sum = (some: { statements: number }[]): number =>
    some.reduce((total, { statements }) => total + statements, 0);
  const all = [...blocks.values()];
  return { path, covered: sum(all.filter(({ hits }) => hits > 0)), total: sum(all) };
}

/** The module a go.mod declares; null when it declares none. */
export function goModule(text: string): string | null {
  const [, name = ""] =
    /^[ \t]*module[ \t]+("[^"\n]+"|`[^`\n]+`|[^\s/"`][^\s"`]*)/m.exec(text) ?? [];
  return name.replace(/["`]/g, "") || null;
}
