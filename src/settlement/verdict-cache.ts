/**
 * Verdicts by everything they depend on: tree, base tree, gate, command, environment. Passed ones
 * outlive the run; failed ones do not, since what failed may have been the machine.
 *
 * The file is read once, before anything of a worker's runs in this process's time.
 */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { canonicalJson, sha256 } from "../std/digest.ts";
import type { GateVerdict } from "./context.ts";
import { digestCache } from "./digest-cache.ts";

export interface VerdictKey {
  tree: string;
  base: string;
  gate: string;
  command: string;
}

export interface VerdictCache {
  get(key: VerdictKey): GateVerdict | null;
  put(key: VerdictKey, verdict: GateVerdict): void;
  /** What a key comes to on this machine, for what else depends on the same things. */
  digest(key: VerdictKey): string;
}

/** Verdicts kept between runs; the oldest half goes when there are more. */
const keptMax = 4000;

/** The cache of a repository, in a file beside its gate trees. */
export function verdictCache(root: string, environment: Record<string, string>): VerdictCache {
  const passed = digestCache<GateVerdict>(join(dirname(root), "verdicts.jsonl"), "1", keptMax);
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

/** Digests of keys, with the environment and the programs a command names: a new linter, a new verdict. */
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

/** Words of a command that may name its programs; file names come last. */
const wordsMax = 24;

function identityOf(word: string, folders: readonly string[]): string {
  for (const folder of folders) {
    const path = join(folder, word);
    try {
      accessSync(path, constants.X_OK);
      const { size, mtimeMs } = statSync(path);
      return `${word} ${realpathSync(path)} ${size} ${mtimeMs}`;
    } catch {
      // Not there.
    }
  }
  return "";
}
