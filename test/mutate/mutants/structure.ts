/** Mutants of `src/structure`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a large file rejects a change",
    file: "src/structure/offenders.ts",
    find: '  "hidden_file",\n]);',
    replace: '  "hidden_file",\n  "large_file",\n]);',
    killedBy:
      "src/structure/offenders.test.ts > excessive length is an offender that does not reject a change",
  },
] satisfies Mutant[];
