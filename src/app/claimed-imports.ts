/** What files a plan changes import within the project: a look with the grammars dgov has. */
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { headOf } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { listTree } from "../git/trees.ts";

/** Files looked at, and bytes of one: a warning is not worth more than this. */
const filesMax = 500;
const bytesMax = 1024 * 1024;
const manifestsMax = 200;

export interface ClaimedImportsRequest {
  projectRoot: string;
  repository: Repository;
  /** The project's folder below the repository with its slash, or "". */
  folder: string;
}

/** By each of the paths that is code and there: the files of the project it imports. */
export async function claimedImports(
  { projectRoot, repository, folder }: ClaimedImportsRequest,
  paths: readonly string[],
): Promise<Map<string, string[]>> {
  const { languageOf } = await import("../syntax/languages.ts");
  const texts = new Map<string, string>();
  for (const path of paths) {
    if (texts.size === filesMax) break;
    const text = languageOf(path) === null ? null : textAt(join(projectRoot, path));
    if (text !== null) texts.set(path, text);
  }
  const found = new Map<string, string[]>();
  if (texts.size === 0) return found;
  const { importIndex, manifestNames } = await import("../syntax/import-index.ts");
  const { importsOf } = await import("../syntax/imports.ts");
  const files = await trackedBelow(repository, folder);
  const manifests = new Map<string, string>();
  for (const path of files) {
    if (!manifestNames.has(basename(path)) || manifests.size === manifestsMax) continue;
    const text = textAt(join(projectRoot, path));
    if (text !== null) manifests.set(path, text);
  }
  const index = importIndex(files, manifests);
  for (const [path, text] of texts) {
    const imports = (await importsOf(path, text)) ?? [];
    found.set(path, [...new Set(imports.flatMap((one) => index.resolve(path, one)))]);
  }
  return found;
}

async function trackedBelow(repository: Repository, folder: string): Promise<string[]> {
  const { commit } = await headOf(repository);
  const tree = commit === null ? [] : await listTree(repository, commit);
  return tree.flatMap(({ path }) => (path.startsWith(folder) ? [path.slice(folder.length)] : []));
}

function textAt(file: string): string | null {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats?.isFile() && stats.size <= bytesMax ? readFileSync(file, "utf8") : null;
  } catch {
    return null;
  }
}
