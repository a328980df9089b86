/** Mutants of `src/cli`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a flag that is given twice keeps its last value",
    file: "src/cli/line.ts",
    find: "before.length > 0 && definition.type",
    replace: "false && definition.type",
    killedBy: 'src/cli/line.test.ts > rejects ["--jobs","1","--jobs","2"]',
  },
  {
    name: "a negative number is taken for a flag",
    file: "src/cli/line.ts",
    find: "/^--?[A-Za-z][\\w-]*(=.*)?$/s.test(word)",
    replace: "/^--?[\\w-]+(=.*)?$/s.test(word)",
    killedBy: 'src/cli/line.test.ts > reads ["--jobs","-5"]',
  },
  {
    name: "words after -- are flags",
    file: "src/cli/line.ts",
    find: "if (line.literal || !word",
    replace: "if (!word",
    killedBy: 'src/cli/line.test.ts > reads ["p","--","--json","-h"]',
  },
  {
    name: "a command is found among the properties of objects",
    file: "src/cli/line.ts",
    find: "Object.hasOwn(group.subcommands, name) ? (group.subcommands[name] ?? null) : null",
    replace: "(group.subcommands[name] ?? null)",
    killedBy: 'src/cli/line.test.ts > rejects ["toString"]',
  },
  {
    name: "an option that an argument does not have is accepted",
    file: "src/cli/line.ts",
    find: 'typeof value !== "string" || options.includes(value)',
    replace: "true",
    killedBy: 'src/cli/line.test.ts > rejects ["--graph=x"]',
  },
  {
    name: "a number at the lower end of its range is refused",
    file: "src/cli/args.ts",
    find: "value >= min",
    replace: "value > min",
    killedBy: "src/cli/args.test.ts > 1, an end of the range, is accepted",
  },
  {
    name: "a number at the upper end of its range is refused",
    file: "src/cli/args.ts",
    find: "value <= max",
    replace: "value < max",
    killedBy: "src/cli/args.test.ts > 64, an end of the range, is accepted",
  },
] satisfies Mutant[];
