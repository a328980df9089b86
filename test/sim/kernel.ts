/** The kernel's functions together: as they are, or from a copy on disk that was tampered with. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkInvariants } from "../../src/kernel/invariants.ts";
import { apply, initialState, replay, transition } from "../../src/kernel/transition.ts";
import { outstanding } from "./outstanding.ts";

/** What a simulation drives. */
export interface Kernel {
  apply: typeof apply;
  transition: typeof transition;
  initialState: typeof initialState;
  replay: typeof replay;
  outstanding: typeof outstanding;
  checkInvariants: typeof checkInvariants;
}

/** The kernel as it is. */
export const realKernel: Kernel = {
  apply,
  transition,
  initialState,
  replay,
  outstanding,
  checkInvariants,
};

/** One change of one kernel source; `find` occurs exactly once in it. */
export interface Patch {
  file: string;
  find: string;
  replace: string;
}

const source = join(import.meta.dir, "../../src");

/** Loads a copy of the kernel with patches applied. */
export async function patchedKernel(patches: readonly Patch[]): Promise<Kernel> {
  const folder = mkdtempSync(join(tmpdir(), "dgov-kernel-"));
  try {
    for (const part of ["kernel", "std", "error.ts"]) {
      cpSync(join(source, part), join(folder, part), { recursive: true });
    }
    for (const { file, find, replace } of patches) {
      const path = join(folder, "kernel", file);
      const text = readFileSync(path, "utf8");
      if (text.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
      writeFileSync(
        path,
        text.replace(find, () => replace),
      );
    }
    const parts = ["invariants", "transition"];
    const modules = await Promise.all(
      parts.map((part) => import(join(folder, "kernel", `${part}.ts`))),
    );
    return Object.assign({ outstanding }, ...modules) as Kernel;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
