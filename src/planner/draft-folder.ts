/**
 * Where a draft lies until it is a plan: a folder below `.dgov/runtime/`, on the same disk as
 * `.dgov/plans/`, so that the plan appears whole by one rename.
 */
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { DgovError } from "../error.ts";
import { archiveName } from "../plan/names.ts";

const plansDir = ".dgov/plans";
const draftsDir = ".dgov/runtime/planner";

export class DraftFolder {
  readonly #projectRoot: string;
  readonly #root: string;

  /** Nothing is made before something is written. */
  constructor(projectRoot: string) {
    this.#projectRoot = projectRoot;
    this.#root = join(projectRoot, draftsDir, String(process.pid));
  }

  /** Writes the files of a draft, in the place of those before; gives the plan's folder. */
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

  /** Moves a written draft to its place among the plans; gives its new folder. */
  publish(name: string): string {
    const plans = join(this.#projectRoot, plansDir);
    this.#makeFolder(plans);
    const dir = join(plans, name);
    if (existsSync(dir) || existsSync(join(plans, archiveName, name))) {
      throw new DgovError("REFUSED", `the plan ${name} appeared meanwhile`, {
        hint: "plan again, or choose another --name",
      });
    }
    renameSync(join(this.#root, name), dir);
    return dir;
  }

  /** Removes what was written and not published. */
  remove(): void {
    if (this.#leaves(this.#root) !== null) return;
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** Makes a folder of the project. One that a link leads out of it is refused. */
  #makeFolder(path: string): void {
    const link = this.#leaves(path);
    if (link !== null) {
      throw new DgovError("REFUSED", `${link} is a link that leaves the project`);
    }
    mkdirSync(path, { recursive: true });
  }

  /** The part of a path that is there, when it lies outside the project; null when all is well. */
  #leaves(path: string): string | null {
    let there = path;
    while (!existsSync(there)) there = dirname(there);
    const away = relative(realpathSync(this.#projectRoot), realpathSync(there));
    const outside = away === ".." || away.startsWith(`..${sep}`);
    return outside ? relative(this.#projectRoot, there) : null;
  }
}
