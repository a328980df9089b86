/** A project of one language with its real tools, and changes with known verdicts. */
import { join, resolve } from "node:path";

/** Folder into which `install.sh` installed the tools; undefined when the suite is skipped. */
export const installed = process.env["DGOV_TOOLCHAINS"];

export const python = join(installed ?? "", "python/bin");
export const node = resolve(import.meta.dir, "../../node_modules/.bin");

export interface Change {
  path: string;
  content: string;
  /**
   * Expected output of each gate that must fail: `file:line code` per diagnostic, or the reason when there
   * is none. All other gates must pass.
   */
  verdict: Record<string, (string | RegExp)[]>;
}

export interface Toolchain {
  name: string;
  /** Files of the base. The file `legacy` has a diagnostic of each checker. */
  files: Record<string, string>;
  project: Record<string, unknown>;
  /** A file with diagnostics that the good change also edits; they must not be charged to it. */
  legacy: string;
  good: Change;
  /** Bad changes by the gate that must reject them. */
  bad: Record<string, Change>;
  /** A file that makes the tests of the base fail. */
  red: { path: string; content: string; test: RegExp };
  /** Environment variables that the tools need. */
  env: string[];
}
