/** A project of one language with its real tools, and changes to it whose verdicts are known. */
import { join, resolve } from "node:path";

/** Where `install.sh` put the tools; undefined when it was not asked to. */
export const installed = process.env["DGOV_TOOLCHAINS"];

export const python = join(installed ?? "", "python/bin");
export const node = resolve(import.meta.dir, "../../node_modules/.bin");

export interface Change {
  path: string;
  content: string;
  /**
   * What each gate that must say no says, as `file:line code` for diagnostics and as its reason
   * otherwise; the gates not named here must not say no.
   */
  verdict: Record<string, (string | RegExp)[]>;
}

export interface Toolchain {
  name: string;
  /** A base that has a finding of every checker of its own already, in the file `legacy`. */
  files: Record<string, string>;
  project: Record<string, unknown>;
  /** What the good change edits as well: it must not be charged with what is wrong there. */
  legacy: string;
  good: Change;
  /** By the gate each is wrong for. */
  bad: Record<string, Change>;
  /** A file that makes the base's tests fail. */
  red: { path: string; content: string; test: RegExp };
  /** Names of environment variables that its tools need. */
  env: string[];
}
