/** What every judgement needs to know, and the words a gate's verdict is given in. */
import { dirname } from "node:path";
import type { Config } from "../config/config.ts";
import { childVariables } from "../config/environment.ts";
import type { Identity, Oid } from "../git/objects.ts";
import { prefixOf, projectDirOf, type Repository } from "../git/repository.ts";
import type { GateStatus } from "../kernel/event.ts";
import { childEnvironment } from "../process/environment.ts";
import { type CoverageFigures, coverageFigures } from "./coverage/figures.ts";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import type { BaseRuns } from "./gates/base-comparison.ts";
import { type FactsCache, factsCache } from "./structure/scan.ts";
import { type ImportCache, importCache } from "./tests/tree-imports.ts";
import { type GateSlots, gateSlots } from "./trees/slots.ts";
import { type VerdictCache, verdictCache } from "./verdict-cache.ts";

export interface GateVerdict {
  gate: string;
  status: GateStatus;
  /** One sentence; "" when it passed without more to say. */
  reason: string;
  /** The command after substitution. */
  command: string | null;
  /** How it ended, in words. */
  exit: string | null;
  durationMs: number;
  /** Blob of the whole output. */
  output: string | null;
  tail: string;
  /** Charged diagnostics: new against the base. */
  diagnostics: Diagnostic[];
  /** What the gate changed in its tree; it was undone. */
  changedPaths: string[];
  cached: boolean;
  /** Whose fault a failure is. */
  blame: "attempt" | "base" | "environment" | null;
}

interface GateOf {
  unit: string | null;
  attempt: number;
  car: number | null;
  tree: Oid;
  gate: string;
}

export type GateProgress =
  | ({ kind: "started" } & GateOf)
  | ({ kind: "finished"; verdict: GateVerdict } & GateOf);

export interface SettlementContext {
  repository: Repository;
  projectRoot: string;
  /** The project's folder below the repository's root, "" or like `packages/app`. */
  projectDir: string;
  /** The prefix of paths below it: "" or like `packages/app/`. */
  projectPrefix: string;
  config: Config;
  /** Environment of gates, hooks and setup. */
  environment: Record<string, string>;
  identity: Identity;
  scratch: string;
  slots: GateSlots;
  cache: VerdictCache;
  /** How commands ended on trees that are somebody's base, as far as they did not pass. */
  baseRuns: BaseRuns;
  /** What blobs import. */
  imports: ImportCache;
  /** The shape of blobs. */
  facts: FactsCache;
  /** The coverage baseline, and the figures of trees that were measured. */
  coverage: CoverageFigures;
  signal: AbortSignal;
  /** What belongs together is reported together, to be recorded at once. */
  report(...progress: GateProgress[]): void;
  /** Keeps a gate's whole output and gives its digest. */
  putOutput(bytes: string): string;
}

export interface SettlementOptions {
  repository: Repository;
  projectRoot: string;
  config: Config;
  /** Variables of this process. Gates, hooks and setup see those `childEnvironment` lets through. */
  env: Record<string, string | undefined>;
  identity: Identity;
  /** Folder of gate trees and of the verdict cache; files beside it cache what blobs contain. */
  slotsRoot: string;
  scratch: string;
  signal: AbortSignal;
  report(...progress: GateProgress[]): void;
  putOutput(bytes: string): string;
}

/** Opens the settlement of a project. NOT_A_REPOSITORY when the project lies outside the repository. */
export function openSettlement(o: SettlementOptions): SettlementContext {
  const { env, slotsRoot, ...rest } = o;
  const { maxGates, jobs } = o.config.run;
  const projectDir = projectDirOf(o.repository, o.projectRoot);
  const environment = childEnvironment(env, childVariables(o.config));
  return {
    ...rest,
    environment,
    projectDir,
    projectPrefix: prefixOf(projectDir),
    // More than gates can hold at once, so that a failing one gets a second tree: the base's.
    slots: gateSlots(slotsRoot, maxGates + Math.max(1, jobs)),
    cache: verdictCache(slotsRoot, environment),
    baseRuns: new Map(),
    imports: importCache(dirname(slotsRoot)),
    facts: factsCache(dirname(slotsRoot)),
    coverage: coverageFigures(o.projectRoot, slotsRoot),
  };
}
