/**
 * The folder of a draft until it is published: below `.dgov/runtime/`, on the same file system as
 * `.dgov/plans/`, so that one rename publishes the whole plan.
 */
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { ownRoot } from "../config/find.ts";
import { DgovError } from "../error.ts";
import { archiveName } from "../plan/names.ts";

const plansDir = ".dgov/plans";
const draftsDir = ".dgov/runtime/planner";

export class DraftFolder {
  /** Folder of dgov's own files. */
  readonly #own: string;
  readonly #root: string;

  /** Creates nothing until `write`. */
  constructor(projectRoot: string) {
    this.#own = ownRoot(projectRoot);
    this.#root = join(this.#own, draftsDir, String(process.pid));
  }

  /** Writes the files of a draft in place of the previous ones. Gives the draft's folder. */
  write(name: string, files: Readonly<Record<string, string>>): string {
    this.#makeFolder(dirname(this.#root));
    this.remove();
    const dir = join(this.#root, name);
    for (const [path, text] of Object.entries(files)) {
      const file = join(dir, path);
      this.#makeFolder(dirname(file));
      writeFileSync(file, text);
    }
    return dir;
  }

  /** Moves a written draft to the plans folder. Gives its new folder; throws REFUSED when the name is taken. */
  publish(name: string): string {
    const plans = join(this.#own, plansDir);
    this.#makeFolder(plans);
    const dir = join(plans, name);
    if (existsSync(dir) || existsSync(join(plans, archiveName, name))) {
      throw new DgovError("REFUSED", `another process created the plan ${name}`, {
        hint: "plan again",
        orFlag: "choose another --name",
      });
    }
    renameSync(join(this.#root, name), dir);
    return dir;
  }

  /** Removes a draft that was not published. */
  remove(): void {
    if (this.#leaves(this.#root) !== null) return;
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** Creates a folder of the project. Throws REFUSED when a link leads it out of the project. */
  #makeFolder(path: string): void {
    const link = this.#leaves(path);
    if (link !== null) {
      throw new DgovError("REFUSED", `${link} is a link that leaves the project`);
    }
    mkdirSync(path, { recursive: true });
  }

  /** The existing part of a path when it lies outside the project, else null. */
  #leaves(path: string): string | null {
    let there = path;
    while (!existsSync(there)) there = dirname(there);
    const away = relative(realpathSync(this.#own), realpathSync(there));
    const outside = away === ".." || away.startsWith(`..${sep}`);
    return outside ? relative(this.#own, there) : null;
  }
}
