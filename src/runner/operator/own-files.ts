/**
 * dgov's own files, in the operator's checkout or below the git dir, while workers run: the history of landings and the plan's folder. No claim
 * covers them and git may ignore them, so that nothing else shows a change of them by a worker.
 */
import { readFileSync, readlinkSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { isLocal, ownPath, ownRoot } from "../../config/find.ts";
import { branchTip, isCheckedOut } from "../../git/refs.ts";
import type { Repository } from "../../git/repository.ts";
import { readBlobAt } from "../../git/trees.ts";
import { compiledName } from "../../plan/compiled-file.ts";
import type { PlanLocation } from "../../plan/locate.ts";
import { walkFolders } from "../../settlement/trees/folder-state.ts";
import { sha256 } from "../../std/digest.ts";
import { lstatIfPresent, readText, replaceFile } from "../../std/files.ts";
import { recordLandings } from "../bookkeeping.ts";
import { deployedFile } from "../history/landings.ts";

/** The part of a run that the files belong to. */
interface Owner {
  repository: Repository;
  projectRoot: string;
  projectPrefix: string;
  /** Branch the run lands on. */
  target: string;
  location: PlanLocation;
}

/** Files larger than this are compared by size and time of change. */
const comparedBytesMax = 1024 * 1024;

export class OwnFiles {
  readonly #o: Owner;
  readonly #planBefore: string;
  /** Text of the history as dgov or a commit wrote it last; null without a file. */
  #history: string | null;
  #putBack = false;

  private constructor(o: Owner, planBefore: string) {
    this.#o = o;
    this.#planBefore = planBefore;
    this.#history = readText(ownPath(o.projectRoot, deployedFile));
  }

  /** Reads the files as they are before the first worker. */
  static async read(o: Owner): Promise<OwnFiles> {
    return new OwnFiles(o, await contentOf(o));
  }

  /** Adds landings to the history, after what others wrote to it was taken back. */
  async record(
    target: Parameters<typeof recordLandings>[0],
    landings: Parameters<typeof recordLandings>[1],
  ): Promise<void> {
    await this.#checkHistory();
    recordLandings(target, landings);
    this.#history = readText(ownPath(this.#o.projectRoot, deployedFile));
  }

  /**
   * Puts the history back if its text is neither what dgov wrote nor what the target's tip has, or if another kind of
   * file took its place. The history of another branch is left alone.
   */
  async #checkHistory(): Promise<void> {
    const { repository, projectRoot, projectPrefix, target } = this.#o;
    const local = isLocal(projectRoot);
    if (!isCheckedOut(repository, target) && !local) return;
    const path = ownPath(projectRoot, deployedFile);
    const stats = lstatIfPresent(path);
    const now = stats?.isFile() ? readText(path) : null;
    if (now === this.#history && (stats === undefined || stats.isFile())) return;
    const tip = local ? null : await branchTip(repository, target);
    const blob =
      tip === null ? null : await readBlobAt(repository, tip, `${projectPrefix}${deployedFile}`);
    if (blob !== null && now === Buffer.from(blob).toString()) return;
    rmSync(path, { recursive: true, force: true });
    if (this.#history !== null) replaceFile(path, this.#history);
    this.#putBack = true;
  }

  /** True when a file of the plan was changed, added or removed since the start. */
  async planChanged(): Promise<boolean> {
    return (await contentOf(this.#o)) !== this.#planBefore;
  }

  /** Warnings about what was put back. */
  warnings(): string[] {
    return this.#putBack
      ? [`${deployedFile} was changed during the run, and not by dgov: it was put back`]
      : [];
  }
}

/** Digest of the files, links and folders of a plan, without the compiled plan. */
async function contentOf({ projectRoot, location }: Owner): Promise<string> {
  const entries: string[] = [];
  const own = ownRoot(projectRoot);
  const root = location.dir.startsWith(join(own, "/")) ? own : projectRoot;
  const folder = relative(root, location.dir);
  for await (const { path, stats } of walkFolders(root, [folder])) {
    if (path === join(folder, compiledName)) continue;
    const at = join(root, path);
    if (stats.isSymbolicLink()) entries.push(`link ${path}\0${readlinkSync(at)}`);
    else if (!stats.isFile()) entries.push(`other ${path}`);
    else if (stats.size > comparedBytesMax) {
      entries.push(`large ${path}\0${stats.size} ${stats.ctimeMs}`);
    } else entries.push(`file ${path}\0${sha256(readFileSync(at))}`);
  }
  return sha256(entries.sort().join("\0"));
}
