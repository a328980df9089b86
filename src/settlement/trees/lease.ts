/** A leased gate tree: the interface that gates use, whatever the tree is made of. */
import type { GateAccess } from "../../config/gates.ts";
import type { Oid } from "../../git/objects.ts";
import type { GateHistory } from "../../git/worktrees/gate-tree.ts";
import type { LockMode } from "../../std/shared-lock.ts";
import { type CommandRun, failedBesideOthers } from "./command.ts";
import type { CommandTree } from "./confine.ts";
import type { Prepared } from "./dependencies.ts";
import type { TreePlaces } from "./environment.ts";

export interface GateTreeLease {
  /** The project's folder in the tree. */
  readonly project: string;
  /** Root of the tree. */
  readonly root: string;
  /** `TMPDIR` of commands, outside the tree; emptied before each command and at the end of the lease. */
  readonly temporary: string;
  /** The root and the folder for temporary files as a command with this access sees them. */
  inside(access: GateAccess): Promise<TreePlaces["inside"]>;
  /** Prepares the dependencies; `warm` means that those of an earlier tree were reused. */
  readonly prepare: () => Promise<Prepared & { warm: boolean }>;
  /** Runs one command in the prepared tree, then reverts its changes. */
  run(command: string, o: RunCommandOptions): Promise<CommandRun>;
}

/** A gate tree in a folder, where commands may also run in other ways than by `run`. */
export interface FolderLease extends GateTreeLease {
  readonly tree: CommandTree;
}

export interface RunCommandOptions {
  /** `alone`: while no other gate command runs; `shared` by default. */
  mode?: LockMode;
  /** Places that the command may reach. */
  access: GateAccess;
  /** The history that the command sees; null, the default, for none. */
  history?: GateHistory | null;
  /** Time limit; `settlement_timeout` by default. */
  timeoutMs?: number;
  onOutput?: (chunk: Uint8Array) => void;
}

export interface LeaseRequest {
  tree: Oid;
  /** Unit it is for; null for gates outside a unit. */
  unit: string | null;
  /** True for a tree that must not rest on a layer: everything is installed and compiled in it. */
  cold?: boolean;
  /** The tree becomes a layer: the base of a run, which is trusted, or a tree that has landed since. */
  buildsLayer?: "base" | "landed";
  marker: string;
  signal: AbortSignal;
}

/** Runs a command; one that failed beside other gate commands runs again without them, and that result counts. */
export async function runConfirmed(
  lease: GateTreeLease,
  command: string,
  o: RunCommandOptions,
): Promise<CommandRun> {
  const run = await lease.run(command, o);
  return failedBesideOthers(run) ? lease.run(command, { ...o, mode: "alone" }) : run;
}
