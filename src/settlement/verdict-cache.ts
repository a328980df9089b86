/**
 * Final verdicts of this process by everything they depend on: tree, base tree, gate, command, environment.
 * Callers judge first, then remember: a verdict that may still change is not put here.
 */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, sha256 } from "../std/digest.ts";
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

/**
 * Opens an empty verdict cache. It is kept in memory only: a file that a worker can write could name a pass of a
 * tree that no gate has judged.
 */
export function verdictCache(environment: Record<string, string>): VerdictCache {
  const verdicts = new Map<string, GateVerdict>();
  const digest = digester(environment);
  return {
    digest,
    get(key) {
      const verdict = verdicts.get(digest(key));
      return verdict === undefined ? null : { ...verdict, cached: true };
    },
    put: (key, verdict) => void verdicts.set(digest(key), verdict),
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
