/** The interface of a gate, which judges a tree against a base, and the input that all gates share. */

import type { Config } from "../../config/config.ts";
import { commonAccess, type GateAccess } from "../../config/gates.ts";
import { treeOfCommit, treesOfCommits } from "../../git/commit.ts";
import type { Oid } from "../../git/objects.ts";
import { type DiffEntry, diffTrees, listTree } from "../../git/trees.ts";
import type { GateHistory } from "../../git/worktrees/gate-tree.ts";
import type { MergeVerdict } from "../../semantic/check-merge.ts";
import { once } from "../../std/once.ts";
import type { LockMode } from "../../std/shared-lock.ts";
import type { SettlementContext } from "../context.ts";
import { judgeMerge, type MergeChanges, type MergeTrees, readMerge } from "../merge-check.ts";
import { isRegularMode } from "../parse-blobs.ts";
import { isSource } from "../source-files.ts";
import {
  noSelection,
  selectTests,
  type TestSelection,
  testFolder,
} from "../tests/test-selection.ts";
import type { CommandRun } from "../trees/command.ts";
import type { GateTreeLease } from "../trees/lease.ts";
import type { GateVerdict } from "../verdict.ts";

/** Applicability of a gate to an input; the reason becomes a `not_applicable` verdict. */
export type Applies = { runs: true } | { runs: false; reason: string };

interface GateBase {
  /** One of dgov's own, or of a table `[[gates]]`. */
  name: string;
  /** True when the configuration asks for the gate, for a unit with this `test_cmd`. */
  configured(config: Config, testCmd: string | null): boolean;
  applies(input: GateInput): Applies | Promise<Applies>;
  /**
   * Everything the verdict depends on besides tree, base and environment: the filled-in commands, or the
   * settings and commits the gate reads. Part of the verdict's cache key.
   */
  commands(input: GateInput): string[] | Promise<string[]>;
}

/** A gate that runs commands in a checked-out tree. */
export interface TreeGate extends GateBase {
  reads: "gate_tree";
  /** The configured commands, with placeholders. */
  templates(config: Config, testCmd: string | null): string[];
  /** True for a gate that runs tests, which may fail once and pass the next time. */
  isFlaky: boolean;
  /** A cached pass that is valid for any base, because all its commands passed on this tree. */
  passed?(input: GateInput): Promise<GateVerdict | null>;
  run(input: GateInput, lease: GateTreeLease): Promise<GateVerdict>;
}

/** A gate that reads objects out of git; no tree is checked out for it. */
export interface ObjectGate extends GateBase {
  reads: "objects";
  run(input: GateInput): Promise<GateVerdict>;
}

export type Gate = TreeGate | ObjectGate;

/** The tree to judge, its base, and the unit it is for. */
export interface GateRequest {
  /** Null for gates outside a unit: preflight, verification. */
  unit: string | null;
  attempt: number;
  car: number | null;
  tree: Oid;
  /** The commit of the tree: HEAD for commands that see the history. */
  commit: Oid;
  /** The commit the tree is judged against. */
  base: Oid;
  /**
   * For a merged candidate: the base and the commit of its attempt. Absent when the tree is a plain change
   * of `base`.
   */
  change?: { base: Oid; commit: Oid };
  testCmd: string | null;
  marker: string;
  signal: AbortSignal;
  /** Files for commands with `{file}`; `changed` by default. */
  files?: FileChoice;
  /** Fingerprints of semantic findings that the operator accepted in this change: they do not reject it. */
  accepted?: readonly string[];
  /** Runs every command while no other gate command runs, and uses no cached verdict of a tree gate. */
  alone?: boolean;
  /** The unit whose candidate is the base and has not landed; null when the base is the target's tip. */
  behind?(): string | null;
  /** Judges in a tree without layers, and uses no cached verdict of a tree gate. */
  cold?: boolean;
  /** For the base of a run: its tree becomes a layer for the trees of units. */
  buildsLayer?: "base";
  /** Called when the gates that read objects have passed. */
  onScreened?(): void;
}

/**
 * The files that commands with `{file}` get: the changed ones; or, for a tree that equals its base, `all`
 * source files or a `sample` of them, enough to see that the commands run.
 */
export type FileChoice = "changed" | "all" | "sample";

const sampleFiles = 20;

/** A tree as the commands of a gate see it. */
export interface TreeView {
  tree: Oid;
  /** Null for commands that see the tree only. */
  history: GateHistory | null;
  /** The id of the tree or, with a history, a digest of everything that is visible. */
  key: string;
}

/** The command lines of one configured command, filled in for the tree and for its base. */
export interface CommandLines {
  onTree: string[];
  onBase: string[];
  /** Command lines that replace these when a run on the tree matches `when`. */
  fallback?: { when(run: CommandRun): boolean; lines: CommandLines };
}

/** Files for commands with `{file}`: those in the tree, and those of them in the base. */
export interface FilesToCheck {
  inTree: readonly string[];
  inBase: readonly string[];
}

