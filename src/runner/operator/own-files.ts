/**
 * dgov's own files in the operator's checkout while workers run: the history of landings and the plan's folder. No claim
 * covers them and git may ignore them, so that nothing else shows a change of them by a worker.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compiledName } from "../../plan/compiled-file.ts";
import { sha256 } from "../../std/digest.ts";
import { lstatIfPresent, readText, replaceFile } from "../../std/files.ts";
import { deployedFile } from "../history.ts";

export class OwnFiles {
  readonly #history: string;
  readonly #plan: string;
  readonly #planBefore: string;
  /** Text of the history as dgov wrote it last; null without a file. */
  #text: string | null;
  #putBack = false;

  /** Reads the files of a project as they are before the first worker; `plan` is the plan's folder. */
  constructor(projectRoot: string, plan: string) {
    this.#history = join(projectRoot, deployedFile);
    this.#plan = plan;
    this.#planBefore = contentOf(plan);
    this.#text = readText(this.#history);
  }

  /** Puts the history back if its text is not what dgov wrote, or if another kind of file took its place. */
  checkHistory(): void {
    const now = lstatIfPresent(this.#history);
    const same =
      now === undefined
        ? this.#text === null
        : now.isFile() && this.#text === readText(this.#history);
    if (same) return;
    rmSync(this.#history, { recursive: true, force: true });
    if (this.#text !== null) replaceFile(this.#history, this.#text);
    this.#putBack = true;
  }

  /** Accepts the history as it is, after dgov has written to it. */
  noteHistory(): void {
    this.#text = readText(this.#history);
  }

  /** True when a file of the plan was changed, added or removed since the start. */
  planChanged(): boolean {
    return contentOf(this.#plan) !== this.#planBefore;
  }

  /** Warnings about what was put back. */
  warnings(): string[] {
    return this.#putBack
      ? [`${deployedFile} was changed during the run, and not by dgov: it was put back`]
      : [];
  }
}

/** Digest of the files, links and folders below a folder, without the compiled plan; "" when there is none. */
function contentOf(folder: string): string {
  if (lstatIfPresent(folder)?.isDirectory() !== true) return "";
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const entries = names.flatMap((name) => {
    const path = join(folder, name);
    const stats = lstatSync(path);
    if (name === compiledName) return [];
    if (stats.isSymbolicLink()) return [`link ${name}\0${readlinkSync(path)}`];
    return [stats.isFile() ? `file ${name}\0${sha256(readFileSync(path))}` : `other ${name}`];
  });
  return sha256(entries.join("\0"));
}
