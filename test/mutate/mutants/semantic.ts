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
  {
    name: "every argument counts for a call with a receiver",
    file: "src/semantic/call-signature.ts",
    find: "const given = call.positional - skipped;",
    replace: "const given = call.positional;",
    killedBy:
      "src/semantic/call-signature.test.ts > a skipped receiver does not count as an argument",
  },
  {
    name: "a keyword for a parameter that has a value by position is accepted",
    file: "src/semantic/call-signature.ts",
    find: "} else if (byPosition.has(named)) return `receives",
    replace: "} else if (byPosition.size < 0) return `receives",
    killedBy:
      "src/semantic/call-signature.test.ts > a call with one parameter passed twice does not match",
  },
  {
    name: "a call with spread arguments is checked",
    file: "src/semantic/call-signature.ts",
    find: "if (call.open) return null;",
    replace: "",
    killedBy:
      "src/semantic/call-signature.test.ts > a call with a spread of unknown length matches",
  },
  {
    name: "a keyword of a function that takes any is unknown",
    file: "src/semantic/call-signature.ts",
    find: "if (!keywordRest) return",
    replace: "return",
    killedBy:
      "src/semantic/call-signature.test.ts > a call with any keyword for a keyword rest matches",
  },
  {
    name: "one argument too many is accepted",
    file: "src/semantic/call-signature.ts",
    find: "given > positions.length && !rest",
    replace: "given > positions.length + 1 && !rest",
    killedBy: "src/semantic/call-signature.test.ts > a call with too many arguments does not match",
  },
  {
    name: "a required parameter that is passed by name is missing",
    file: "src/semantic/call-signature.ts",
    find: " && !call.keywords.includes(one.name)",
    replace: "",
    killedBy: "src/semantic/call-signature.test.ts > a call with parameters passed by name matches",
  },
  {
    name: "a finding of a kind that is off is noted",
    file: "src/semantic/finding.ts",
    find: 'noted: of("note") }',
    replace: 'noted: [...of("note"), ...of("off")] }',
    killedBy:
      "src/semantic/finding.test.ts > findings are separated into those that block and notes, without those that are off",
  },
  {
    name: "a key that a file had twice before is a conflict",
    file: "src/semantic/data-files.ts",
    find: ".filter(({ name }) => !before.has(name))",
    replace: "",
    killedBy:
      "test/semantic/data-files.test.ts > a key that a file had twice before is not a conflict",
  },
  {
    name: "the same value twice in JSON blocks",
    file: "src/semantic/data-files.ts",
    find: 'format === "json" && sameValue',
    replace: "false && sameValue",
    killedBy:
      "test/semantic/data-files.test.ts > a key with the same value twice in JSON is a note",
  },
  {
    name: "markers in prose block",
    file: "src/semantic/data-files.ts",
    find: "uncertain: format !== null ? null :",
    replace: "uncertain: true ? null :",
    killedBy: "test/semantic/data-files.test.ts > markers in prose are a note",
  },
  {
    name: "a repeated key of a YAML template blocks",
    file: "src/semantic/data-files.ts",
    find: 'template ? "the file is a template" : harmless',
    replace: 'template && false ? "the file is a template" : harmless',
    killedBy: "test/semantic/data-files.test.ts > a key of a YAML template is a note",
  },
  {
    name: "entries of a YAML list are one table",
    file: "src/semantic/data-keys.ts",
    find: "open = open.filter((one) => one.indent <= place);",
    replace: "",
    killedBy: "test/semantic/data-files.test.ts > two entries of a YAML list",
  },
  {
    name: "the text of a block scalar is read for keys",
    file: "src/semantic/data-keys.ts",
    find: "scalar = column;\n",
    replace: "scalar = null;\n",
    killedBy: "test/semantic/data-files.test.ts > a block scalar of YAML",
  },
  {
    name: "an insertion before equal lines has no other place",
    file: "src/semantic/line-edits.ts",
    find: "while (last + down <= lines.length && lines[first + down - 1] === lines[last + down - 1]) down++;",
    replace: "",
    killedBy:
      "src/semantic/line-edits.test.ts > an insertion among equal lines may move down from the first",
  },
  {
    name: "documents of a YAML stream are one table",
    file: "src/semantic/data-keys.ts",
    find: "      open = [];\n      continue;",
    replace: "      continue;",
    killedBy: "test/semantic/data-files.test.ts > two documents of a YAML file",
  },
  {
    name: "two files of one date are in conflict",
    file: "src/semantic/ordering.ts",
    find: "  if (/^\\d{4}-\\d\\d-\\d\\d/.test(name)) return null;\n",
    replace: "",
    killedBy:
      "test/semantic/sides.test.ts > A11 changes that only look like a conflict are accepted: file names with one date, of another year",
  },
  {
    name: "a finding in a vendored folder is certain",
    file: "src/semantic/certainty/doubt.ts",
    find: "if (isMadeByTool(path)) return",
    replace: "if (false) return",
    killedBy:
      "test/semantic/certainty.test.ts > a changed signature of code that a tool made in a vendored folder is a note",
  },
  {
    name: "a finding in a generated file is certain",
    file: "src/semantic/certainty/doubt.ts",
    find: "if (isGenerated(before)) return",
    replace: "if (false) return",
    killedBy:
      "test/semantic/certainty.test.ts > a changed signature of code that a tool made with the mark of a generator is a note",
  },
] satisfies Mutant[];
