/** A repository with shell scripts as gates, and a settlement that judges changes of it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { requireConfig } from "../../src/config/load.ts";
import type { Claims } from "../../src/plan/compiled.ts";
import {
  openSettlement,
  type SettlementContext,
  type SettlementOptions,
} from "../../src/settlement/context.ts";
import type { FileChoice } from "../../src/settlement/gates/gate.ts";
import { type GatesResult, runGates } from "../../src/settlement/gates/run-gates.ts";
import { type ReviewOutcome, reviewAndCommit } from "../../src/settlement/review.ts";
import type { GateProgress, GateVerdict } from "../../src/settlement/verdict.ts";
import { identity, type OpenedRepo, openTestRepo } from "../git/harness.ts";
import { defaultSandbox } from "../harness/sandbox.ts";

export interface TestSettlement extends AsyncDisposable {
  git: OpenedRepo;
  /** Commit that changes are judged against. */
  base: string;
  context: SettlementContext;
  progress: GateProgress[];
  /** Another settlement on the same repository and cache, as a later run opens it. */
  reopen(more?: Partial<SettlementContext & SettlementOptions>): SettlementContext;
  /** Commits these files (null: deleted) on top of the base; returns the commit. */
  change(files: Record<string, string | null>): Promise<string>;
  /** Runs the gates on a change of these files. */
  judge(files: Record<string, string | null>, more?: JudgeOptions): Promise<GatesResult>;
  /** Reviews an attempt that left these files (null: deleted). */
  review(
    files: Record<string, string | null>,
    claims: Partial<Claims>,
    tamper?: (path: string) => void,
  ): Promise<ReviewOutcome>;
}

export interface JudgeOptions {
  context?: SettlementContext;
  /** The base commit of the comparison; default the repository's HEAD. */
  base?: string;
  testCmd?: string;
  signal?: AbortSignal;
  files?: FileChoice;
  /** Unit whose candidate the base is. */
  behind?: string;
}

export interface TestSettlementOptions {
  files?: Record<string, string>;
  /** Keys of `[project]`. */
  project?: Record<string, unknown>;
  /** Other tables of project.toml. */
  config?: Record<string, Record<string, unknown>>;
  /** Tables `[[gates]]`. */
  gates?: Record<string, unknown>[];
  environment?: Record<string, string>;
}

let counter = 0;

/** Creates a repository and opens a settlement on it. */
export async function testSettlement(options: TestSettlementOptions = {}): Promise<TestSettlement> {
  const config = {
    project: { source_extensions: [".txt"], ...options.project },
    sandbox: { mode: defaultSandbox },
    ...options.config,
    ...(options.gates && { gates: options.gates }),
  };
  const g = await openTestRepo({ ".dgov/project.toml": stringify(config), ...options.files });
  const base = await g.repo.git("rev-parse", "HEAD");
  const progress: GateProgress[] = [];
  const environment = { ...g.repo.env, ...options.environment };
  const reopen: TestSettlement["reopen"] = ({ environment: env = environment, ...more } = {}) => {
    const project = more.config ?? requireConfig(g.repo.path);
    return openSettlement({
      repository: g.r,
      projectRoot: g.repo.path,
      env,
      identity,
      target: "main",
      slotsRoot: join(g.repo.root, "cache", "slots"),
      layersRoot: join(g.repo.root, "cache", "layers"),
      buildsLayers: false,
      signal: new AbortController().signal,
      report: (...some) => progress.push(...some),
      putOutput: () => "",
      ...more,
      // Commands see all of the environment, as if the project passed every variable on.
      config: { ...project, run: { ...project.run, env: Object.keys(env) } },
    });
  };
  const context = reopen();
  const change: TestSettlement["change"] = async (files) => {
    const env = { ...g.repo.env, GIT_INDEX_FILE: join(g.scratch, `index${++counter}`) };
    const git = (args: string[], stdin = ""): string => {
      const run = Bun.spawnSync(["git", ...args], {
        cwd: g.repo.path,
        env,
        stdin: Buffer.from(stdin),
      });
      if (run.exitCode !== 0) throw new Error(run.stderr.toString());
      return run.stdout.toString().trim();
    };
    const written = Object.entries(files).map(([path, text]) => {
      const file = join(g.scratch, `blob${++counter}`);
      writeFileSync(file, text ?? "");
      return { path, file, deleted: text === null };
    });
    const names = written.map(({ file }) => `${file}\n`).join("");
    const ids = git(["hash-object", "-w", "--stdin-paths"], names).split("\n");
    const entries = written.map(({ path, deleted }, i) =>
      deleted ? `0 ${"0".repeat(40)}\t${path}\n` : `100644 ${ids[i]}\t${path}\n`,
    );
    git(["read-tree", base]);
    git(["update-index", "--index-info"], entries.join(""));
    return git(["commit-tree", "-p", base, "-m", "change", git(["write-tree"])]);
  };
  return {
    git: g,
    base,
    context,
    progress,
    reopen,
    change,
    async judge(files, more = {}) {
      const commit = await change(files);
      return runGates(more.context ?? context, {
        unit: "u",
        attempt: 1,
        car: 1,
        tree: await g.repo.git("rev-parse", `${commit}^{tree}`),
        commit,
        base: more.base ?? base,
        testCmd: more.testCmd ?? null,
        marker: `test-settlement/${process.pid}.${++counter}`,
        signal: more.signal ?? new AbortController().signal,
        ...(more.files === undefined ? {} : { files: more.files }),
        behind: () => more.behind ?? null,
      });
    },
    async review(files, claims, tamper) {
      const tree = await g.attempt(undefined, base);
      for (const [path, text] of Object.entries(files)) {
        const full = join(tree.path, path);
        if (text === null) await Bun.file(full).delete();
        else {
          mkdirSync(join(full, ".."), { recursive: true });
          await Bun.write(full, text);
        }
      }
      tamper?.(tree.path);
      return reviewAndCommit(context, {
        tree,
        claims: { create: [], edit: [], delete: [], touch: [], read: [], ...claims },
        unitSummary: "",
        message: "feat: x\n",
        date: "2026-02-03T04:05:06.000Z",
        marker: `test-settlement/${process.pid}.${++counter}`,
      });
    },
    [Symbol.asyncDispose]: () => g[Symbol.asyncDispose](),
  };
}

/** Status by name of the configured gates; semantic and structure, which always run, are left out. */
export function statuses({ verdicts }: GatesResult): Record<string, string> {
  const configured = verdicts.filter(({ gate }) => !["semantic", "structure"].includes(gate));
  return Object.fromEntries(configured.map((v) => [v.gate, v.status]));
}

/** The verdict of one gate. */
export function verdict({ verdicts }: GatesResult, gate: string): GateVerdict {
  const found = verdicts.find((v) => v.gate === gate);
  if (found === undefined) throw new Error(`no verdict of ${gate}`);
  return found;
}
