/** Mutants of `src/ledger`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "an equal line counts twice",
    file: "src/ledger/entry.ts",
    find: "if (!events.has(key)) events.set(key, { event: parsed, line: at + 1 });",
    replace: "events.set(key + at, { event: parsed, line: at + 1 });",
    killedBy:
      "src/ledger/entry.test.ts > the order of lines and duplicate lines do not change the entries",
  },
  {
    name: "a change is dated at the entry's last event",
    file: "src/ledger/entry.ts",
    find: "Date.parse(last) + 1",
    replace: "Date.parse(last)",
    killedBy:
      "src/ledger/entry.test.ts > an event is dated after the known events of its entry even when the clock was set back",
  },
  {
    name: "an exact id names those that it begins as well",
    file: "src/ledger/entry.ts",
    find: "  if (exact !== undefined) return [exact];\n",
    replace: "",
    killedBy: "src/ledger/entry.test.ts > an entry is found by its id or a prefix of",
  },
  {
    name: "a conflict marker is only not JSON",
    file: "src/ledger/entry.ts",
    find: "|=======|",
    replace: "|======= |",
    killedBy:
      'src/ledger/entry.test.ts > a line with the problem "a git conflict marker" is reported, and the others are read',
  },
] satisfies Mutant[];
