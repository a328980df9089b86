/**
 * Verdicts by everything they depend on: tree, base tree, gate, command, environment. Passed verdicts
 * persist between runs; others are kept for this process only, since the machine may have been the cause.
 *
 * The file is read when the cache is opened, before any worker's code runs.
 */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, sha256 } from "../std/digest.ts";
import { digestCache } from "./digest-cache.ts";
import type { GateVerdict } from "./verdict.ts";

export interface VerdictKey {
  tree: string;
  base: string;
  gate: string;
  command: string;
}

export interface VerdictCache {
  get(key: VerdictKey): GateVerdict | null;
  put(key: VerdictKey, verdict: GateVerdict): void;
  /** The digest of a key on this machine, for other caches whose values depend on the same things. */
  digest(key: VerdictKey): string;
}

/** Maximum of verdicts kept between runs. */
const keptMax = 4000;

/** Opens the verdict cache in a file. */
export function verdictCache(file: string, environment: Record<string, string>): VerdictCache {
  const passed = digestCache<GateVerdict>(file, "1", keptMax);
  passed.get("");
  const others = new Map<string, GateVerdict>();
  const digest = digester(environment);
  return {
    digest,
    get(key) {
      const id = digest(key);
      const verdict = passed.get(id) ?? others.get(id);
      return verdict === undefined ? null : { ...verdict, cached: true };
    },
    put(key, verdict) {
      const id = digest(key);
      if (verdict.status === "passed") passed.put([[id, verdict]]);
      else others.set(id, verdict);
    },
  };
}

/**
 * Digests of keys, including the environment and the programs that a command names: another version of a
 * linter gives another digest.
 */
function digester(environment: Record<string, string>): (key: VerdictKey) => string {
  const { TMPDIR: _, ...stable } = environment;
  const machine = { stable, platform: process.platform, arch: process.arch };
  const surroundings = sha256(canonicalJson(machine));
  const folders = (environment["PATH"] ?? "").split(":").filter((entry) => entry.startsWith("/"));
  const programs = new Map<string, string>();
  const programOf = (word: string): string => {
    const known = programs.get(word) ?? identityOf(word, folders);
    programs.set(word, known);
    return known;
  };
  return (key) => {
    const words = key.command.match(/[\w.+-]+/g) ?? [];
    const tools = [...new Set(words.slice(0, wordsMax))].map(programOf).join("\n");
    return sha256(canonicalJson({ ...key, surroundings, tools }));
  };
}

/** Leading words of a command that are looked up as programs; file names come later. */
const wordsMax = 24;

/** Path, size and modification time of a program on PATH; "" when there is none of that name. */
function identityOf(word: string, folders: readonly string[]): string {
  for (const folder of folders) {
    const path = join(folder, word);
    try {
      accessSync(path, constants.X_OK);
      const { size, mtimeMs } = statSync(path);
      return `${word} ${realpathSync(path)} ${size} ${mtimeMs}`;
    } catch {
      // Not in this folder.
    }
  }
  return "";
}
