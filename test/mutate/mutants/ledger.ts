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
  {
    name: "two changes of one time are one",
    file: "src/ledger/entry.ts",
    find: "return `${event.ts} ${event.id} ${JSON.stringify(Object.entries(event).sort())}`;",
    replace: "return `${event.ts} ${event.id} ${event.event}`;",
    killedBy:
      "src/ledger/entry.test.ts > two changes of one time by different authors are two changes",
  },
  {
    name: "a change of an unknown entry is not reported",
    file: "src/ledger/entry.ts",
    find: "      broken.push({ line, problem: `${event.event} ${event.id}, which no line opens` });\n",
    replace: "",
    killedBy:
      'src/ledger/entry.test.ts > a line with the problem "resolved dddd, which no line opens" is reported, and the others are read',
  },
  {
    name: "the last line that opens an entry counts",
    file: "src/ledger/entry.ts",
    find: 'event.event === "opened" && !entries.has(event.id)',
    replace: 'event.event === "opened"',
    killedBy: "src/ledger/entry.test.ts > of two lines that open one entry, the earlier one counts",
  },
  {
    name: "a reopened entry stays resolved",
    file: "src/ledger/entry.ts",
    find: 'entry.status = kind === "resolved" ? "resolved" : "open";',
    replace: 'if (kind === "resolved") entry.status = "resolved";',
    killedBy: "src/ledger/entry.test.ts > an entry has the changes of its lines in order of time",
  },
  {
    name: "an id is found in lower case only",
    file: "src/ledger/entry.ts",
    find: "typed.toLowerCase()",
    replace: "typed",
    killedBy:
      "src/ledger/entry.test.ts > an entry is found by its id or a prefix of at least four characters",
  },
  {
    name: "problems are not in the order of the lines",
    file: "src/ledger/entry.ts",
    find: "  broken.sort((a, b) => a.line - b.line);\n",
    replace: "  broken.reverse();\n",
    killedBy: "src/ledger/entry.test.ts > problems are in the order of their lines",
  },
] satisfies Mutant[];
