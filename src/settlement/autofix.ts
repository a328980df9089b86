/**
 * The project's own formatter and fixer, run on what an attempt changed; only its own lines keep
 * what they did. How the commands end does not matter: the gates judge.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBlobAt } from "../git/diff.ts";
import type { Change } from "../git/snapshot.ts";
import type { AttemptTree } from "../git/worktree.ts";
import { runShell } from "../process/spawn.ts";
import type { SettlementContext } from "./context.ts";
import { fillIn } from "./gates/command.ts";
import { keepFixes } from "./line-merge.ts";

/** Fixes the claimed changed source files in the worktree; gives those that changed (repo-relative). */
export async function autofix(
  c: SettlementContext,
  o: { tree: AttemptTree; changes: readonly Change[]; marker: string },
): Promise<string[]> {
  const commands = [c.config.commands.lintFix, c.config.commands.format].flatMap((text) =>
    // A command that takes no files would change everybody's.
    text !== null && /\{files?\}/.test(text) ? [text] : [],
  );
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  const files = o.changes.filter(
    (change) =>
      change.kind === "file" &&
      change.status !== "deleted" &&
      change.path.startsWith(prefix) &&
      c.config.sourceExtensions.some((extension) => change.path.endsWith(extension)),
  );
  if (commands.length === 0 || files.length === 0) return [];
  const before = new Map(files.map(({ path }) => [path, readText(join(o.tree.path, path))]));
  const names = files.map(({ path }) => path.slice(prefix.length));
  for (const text of commands) {
    const command = fillIn(c, text, names);
    if (command === null) continue;
    await runShell({
      command,
      cwd: join(o.tree.path, c.projectDir),
      env: c.environment,
      timeoutMs: c.config.settlementTimeoutS * 1000,
      outputBytesMax: 256 * 1024,
      marker: o.marker,
      signal: c.signal,
    });
  }
  const fixed: string[] = [];
  for (const { path, status } of files) {
    const attempt = before.get(path) ?? null;
    const after = readText(join(o.tree.path, path));
    if (attempt === null || after === null || attempt === after) continue;
    const base = status === "added" ? null : await readBlobAt(c.repository, o.tree.base, path);
    const text = keepFixes({ base: base === null ? null : decode(base), attempt, fixed: after });
    writeFileSync(join(o.tree.path, path), Buffer.from(text, "latin1"));
    if (text !== attempt) fixed.push(path);
  }
  return fixed;
}

/** Bytes as text, one character each: whatever they are, they come back the same. */
function readText(path: string): string | null {
  return existsSync(path) ? decode(readFileSync(path)) : null;
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
