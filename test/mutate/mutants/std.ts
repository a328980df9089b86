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
  {
    name: "a text of exactly the maximum is cut",
    file: "src/std/text.ts",
    find: "text.length <= charsMax ? text",
    replace: "text.length < charsMax ? text",
    killedBy: "src/std/text.test.ts > text on one line is folded and cut",
  },
  {
    name: "a list of exactly the maximum has more",
    file: "src/std/text.ts",
    find: "if (more <= 0) return",
    replace: "if (more < 0) return",
    killedBy: "src/std/text.test.ts > a long list ends with the number of items left out",
  },
  {
    name: "a promise that rejects is remembered",
    file: "src/std/once.ts",
    find: "        if (known === own) known = null;\n",
    replace: "",
    killedBy:
      "src/std/std.test.ts > B17 once forgets a promise that rejects, and keeps one that resolves",
  },
  {
    name: "a refused value is remembered",
    file: "src/std/once.ts",
    find: "(keep(result) ? undefined : forget())",
    replace: "undefined",
    killedBy:
      "src/std/text.test.ts > a promise that rejects or resolves to a refused value is not kept",
  },
  {
    name: "one value more than the maximum is kept",
    file: "src/std/once.ts",
    find: "values.size > max &&",
    replace: "values.size > max + 1 &&",
    killedBy: "src/std/text.test.ts > the oldest value beyond the maximum is dropped",
  },
  {
    name: "a line of the maximum length is too long",
    file: "src/std/ndjson.ts",
    find: "length > lineCharsMax",
    replace: "length >= lineCharsMax",
    killedBy: "src/std/std.test.ts > D5 a line of exactly the cap is read, one longer is skipped",
  },
  {
    name: "a last line without a newline is a message",
    file: "src/std/ndjson.ts",
    find: 'if (rest.trim() !== "") yield { kind: "unterminated", text: rest.slice(0, 4096) };',
    replace: 'if (rest.trim() !== "") yield { kind: "message", value: JSON.parse(rest) };',
    killedBy: "src/std/std.test.ts > a line without its newline is never a message",
  },
  {
    name: "a mount point that a path begins is below it",
    file: "src/std/files.ts",
    find: "{path}/`) ? [point]",
    replace: "{path}`) ? [point]",
    killedBy: "src/std/files.test.ts > mountsBelow finds the path itself",
  },
  {
    name: "one minute is 60.0 s",
    file: "src/std/text.ts",
    find: "ms < 59_950",
    replace: "ms <= 60_000",
    killedBy: "src/std/text.test.ts > a duration of 60000 ms is 1 min 00 s",
  },
  {
    name: "a suggestion may be half of the word away",
    file: "src/std/suggest.ts",
    find: "word.length / 3",
    replace: "word.length / 2",
    killedBy:
      "src/std/std.test.ts > a suggestion is at most a third of the word away, and a swap counts once: abcdef, abcxyz",
  },
  {
    name: "a swap counts twice in a suggestion",
    file: "src/std/suggest.ts",
    find: "(beforeLast[j - 2] ?? 0) + 1",
    replace: "(beforeLast[j - 2] ?? 0) + 2",
    killedBy:
      "src/std/std.test.ts > a suggestion is at most a third of the word away, and a swap counts once: abcd, abdc",
  },
  {
    name: "the mode of a file with another name changes",
    file: "src/std/files.ts",
    find: "stats.isFile() && stats.nlink === 1",
    replace: "stats.isFile()",
    killedBy: "test/process/accessible.test.ts > files and folders below become accessible",
  },
  {
    name: "a key of eight characters is not redacted",
    file: "src/std/secrets.ts",
    find: "secrets.filter((secret) => secret.length >= secretCharsMin)",
    replace: "secrets.filter((secret) => secret.length > secretCharsMin)",
    killedBy:
      "src/worker/redact.test.ts > C6 a key of eight characters is redacted, one of seven is not",
  },
  {
    name: "a secret within another one is replaced first",
    file: "src/std/secrets.ts",
    find: "b.length - a.length",
    replace: "a.length - b.length",
    killedBy:
      "src/std/secrets.test.ts > F2 secrets are replaced in every spelling, one within another as a whole",
  },
] satisfies Mutant[];
