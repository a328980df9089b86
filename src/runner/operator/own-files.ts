/**
 * dgov's own files, in the operator's checkout or below the git dir, while workers run: the history of landings and the plan's folder. No claim
 * covers them and git may ignore them, so that nothing else shows a change of them by a worker.
 */
import { readFileSync, readlinkSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { isLocal, ownPath, ownRoot, projectPath } from "../../config/find.ts";
import { branchTip, isCheckedOut } from "../../git/refs.ts";
import type { Repository } from "../../git/repository.ts";
import { readBlobAt } from "../../git/trees.ts";
import { compiledName } from "../../plan/compiled-file.ts";
import type { PlanLocation } from "../../plan/locate.ts";
import { walkFolders } from "../../settlement/trees/folder-state.ts";
import { sha256 } from "../../std/digest.ts";
import { lstatIfPresent, readText, replaceFile } from "../../std/files.ts";
import { listed } from "../../std/text.ts";
import { recordLandings } from "../bookkeeping.ts";
import { deployedFile, privateHistoryFile } from "../history/landings.ts";

/** The part of a run that the files belong to. */
interface Owner {
  repository: Repository;
  projectRoot: string;
  projectPrefix: string;
  /** Branch the run lands on. */
  target: string;
  location: PlanLocation;
}

/** A file with landings, and its text as dgov or a commit wrote it last; null without a file. */
interface History {
  path: string;
  /** True when commits on the target may have it. */
  committed: boolean;
  text: string | null;
}

/** The histories that the run may write or read. */
function historiesOf({ projectRoot }: Owner): Omit<History, "text">[] {
  const path = ownPath(projectRoot, deployedFile);
  if (isLocal(projectRoot)) return [{ path, committed: false }];
  const unlisted = privateHistoryFile(projectRoot);
  return [
    { path, committed: true },
    ...(unlisted === null ? [] : [{ path: unlisted, committed: false }]),
  ];
}

/** Files larger than this are compared by size and time of change. */
const comparedBytesMax = 1024 * 1024;

export class OwnFiles {
  readonly #o: Owner;
  readonly #planBefore: string;
  readonly #histories: History[];
  readonly #settingsBefore: ReadonlyMap<string, string>;
  #putBack: string | null = null;

  private constructor(o: Owner, planBefore: string, settingsBefore: ReadonlyMap<string, string>) {
    this.#o = o;
    this.#planBefore = planBefore;
    this.#settingsBefore = settingsBefore;
    this.#histories = historiesOf(o).map((one) => ({ ...one, text: readText(one.path) }));
  }

  /** Reads the files as they are before the first worker. */
  static async read(o: Owner): Promise<OwnFiles> {
    return new OwnFiles(o, await contentOf(o), await localSettings(o));
  }

  /** Adds landings to the history, after what others wrote to it was taken back. */
  async record(
    target: Parameters<typeof recordLandings>[0],
    landings: Parameters<typeof recordLandings>[1],
  ): Promise<void> {
    for (const one of this.#histories) await this.#check(one);
    recordLandings(target, landings);
    for (const one of this.#histories) one.text = readText(one.path);
  }

  /**
   * Puts a history back if its text is neither what dgov wrote nor what the target's tip has, or if another kind of
   * file took its place. The history of a branch that is not checked out is left alone.
   */
  async #check({ path, committed, text }: History): Promise<void> {
    const { repository, projectPrefix, target } = this.#o;
    if (committed && !isCheckedOut(repository, target)) return;
    const stats = lstatIfPresent(path);
    const now = stats?.isFile() ? readText(path) : null;
    if (now === text && (stats === undefined || stats.isFile())) return;
    const tip = committed ? await branchTip(repository, target) : null;
    const blob =
      tip === null ? null : await readBlobAt(repository, tip, `${projectPrefix}${deployedFile}`);
    if (blob !== null && now === Buffer.from(blob).toString()) return;
    rmSync(path, { recursive: true, force: true });
    if (text !== null) replaceFile(path, text);
    this.#putBack = path.endsWith(deployedFile) ? deployedFile : path;
  }

  /** True when a file of the plan was changed, added or removed since the start. */
  async planChanged(): Promise<boolean> {
    return (await contentOf(this.#o)) !== this.#planBefore;
  }

  /** Warnings about what was put back, and about settings of a local project that changed. */
  async warnings(): Promise<string[]> {
    const warnings =
      this.#putBack !== null
        ? [`${this.#putBack} was changed during the run, and not by dgov: it was put back`]
        : [];
    const [before, now] = [this.#settingsBefore, await localSettings(this.#o)];
    const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
      (path) => before.get(path) !== now.get(path),
    );
    if (changed.length > 0) {
      warnings.push(`changed during the run, by you or by a worker: ${listed(changed, 3)}`);
    }
    return warnings;
  }
}

/** Files that decide what later runs and workers do. Git shows no change of them in a local project. */
const settingNames = [
  ".dgov/project.toml",
  ".dgov/governor.md",
  ".dgov/ledger.jsonl",
  ".dgov/sops",
];

/** The settings of a local project, by path; none of another project, whose changes git shows. */
async function localSettings({ projectRoot }: Owner): Promise<Map<string, string>> {
  if (!isLocal(projectRoot)) return new Map();
  const entries = await entriesOf(ownRoot(projectRoot), settingNames);
  return new Map([...entries].map(([path, entry]) => [projectPath(projectRoot, path), entry]));
}

/** Digest of the files, links and folders of a plan, without the compiled plan. */
async function contentOf({ projectRoot, location }: Owner): Promise<string> {
  const own = ownRoot(projectRoot);
  const root = location.dir.startsWith(join(own, "/")) ? own : projectRoot;
  const folder = relative(root, location.dir);
  const entries = await entriesOf(root, [folder]);
  entries.delete(join(folder, compiledName));
  return sha256(
    [...entries]
      .map(([path, entry]) => `${path}\0${entry}`)
      .sort()
      .join("\0"),
  );
}

/** The content of files, links and folders, by path relative to `root`. */
async function entriesOf(root: string, names: readonly string[]): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for await (const { path, stats } of walkFolders(root, names)) {
    const at = join(root, path);
    if (stats.isSymbolicLink()) entries.set(path, `link ${readlinkSync(at)}`);
    else if (!stats.isFile()) entries.set(path, "other");
    else if (stats.size > comparedBytesMax)
      entries.set(path, `large ${stats.size} ${stats.ctimeMs}`);
    else entries.set(path, `file ${sha256(readFileSync(at))}`);
  }
  return entries;
}
