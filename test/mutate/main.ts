/**
 * Puts deliberate defects into a copy of the source, one at a time, and runs the test that each names.
 *
 *   bun run mutate [-- [--room ROOM]... [--only TEXT] [--jobs N] [--json]]
 *   bun run mutate -- --file FILE --tests PATH... [--together]
 *
 * A mutant is an entry of `mutants/<room>.ts` (see `mutant.ts`). Its test runs once without the defect, where it
 * must pass, and once with it, where it must fail. `--file` judges a list that names no tests (a module with
 * mutants as its default export, or JSON): the unit tests run first, then the tests of `--tests`; `--together`
 * puts all of its defects in at once. Prints one line per mutant; the last line has the counts.
 *
 * Exits 1 when a mutant is not detected and does not say why, or when its patch or test does not fit.
 */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { allMutants, type Mutant, mutate, type RoomMutant, testOf } from "./mutant.ts";
import { Tree } from "./tree.ts";

/** `killed`: a test failed; `survived`: none did; `expected`: none did, for the recorded reason; `unfit`: not judged. */
type Outcome = "killed" | "survived" | "expected" | "unfit";

interface Judgement {
  mutant: RoomMutant;
  outcome: Outcome;
  /** Failed tests, the reason of a survivor, or the reason why it was not judged. */
  detail: string;
}

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    room: { type: "string", multiple: true },
    only: { type: "string" },
    jobs: { type: "string", default: String(availableParallelism()) },
    file: { type: "string" },
    tests: { type: "string", multiple: true, default: [] },
    together: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const chosen = (await listed()).filter(
  ({ room, name }) =>
    (values.room?.includes(room) ?? true) &&
    (values.only === undefined || name.includes(values.only)),
);
const groups: RoomMutant[][] = values.together ? [chosen] : chosen.map((mutant) => [mutant]);
const start = performance.now();
const judgements: Judgement[] = [];
/** Results without a defect, by test. */
const unmutated = new Map<string, Promise<string | null>>();
await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, work));
summarise();

/** The mutants of `--file`, otherwise those of the rooms. */
async function listed(): Promise<RoomMutant[]> {
  if (values.file === undefined) return await allMutants();
  const { default: list } = (await import(resolve(values.file))) as { default: Mutant[] };
  return list.map((mutant) => ({ ...mutant, room: mutant.file.split("/")[1] ?? "" }));
}

/** Judges groups until none is left, in a copy of its own. */
async function work(): Promise<void> {
  const tree = await Tree.create();
  try {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      for (const judgement of await judge(tree, group)) {
        judgements.push(judgement);
        print(judgement);
      }
    }
  } finally {
    tree.remove();
  }
}

/** Judges mutants that are put in together. */
async function judge(tree: Tree, group: RoomMutant[]): Promise<Judgement[]> {
  const originals = new Map<string, string>();
  const all = (outcome: Outcome, detail: string): Judgement[] =>
    group.map((mutant) => ({ mutant, outcome, detail }));
  const tests = testsOf(group);
  if (typeof tests === "string") return all("unfit", tests);
  const named = tests.find(({ name }) => name !== undefined);
  if (named?.name !== undefined) {
    const problem = await passesUnmutated(tree, named.paths, named.name);
    if (problem !== null) return all("unfit", problem);
  }
  try {
    for (const mutant of group) {
      const text = tree.read(mutant.file);
      if (!originals.has(mutant.file)) originals.set(mutant.file, text);
      const mutated = mutate(text, mutant);
      if (mutated instanceof Error) return all("unfit", `${mutant.file}: ${mutated.message}`);
      tree.write(mutant.file, mutated);
    }
    for (const { paths, name } of tests) {
      const run = await tree.test(paths, name);
      if (run.result === "broken") return all("unfit", `no test ran: ${run.output.slice(-400)}`);
      if (run.result === "failed")
        return all("killed", run.failed.join("; ") || "a test did not end");
    }
    const reason = group[0]?.survives;
    return reason === undefined ? all("survived", "") : all("expected", reason);
  } finally {
    for (const [file, text] of originals) tree.write(file, text);
  }
}

/** The test runs that judge a group, in order; a text says why there are none. */
function testsOf([mutant, ...more]: RoomMutant[]): { paths: string[]; name?: string }[] | string {
  if (mutant?.killedBy !== undefined && more.length === 0) {
    const test = testOf(mutant.killedBy);
    if (test === null) return `killedBy has no " > ": ${mutant.killedBy}`;
    return [{ paths: [`./${test.file}`], name: test.name }];
  }
  if (values.file === undefined && mutant?.survives === undefined) return "names no test";
  const more_ = values.tests.length > 0 ? [{ paths: values.tests }] : [];
  return [{ paths: ["./src"] }, ...more_];
}

/** Null when the test passes on the unchanged source, otherwise the problem. Each test runs once. */
function passesUnmutated(tree: Tree, paths: string[], name: string): Promise<string | null> {
  const key = `${paths[0]} > ${name}`;
  const known = unmutated.get(key) ?? check();
  unmutated.set(key, known);
  return known;

  async function check(): Promise<string | null> {
    const { result } = await tree.test(paths, name);
    if (result === "passed") return null;
    return result === "failed"
      ? `fails without the defect: ${key}`
      : `there is no such test: ${key}`;
  }
}

function print({ mutant, outcome, detail }: Judgement): void {
  const { room, name, file } = mutant;
  if (values.json) {
    console.log(JSON.stringify({ room, name, file, outcome, detail }));
    return;
  }
  const more = outcome === "killed" ? "" : `\n         ${file}: ${detail}`;
  console.log(`${outcome.padEnd(8)} ${room}: ${name}${more}`);
}

/** Prints the counts by room and in total. */
function summarise(): void {
  const count = (outcome: Outcome, room?: string): number =>
    judgements.filter((j) => j.outcome === outcome && (room ?? j.mutant.room) === j.mutant.room)
      .length;
  const line = (room?: string): string => {
    const [killed, survived, expected, unfit] = (
      ["killed", "survived", "expected", "unfit"] as const
    ).map((outcome) => count(outcome, room)) as [number, number, number, number];
    const rate = Math.round((100 * killed) / Math.max(1, killed + survived + expected));
    return `${killed} killed (${rate} %), ${survived} survived, ${expected} with a reason, ${unfit} not judged`;
  };
  const seconds = Math.round((performance.now() - start) / 1000);
  const rooms = [...new Set(judgements.map((j) => j.mutant.room))].sort();
  if (!values.json) for (const room of rooms) console.log(`${room.padEnd(12)} ${line(room)}`);
  console.error(`${judgements.length} mutants in ${seconds} s: ${line()}`);
  process.exitCode = count("survived") + count("unfit") === 0 ? 0 : 1;
}
