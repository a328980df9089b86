/**
 * Generated projects with external dependencies, one per package manager, each with a plan of six units.
 *
 * The lockfile of a project is made at its first use, from the package registry, and kept beside the installed tools;
 * so are the downloads, in a HOME that all tests share.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { sha256 } from "../../../src/std/digest.ts";
import { installed, python } from "../toolchain.ts";

/** `small` takes seconds to build, `large` is of the size of a usual project. */
export type CorpusSize = "small" | "large";

/** Files by path that a unit writes. */
export type UnitFiles = Record<string, string>;

/** A unit that must fail in certain gates, or land; its name says the trap that it would otherwise fall into. */
export interface Trap {
  files: UnitFiles;
  /** Shell command that changes manifest and lockfile; what it changes is written by the unit too. */
  edit?: string;
  /** Shell command of the worker, after it has written the files. */
  shell?: string;
  /** The unit that lands before this one begins. */
  after?: string;
  /** Gates that must fail; none for a unit that must land. */
  failing: string[];
}

export interface Corpus {
  name: string;
  /** Programs that the project needs on PATH. */
  programs: string[];
  /** Files of the base, without lockfiles. */
  files: Record<string, string>;
  /** Files that `command` writes. */
  lock: { paths: string[]; command: string };
  setup: string;
  /** Keys of `[project]`: the commands of the gates, and what the language needs. */
  project: Record<string, unknown>;
  /** Files of each unit in landing order: those that reach the least of the project come first. */
  units: Record<string, UnitFiles>;
  /** External crates that are compiled, at least; 0 where the tools do not say which. */
  externalCrates: number;
  /** Packages that an install puts into a tree, at least; 0 where dependencies are not installed into trees. */
  packages: number;
  /** Local crates or packages that a change of a file makes the tools build again; none are built otherwise. */
  reach(path: string): string[];
  /** Further units, judged one after the other. */
  traps: Record<string, Trap>;
  /** Name of the local crate or package that a count is about; null for external ones. */
  localName(subject: string): string | null;
}

/** HOME of the tools: registries, stores and caches that tests share, as those of a user. */
export function groundHome(): string {
  return resolve(installed ?? "", "ground/home");
}

/** Environment of the tools. Rust's toolchains stay where they are installed. */
export function toolEnvironment(): Record<string, string> {
  const home = process.env["HOME"] ?? "/root";
  const own = groundHome();
  const bin = [python, resolve(installed ?? "", "pnpm/node_modules/.bin")];
  return {
    PATH: [...bin, process.env["PATH"] ?? "/usr/bin:/bin"].join(":"),
    HOME: own,
    XDG_CONFIG_HOME: join(own, ".config"),
    XDG_CACHE_HOME: join(own, ".cache"),
    RUSTUP_HOME: process.env["RUSTUP_HOME"] ?? join(home, ".rustup"),
    CARGO_HOME: join(own, ".cargo"),
    GOFLAGS: "-buildvcs=false",
    // The certificates of the system, for machines behind a proxy.
    UV_NATIVE_TLS: "1",
    CI: "1",
  };
}

/** Programs of a project that the machine lacks. */
export function missingPrograms({ programs }: Corpus): string[] {
  const { PATH } = toolEnvironment();
  return programs.filter((program) => Bun.which(program, { PATH: PATH ?? "" }) === null);
}

/** Files of the base with the lockfile; its packages have been downloaded. */
export function provisioned(corpus: Corpus): Record<string, string> {
  const digest = sha256(JSON.stringify([corpus.files, corpus.lock])).slice(0, 12);
  const folder = resolve(installed ?? "", `ground/${corpus.name}-${digest}`);
  if (!existsSync(join(folder, "ready"))) {
    writeFiles(folder, corpus.files);
    mkdirSync(groundHome(), { recursive: true });
    for (const command of [corpus.lock.command, corpus.setup]) shell(command, folder);
    writeFileSync(join(folder, "ready"), "");
  }
  const locked = corpus.lock.paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]);
  return { ...corpus.files, ...Object.fromEntries(locked) };
}

/** Files that a trap's unit writes, with those that its command changes. */
export function filesOf(corpus: Corpus, { files, edit }: Trap): UnitFiles {
  if (edit === undefined) return files;
  const base = { ...provisioned(corpus), ...files };
  const digest = sha256(JSON.stringify([base, edit])).slice(0, 12);
  const folder = resolve(installed ?? "", `ground/${corpus.name}-edit-${digest}`);
  if (!existsSync(join(folder, "ready"))) {
    writeFiles(folder, base);
    for (const command of [edit, corpus.setup]) shell(command, folder);
    writeFileSync(join(folder, "ready"), "");
  }
  const now = Object.keys(base).map((path) => [path, readFileSync(join(folder, path), "utf8")]);
  const changed = now.filter(([path = "", text]) => text !== base[path] || path in files);
  return Object.fromEntries(changed);
}

/** Runs a shell command with the tools; returns its output, throws when it fails. */
export function shell(command: string, cwd: string, env: Record<string, string> = {}): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["sh", "-c", command], {
    cwd,
    env: { ...toolEnvironment(), ...env },
  });
  const output = `${stdout}${stderr}`;
  if (exitCode !== 0) throw new Error(`${command} gave ${exitCode}: ${output}`);
  return output;
}

export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Numbered names, from 1. */
export function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i + 1}`);
}
