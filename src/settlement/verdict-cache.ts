/**
 * Verdicts by everything they depend on: tree, base tree, gate, command, environment. Passed ones
 * outlive the run; failed ones do not, since what failed may have been the machine.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { canonicalJson, sha256 } from "../std/digest.ts";
import type { GateVerdict } from "./context.ts";

export interface VerdictKey {
  tree: string;
  base: string;
  gate: string;
  command: string;
}

export interface VerdictCache {
  get(key: VerdictKey): GateVerdict | null;
  put(key: VerdictKey, verdict: GateVerdict): void;
}

/** The cache of a repository, in a file beside its gate trees. */
export function verdictCache(root: string, environment: Record<string, string>): VerdictCache {
  const { TMPDIR: _, ...stable } = environment;
  const surroundings = sha256(
    canonicalJson({ stable, platform: process.platform, arch: process.arch }),
  );
  const file = join(dirname(root), "verdicts.jsonl");
  const known = new Map<string, GateVerdict>();
  if (existsSync(file)) {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      try {
        const { key, verdict } = JSON.parse(line) as { key: string; verdict: GateVerdict };
        known.set(key, verdict);
      } catch {
        // A line cut by a crash is a verdict not remembered.
      }
    }
  }
  const digest = (key: VerdictKey): string => sha256(canonicalJson({ ...key, surroundings }));
  return {
    get(key) {
      const verdict = known.get(digest(key));
      return verdict === undefined ? null : { ...verdict, cached: true };
    },
    put(key, verdict) {
      known.set(digest(key), verdict);
      if (verdict.status !== "passed") return;
      mkdirSync(dirname(file), { recursive: true });
      appendFileSync(file, `${JSON.stringify({ key: digest(key), verdict })}\n`);
    },
  };
}
