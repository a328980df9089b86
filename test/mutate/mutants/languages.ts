/** Mutants of `src/languages`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "dependents are followed one step too far",
    file: "src/languages/import-graph.ts",
    find: "step < depth && reached",
    replace: "step <= depth && reached",
    killedBy:
      'src/languages/import-graph.test.ts > the dependents of ["a.ts"] within 1 steps are ["b.ts"]',
  },
  {
    name: "a package's __init__ is loaded with nothing",
    file: "src/languages/import-graph.ts",
    find: "[...(loadedWith.get(path) ?? none)]",
    replace: "[...none]",
    killedBy:
      "src/languages/import-graph.test.ts > the __init__.py of a package depends on its modules, its own imports are not followed",
  },
] satisfies Mutant[];
