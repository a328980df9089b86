/** The kernel's functions as one object: the real ones, or those of a patched copy. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkInvariants } from "../../src/kernel/invariants.ts";
import { apply, initialState, replay, transition } from "../../src/kernel/transition.ts";
import { outstanding } from "./outstanding.ts";

/** The kernel functions that a simulation calls. */
export interface Kernel {
  apply: typeof apply;
  transition: typeof transition;
  initialState: typeof initialState;
  replay: typeof replay;
  outstanding: typeof outstanding;
  checkInvariants: typeof checkInvariants;
}

/** The unpatched kernel. */
export const realKernel: Kernel = {
  apply,
  transition,
  initialState,
  replay,
  outstanding,
  checkInvariants,
};

/** A replacement in one kernel source; `find` must occur exactly once. */
export interface Patch {
  file: string;
  find: string;
  replace: string;
}

const source = join(import.meta.dir, "../../src");

/** Loads a copy of the kernel with the patches applied. */
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
