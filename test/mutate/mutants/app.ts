/** Mutants of `src/app`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "doctor does not look up the program that a wrapper starts",
    file: "src/app/doctor/shell-programs.ts",
    find: "wrappers.has(name) || starters.has(name)",
    replace: "starters.has(name)",
    killedBy:
      "src/app/doctor/shell-programs.test.ts > E22 the programs of `env A=b timeout 30s cargo test` are",
  },
  {
    name: "a program that a command only asks for is a program of it",
    file: "src/app/doctor/shell-programs.ts",
    find: 'at >= 0 && !/^-[vV]/.test(rest[0] ?? "")',
    replace: "at >= 0",
    killedBy: "src/app/doctor/shell-programs.test.ts > E22 the programs of `command -v tool` are",
  },
  {
    name: "a program in a folder that the command changes to is missing",
    file: "src/app/doctor/shell-programs.ts",
    find: "if (isPlain(folder)) into.folders.push(posix.normalize(folder));",
    replace: "",
    killedBy:
      "src/app/doctor/shell-programs.test.ts > E22 a program may start in the folders that the command changes to",
  },
  {
    name: "doctor starts a module that setup_cmd provides",
    file: "src/app/doctor/shell-programs.ts",
    find: "if (!setUp && /^python",
    replace: "if (/^python",
    killedBy:
      "src/app/doctor/shell-programs.test.ts > E22 the version of what `python -m mypy src` starts (setup_cmd: true)",
  },
  {
    name: "doctor starts a module that has no version",
    file: "src/app/doctor/shell-programs.ts",
    find: '  "unittest",\n',
    replace: "",
    killedBy:
      "src/app/doctor/shell-programs.test.ts > E22 the version of what `python3 -m unittest discover` starts",
  },
] satisfies Mutant[];
