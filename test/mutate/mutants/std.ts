/** Mutants of `src/std`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a shared holder counts as alone although it shared the lock before another left",
    file: "src/std/shared-lock.ts",
    find: "for (const other of held) other.alone = false;",
    replace: "for (const other of held) other.alone = other.mode === next.mode;",
    killedBy:
      "src/std/shared-lock.test.ts > a task that wants the lock alone waits for all holders",
  },
  {
    name: "a waiting task that leaves does not admit the ones behind it",
    file: "src/std/shared-lock.ts",
    find: "waiting.enter(null);\n        this.#admit();",
    replace: "waiting.enter(null);",
    killedBy:
      "src/std/shared-lock.test.ts > a waiting task whose signal is aborted leaves, and no longer holds up",
  },
  {
    name: "a limit expires in the first look after a suspension",
    file: "src/std/limit.ts",
    find: "this.#jumped = false;\n      return [];",
    replace: "this.#jumped = false;",
    killedBy: "src/std/limit.test.ts > A22 a limit that starts right after a suspension",
  },
] satisfies Mutant[];
