/**
 * A fingerprint of the parts of the git dir that workers must not change: configuration, hooks, `info/*`,
 * alternates, replace refs, the boundary of a shallow clone and the commit-graph. It is text, so that changes can be shown; values that look like credentials
 * are replaced by digests.
 */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../std/digest.ts";
import { compareText } from "../std/order.ts";
import { inRepository } from "./git.ts";
import type { Repository } from "./repository.ts";

/**
 * The fingerprint as JSON: an object of lines by name (`config`, `hooks/pre-push`). A commit-graph that changed since
 * the fingerprint `earlier` counts as unchanged when it agrees with the commits: git itself rewrites it.
 */
export async function repositoryFingerprint(r: Repository, earlier?: string): Promise<string> {
  const state: Record<string, string[]> = {};
  const text = (name: string): void => {
    const bytes = contentOf(join(r.commonDir, name));
    if (bytes !== null) state[name] = bytes.toString().split("\n").map(withoutSecrets);
  };
  text("config");
  text("config.worktree");
  text("shallow");
  text("objects/info/alternates");
  const graph = await commitGraph(r, earlier);
  if (graph.length > 0) state[graphName] = graph;
  const info = filesIn(join(r.commonDir, "info")).filter((name) => name !== refsList);
  for (const name of info) text(`info/${name}`);
  for (const name of filesIn(join(r.commonDir, "hooks"))) {
    if (!name.endsWith(".sample")) state[`hooks/${name}`] = [digestOf(r, `hooks/${name}`)];
  }
  for (const name of filesIn(join(r.commonDir, "refs", "replace"))) {
    state[`refs/replace/${name}`] = [digestOf(r, `refs/replace/${name}`)];
  }
  const packed = contentOf(join(r.commonDir, "packed-refs"))?.toString() ?? "";
  const replaced = packed.split("\n").filter((line) => line.includes(" refs/replace/"));
  if (replaced.length > 0) state["packed refs/replace"] = replaced;
  return JSON.stringify(state, null, 1);
}

/** Describes the difference of two fingerprints, one line per added or removed line; "" when equal. */
export function describeFingerprintChange(before: string, after: string): string {
  const [old, now]: Record<string, string[]>[] = [JSON.parse(before), JSON.parse(after)];
  const names = [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])];
  return names
    .sort(compareText)
    .flatMap((name) => {
      const [a, b] = [old?.[name] ?? [], now?.[name] ?? []];
      const gone = a.filter((line) => !b.includes(line)).map((line) => `${name}: -${line}`);
      const come = b.filter((line) => !a.includes(line)).map((line) => `${name}: +${line}`);
      const moved = gone.length + come.length === 0 && a.join("\n") !== b.join("\n");
      return moved ? [`${name}: lines were reordered or repeated`] : [...gone, ...come];
    })
    .join("\n");
}

/** The list of refs below `info/` for clients of a plain web server: `git gc` writes it, and git never reads it. */
const refsList = "refs";

const graphName = "objects/info/commit-graph";

/** The digest of the commit-graph's files; the earlier lines when it is missing or agrees with the commits. */
async function commitGraph(r: Repository, earlier: string | undefined): Promise<string[]> {
  const chain = join(r.commonDir, `${graphName}s`);
  const files = [join(r.commonDir, graphName), ...filesIn(chain).map((name) => join(chain, name))];
  const contents = files.flatMap((file) => contentOf(file) ?? []);
  const lines =
    contents.length === 0 ? [] : [`sha256 ${sha256(contents.map(sha256).join()).slice(0, 16)}`];
  if (earlier === undefined) return lines;
  const known: string[] = JSON.parse(earlier)[graphName] ?? [];
  if (lines.length === 0 || lines.join() === known.join()) return known;
  const verified = await inRepository(r, ["commit-graph", "verify", "--no-progress"]);
  return verified.code === 0 ? known : [...lines, "it does not agree with the commits"];
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort(compareText);
  } catch {
    return [];
  }
}

/** Content of a file; null when it cannot be read. Links are followed, as git does. */
function contentOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

function digestOf(r: Repository, name: string): string {
  const path = join(r.commonDir, name);
  const bytes = contentOf(path);
  const mode = (lstatSync(path).mode & 0o7777).toString(8);
  return `mode ${mode}, sha256 ${bytes === null ? "unreadable" : sha256(bytes).slice(0, 16)}`;
}

function withoutSecrets(line: string): string {
  const secret = /^\s*\w*(?:token|secret|passw|extraheader|credential|key)\w*\s*=\s*(.*)$/i.exec(
    line,
  );
  const value = secret?.[1] ?? /:\/\/([^/@\s]+)@/.exec(line)?.[1];
  return value ? line.replace(value, `(hidden ${sha256(value).slice(0, 8)})`) : line;
}
