/**
 * Slots: small numbers, each held by one tree of one dgov process of this user on this machine, so that
 * commands in different trees can use different ports and databases.
 *
 * A slot is held by an exclusive SQLite transaction on a file of its own, which the operating system
 * releases however the process ends. As with the run lock, nothing else in the process may open the file.
 */
import { Database } from "bun:sqlite";
import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";

/** Highest slot. The ports of all slots are below 32768, where systems begin to assign ports themselves. */
const slotMax = 768;

const firstPort = 20_000;

/** Ports of a slot, from `DGOV_PORT_BASE` on. */
export const portsPerSlot = 16;

/** Held slots of this process by the path of their file; the objects must stay referenced. */
const held = new Map<string, Database>();

export class MachineSlots {
  readonly #folders: readonly string[];
  readonly #slots = new Map<string, { slot: number; path: string }>();

  /** The lock files are in the first of `folders` that can be written. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** The slot of a tree, by its path: the lowest free one on first use, and the same until `release`. */
  of(tree: string): number {
    const known = this.#slots.get(tree);
    if (known !== undefined) return known.slot;
    const folder = this.#folder();
    for (let slot = 1; slot <= slotMax; slot++) {
      const path = join(folder, `${slot}.lock`);
      if (!take(path)) continue;
      this.#slots.set(tree, { slot, path });
      return slot;
    }
    throw new DgovError("ENVIRONMENT", `all ${slotMax} slots of this machine are in use`, {
      hint: "wait until other runs have finished, or lower [run] jobs and max_gates",
    });
  }

  /** Frees the slot of a tree, if it has one. */
  release(tree: string): void {
    const path = this.#slots.get(tree)?.path;
    if (path === undefined) return;
    this.#slots.delete(tree);
    held.get(path)?.close();
    held.delete(path);
  }

  #folder(): string {
    let cause: unknown;
    for (const folder of this.#folders) {
      try {
        mkdirSync(folder, { recursive: true });
        accessSync(folder, constants.W_OK);
        return folder;
      } catch (error) {
        cause = error;
      }
    }
    throw unusable(this.#folders[0] ?? "", cause);
  }
}

/** Variables by which commands in a tree use resources of their own. */
export function slotVariables(slot: number): {
  DGOV_SLOT: string;
  DGOV_PORT_BASE: string;
  COMPOSE_PROJECT_NAME: string;
} {
  return {
    DGOV_SLOT: String(slot),
    DGOV_PORT_BASE: String(firstPort + portsPerSlot * slot),
    COMPOSE_PROJECT_NAME: `dgov-${slot}`,
  };
}

/** Takes the lock of a slot; false when it is held, here or by another process. */
function take(path: string): boolean {
  if (held.has(path)) return false;
  let database: Database | null = null;
  try {
    database = new Database(path, { create: true, readwrite: true });
    database.exec("PRAGMA busy_timeout = 0");
    database.exec("BEGIN EXCLUSIVE");
    held.set(path, database);
    return true;
  } catch (error) {
    database?.close();
    if ((error as { code?: unknown }).code === "SQLITE_BUSY") return false;
    throw unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): DgovError {
  return new DgovError("ENVIRONMENT", `cannot write ${path}`, {
    cause,
    hint: "set XDG_STATE_HOME to a folder that can be written",
  });
}
