/** Mutants of `src/process`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a lock of another host is taken for dead",
    file: "src/process/lock.ts",
    find: "host === hostname() && processStart(pid) !== start",
    replace: "processStart(pid) !== start",
    killedBy:
      "test/git/process.test.ts > D4 a process on another host, which cannot be looked up holds the run lock: {",
  },
  {
    name: "a lock whose pid was reused is taken for alive",
    file: "src/process/lock.ts",
    find: "host === hostname() && processStart(pid) !== start",
    replace: "host === hostname() && processStart(pid) === null",
    killedBy: "test/git/process.test.ts > D4 another process of the same pid holds the run lock: {",
  },
  {
    name: "an interrupt is sent to another process of the same pid",
    file: "src/process/tree.ts",
    find: "processStart(of.pid) === of.start",
    replace: "processStart(of.pid) !== null",
    killedBy:
      "test/git/process.test.ts > interruptProcess signals a process of that pid and start, and no other of the same pid",
  },
  {
    name: "an attempt owns the processes of attempts whose number it begins",
    file: "src/process/tree.ts",
    find: "#`) ?? false",
    replace: "`) ?? false",
    killedBy: "src/process/tree.test.ts > by a longer marker",
  },
  {
    name: "gates' processes marked with a number are not their attempt's",
    file: "src/process/tree.ts",
    find: "own === marker || (own?.",
    replace: "own === marker || ((null as string | null)?.",
    killedBy: "src/process/tree.test.ts > by the marker of a child started with it",
  },
  {
    name: "a process that got the pid of a known one belongs to the tree",
    file: "src/process/tree.ts",
    find: "known.get(row.pid) === row.start",
    replace: "known.has(row.pid)",
    killedBy: "src/process/tree.test.ts > as another process of a known pid",
  },
  {
    name: "the group of a living process with a known pid belongs to the tree",
    file: "src/process/tree.ts",
    find: "(known.has(id) && !byPid.has(id))",
    replace: "known.has(id)",
    killedBy: "src/process/tree.test.ts > as another process of a known pid",
  },
  {
    name: "the tree contains the process that ends it",
    file: "src/process/tree.ts",
    find: "!row.zombie && !spared.has(row.pid)",
    replace: "!row.zombie",
    killedBy: "src/process/tree.test.ts > as this process or its parent",
  },
  {
    name: "a zombie counts as alive",
    file: "src/process/tree.ts",
    find: 'fields[0] === "Z" || fields[0] === "X"',
    replace: 'fields[0] === "X"',
    killedBy: "src/process/tree.test.ts > the state Z is that of a zombie: true",
  },
  {
    name: "two processes of different boots are one",
    file: "src/process/tree.ts",
    find: "{boot}-",
    replace: '{""}-',
    killedBy: "src/process/tree.test.ts > reads a process whatever its name",
  },
  {
    name: "a kernel thread is asked for its environment",
    file: "src/process/tree.ts",
    find: "const carries = !row.kernel && marker",
    replace: "const carries = marker",
    killedBy: "src/process/tree.test.ts > as a thread of the kernel",
  },
  {
    name: "a child gets a variable that is denied when the project names it",
    file: "src/process/environment.ts",
    find: "  for (const name of o.deny) names.delete(name);\n",
    replace: "",
    killedBy:
      "src/process/environment.test.ts > C6: a child gets no denied variable, even when the project names it",
  },
  {
    name: "a child gets the operator's git identity",
    file: "src/process/environment.ts",
    find: "  for (const name of names) if (identityVariable.test(name)) names.delete(name);\n",
    replace: "",
    killedBy: "src/process/environment.test.ts > C6: a child never gets GIT_AUTHOR_NAME",
  },
  {
    name: "a child gets variables of dgov",
    file: "src/process/environment.ts",
    find: 'value !== undefined && !name.startsWith("DGOV_")',
    replace: "value !== undefined",
    killedBy: "src/process/environment.test.ts > C6: a child gets no variable of dgov's own",
  },
  {
    name: "a child gets proxies that were not asked for",
    file: "src/process/environment.ts",
    find: "if (o.proxies) for (const name of proxyNames)",
    replace: "for (const name of proxyNames)",
    killedBy: "src/process/environment.test.ts > C6: a child gets only the fixed list",
  },
  {
    name: "the lower-case spelling of a proxy is not passed on",
    file: "src/process/environment.ts",
    find: "names.add(name).add(name.toLowerCase())",
    replace: "names.add(name)",
    killedBy: "src/process/environment.test.ts > C6: a child gets proxies on request",
  },
  {
    name: "output of exactly the limit counts as too large",
    file: "src/process/bounded-output.ts",
    find: "return this.bytes > this.#max;",
    replace: "return this.bytes >= this.#max;",
    killedBy: "src/process/bounded-output.test.ts > keeps all output that fits",
  },
  {
    name: "the kept tail is one chunk short",
    file: "src/process/bounded-output.ts",
    find: "this.#tailBytes - first.length < this.#max - half",
    replace: "this.#tailBytes - first.length <= this.#max - half - first.length",
    killedBy: "src/process/bounded-output.test.ts > keeps head and tail of output over the limit",
  },
  {
    name: "the ports of two slots overlap",
    file: "src/process/machine-slots.ts",
    find: "firstPort + portsPerSlot * slot",
    replace: "firstPort + (portsPerSlot - 1) * slot",
    killedBy:
      "test/settlement/machine-slots.test.ts > the ports of two slots do not overlap and are below those that systems assign themselves",
  },
  {
    name: "a placeholder is found among the properties of objects",
    file: "src/process/spawn.ts",
    find: "!Object.hasOwn(values, name)",
    replace: "!(name in values)",
    killedBy:
      'src/process/spawn.test.ts > substitutePlaceholders turns "x {constructor} {__proto__}"',
  },
  {
    name: "a build folder of all trees is passed to commands",
    file: "src/process/environment.ts",
    find: 'return outputVariables.includes(name) && !isRelative ? "shared" : null;',
    replace: "return null;",
    killedBy:
      "src/process/environment.test.ts > F8 with the toolchain variable CARGO_TARGET_DIR=/tmp/target, a child does not get it",
  },
  {
    name: "a folder outside the tree counts as one of the tree",
    file: "src/process/environment.ts",
    find: "|\\/\\.\\.(?:\\/|$)/.test(value)",
    replace: "/.test(value)",
    killedBy:
      "src/process/environment.test.ts > F8 with the toolchain variable CARGO_TARGET_DIR=a/../../target, a child does not get it",
  },
  {
    name: "a provider's key in another variable is passed to commands",
    file: "src/process/environment.ts",
    find: "key.length >= keyCharsMin && value.includes(key)",
    replace: "value === key",
    killedBy:
      "src/process/environment.test.ts > F8 with the toolchain variable npm_config_note=a sk-key-of-the-provider b, a child does not get it",
  },
] satisfies Mutant[];