/** A request with everything the gates read about it. */
export interface GateInput {
  context: SettlementContext;
  request: GateRequest;
  baseTree: Oid;
  onTree: TreeView;
  onBase: TreeView;
  /** `alone` when the gate's commands run while no other gate command does. */
  mode: LockMode;
  /** Places that the gate's commands may reach. */
  access: GateAccess;
  /** Time limit of each command of the gate. */
  timeoutMs: number;
  /** Folder in which the commands run, relative to the project: files that they print are relative to it. */
  cwd: string;
  /** The difference between the base's tree and the tree. */
  changed: readonly DiffEntry[];
  /** Source files to check, relative to the project: those in the tree, and those of them in the base. */
  files: FilesToCheck;
  /** Files to check that `isWanted` accepts by their path relative to the project. */
  filesWhere(isWanted: (path: string) => boolean): Promise<FilesToCheck>;
  /** The tests affected by the change; computed on first use. */
  selection(): Promise<TestSelection>;
  /** `test_dir` in the tree and in the base, or `.` where it does not exist; computed on first use. */
  testFolders(): Promise<{ inTree: string; inBase: string }>;
  /** The merge that the semantic rules check; read on first use. */
  merge(): Promise<MergeChanges>;
  /** Verdict of the semantic rules on the merge; computed on first use. */
  findings(): Promise<MergeVerdict>;
}

/** Reads what the gates need to know about a request. */
export async function gateInput(c: SettlementContext, request: GateRequest): Promise<GateInput> {
  const { tree, signal } = request;
  const baseTree = await treeOfCommit(c.repository, request.base);
  const isBase = tree === baseTree;
  const merge = once(async () => readMerge(c.repository, await mergeTrees(c, request, baseTree)));
  const findings = once(async () => judgeMerge(c.repository, await merge(), signal));
  const changed = isBase ? [] : await diffTrees(c.repository, baseTree, tree);
  const filesWhere = filesToCheck(c, request, { changed, isBase });
  return {
    context: c,
    request,
    baseTree,
    onTree: { tree, history: null, key: tree },
    onBase: { tree: baseTree, history: null, key: baseTree },
    mode: "shared",
    access: commonAccess(c.config),
    timeoutMs: c.config.settlementTimeoutS * 1000,
    cwd: ".",
    changed,
    files: await filesWhere((path) => isSource(c.config, path)),
    filesWhere,
    selection: once(async () => {
      if (isBase) return noSelection;
      // Of a change that nothing overtook, the diff says as much as the notes.
      const { base, ours } = (await merge()).trees;
      const noted = base === ours ? [] : notedPaths(await findings());
      return selectTests(c, { base: baseTree, tree, noted, signal });
    }),
    testFolders: once(async () => {
      const inBase = await testFolder(c, baseTree);
      return { inTree: isBase ? inBase : await testFolder(c, tree), inBase };
    }),
    merge,
    findings,
  };
}

/** The files that findings and notes are about. */
function notedPaths({ findings, notes }: MergeVerdict): string[] {
  return [...new Set([...findings, ...notes].map(({ path }) => path))].filter(
    (path) => path !== "",
  );
}

/** Selects files for commands with `{file}`; deleted files are left out. */
function filesToCheck(
  c: SettlementContext,
  { tree, files = "changed" }: GateRequest,
  { changed, isBase }: { changed: readonly DiffEntry[]; isBase: boolean },
): GateInput["filesWhere"] {
  const name = ({ path }: { path: string }): string => path.slice(c.projectPrefix.length);
  const entries = once(() => listTree(c.repository, tree));
  return async (isWanted) => {
    const fits = (of: { path: string }, mode: string): boolean =>
      isRegularMode(mode) && of.path.startsWith(c.projectPrefix) && isWanted(name(of));
    if (isBase && files !== "changed") {
      const all = (await entries()).filter((e) => fits(e, e.mode)).map(name);
      const inTree = files === "sample" ? all.slice(0, sampleFiles) : all;
      return { inTree, inBase: inTree };
    }
    const inTree = changed.filter((e) => fits(e, e.newMode));
    const inBase = inTree.filter((e) => isRegularMode(e.oldMode));
    return { inTree: inTree.map(name), inBase: inBase.map(name) };
  };
}

/** The trees of the merge behind a candidate, or of a plain change. */
async function mergeTrees(
  c: SettlementContext,
  { change, tree }: GateRequest,
  baseTree: Oid,
): Promise<MergeTrees> {
  const plain: MergeTrees = { base: baseTree, ours: baseTree, theirs: tree, merged: tree };
  if (change === undefined) return plain;
  const [base = baseTree, theirs = tree] = await treesOfCommits(c.repository, [
    change.base,
    change.commit,
  ]);
  return base === baseTree ? plain : { base, ours: baseTree, theirs, merged: tree };
}
