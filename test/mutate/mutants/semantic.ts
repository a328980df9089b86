/** Mutants of `src/semantic`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "an uncertain finding blocks",
    file: "src/semantic/finding.ts",
    find: 'severity === "block" && uncertain !== null ? "note" : severity',
    replace: "severity",
    killedBy:
      "src/semantic/finding.test.ts > the severity of an uncertain finding of a kind that blocks follows the settings",
  },
  {
    name: "a finding is excused by one of another symbol",
    file: "src/semantic/finding.ts",
    find: '({ kind, path, symbol }: Subject): string => [kind, path, symbol].join("\\0")',
    replace: '({ kind, path }: Subject): string => [kind, path].join("\\0")',
    killedBy: "src/semantic/finding.test.ts > A23 one of another symbol is kept",
  },
  {
    name: "a finding is excused by one of another file",
    file: "src/semantic/finding.ts",
    find: '({ kind, path, symbol }: Subject): string => [kind, path, symbol].join("\\0")',
    replace: '({ kind, symbol }: Subject): string => [kind, symbol].join("\\0")',
    killedBy: "src/semantic/finding.test.ts > A23 one in another file is kept",
  },
  {
    name: "one finding excuses all of its kind and place",
    file: "src/semantic/finding.ts",
    find: "    if (at >= 0) known.splice(at, 1);\n",
    replace: "",
    killedBy: "src/semantic/finding.test.ts > A23 one more of the same kind and place is kept",
  },
  {
    name: "a finding's fingerprint does not depend on its file",
    file: "src/semantic/finding.ts",
    find: "sha256([kind, path, symbol]",
    replace: "sha256([kind, symbol]",
    killedBy: "src/semantic/finding.test.ts > a fingerprint depends on kind, path and symbol",
  },
  {
    name: "an insertion between equal lines has one place",
    file: "src/semantic/line-edits.ts",
    find: "if (start !== end && newStart !== newEnd) return",
    replace: "if (true) return",
    killedBy: "src/semantic/line-edits.test.ts > slackOf an inserted line like its neighbours",
  },
] satisfies Mutant[];
