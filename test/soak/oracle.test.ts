import { expect, test } from "bun:test";
import {
  allowedExits,
  type EndState,
  expectedLandings,
  type Invocation,
  type LogRecord,
  rules,
  unitId,
  violationsOf,
} from "./oracle.ts";
import type { PlannedUnit } from "./schedule.ts";

const units: PlannedUnit[] = [
  { key: "a", kind: "file", fate: "good", dependsOn: [] },
  { key: "b", kind: "list", fate: "second", dependsOn: ["a"] },
  { key: "c", kind: "file", fate: "never", dependsOn: [] },
  { key: "d", kind: "file", fate: "good", dependsOn: ["c"] },
];

const run = "r1";

function log(): LogRecord[] {
  let seq = 0;
  const of = (
    type: string,
    unit: string | null,
    attempt: number | null,
    data: Record<string, unknown>,
  ): LogRecord => ({ seq: ++seq, run, type, unit, attempt, data });
  const wrote = (key: string, attempt: number, text: string): LogRecord[] => {
    const call = { tool: "write_file", call_id: `${key}${attempt}` };
    const ref = `refs/dgov/keep/${key}/${attempt}`;
    return [
      of("call", unitId(key), attempt, { ...call, args: { content: `${text}\n` } }),
      of("result", unitId(key), attempt, { ...call, ok: true }),
      of("attempt.kept", unitId(key), attempt, { ref }),
    ];
  };
  const landed = (key: string, attempt: number, commit: string, tree: string): LogRecord[] => [
    of("gates.finished", unitId(key), attempt, {
      tree,
      passed: true,
      verdicts: { tests: "passed" },
    }),
    of("landing.started", unitId(key), attempt, { to: commit, tree }),
    of("landing.finished", unitId(key), attempt, { commit }),
  ];
  return [
    of("run.started", null, null, {}),
    ...wrote("a", 1, "a good 1"),
    ...landed("a", 1, "A", "ta"),
    ...wrote("b", 1, "b BAD 2"),
    ...wrote("b", 2, "b good 3"),
    ...landed("b", 2, "B", "tb"),
    ...wrote("c", 1, "c BAD 4"),
    of("run.finished", null, null, { exit_code: 1 }),
  ];
}

function command(changes: Partial<Invocation> = {}): Invocation {
  return {
    role: "run",
    args: ["run", "p"],
    exit: 1,
    signal: null,
    happened: [],
    runs: [run],
    killed: false,
    hung: false,
    stderr: "",
    ...changes,
  };
}

function good(): EndState {
  const commit = { paths: [] as string[], unit: null as string | null, run: null as string | null };
  return {
    units,
    history: [
      { ...commit, oid: "A", tree: "ta", subject: "feat: a", unit: unitId("a"), run },
      { ...commit, oid: "O", tree: "to", subject: "operator 1" },
      { ...commit, oid: "B", tree: "tb", subject: "feat: b", unit: unitId("b"), run },
      {
        ...commit,
        oid: "K",
        tree: "tk",
        subject: "chore: dgov bookkeeping for p",
        paths: [".dgov/plans/deployed.jsonl"],
      },
    ],
    moves: [
      { message: "dgov: land tasks/main.a", dropped: [] },
      { message: "commit: operator 1", dropped: [] },
    ],
    tip: { "a.txt": "a good 1\n", "list.txt": "# list\n- b good 3\n# end\n" },
    events: log(),
    keepRefs: Object.fromEntries(
      [
        ["a/1", "a good 1"],
        ["b/1", "b BAD 2"],
        ["b/2", "- b good 3"],
        ["c/1", "c BAD 4"],
      ].map(([name, text]) => [
        `refs/dgov/keep/${name}`,
        { oid: "x", files: { all: `${text}\n` } },
      ]),
    ),
    operatorCommits: [{ subject: "operator 1", branch: "main", dropped: false }],
    branches: { main: ["feat: a", "operator 1", "feat: b"] },
    operatorFiles: [{ path: "scratch.txt", written: "mine\n", found: "mine\n" }],
    strangeChanges: [],
    processes: [],
    locks: [],
    leftovers: [],
    fsck: "",
    planStatus: {
      [unitId("a")]: true,
      [unitId("b")]: true,
      [unitId("c")]: false,
      [unitId("d")]: false,
    },
    status: "needs_attention",
    invocations: [command()],
  };
}

test("a state in which everything holds has no violations", () => {
  expect(violationsOf(good())).toEqual([]);
});

/** Changes of the good state that each break one rule. */
const planted: [rule: string, what: string, plant: (s: EndState) => void][] = [
  ["lost_commit", "an operator's commit is on no branch", (s) => s.branches["main"]?.splice(1, 1)],
  ["lost_commit", "a landed commit is not on the target", (s) => s.history.splice(0, 1)],
  [
    "target_rewritten",
    "dgov moved the target backwards",
    (s) => s.moves.push({ message: "dgov: land tasks/main.b", dropped: ["O"] }),
  ],
  [
    "ungated_landing",
    "the landed tree is another than the judged one",
    (s) => setAt(s.history, 0, { tree: "other" }),
  ],
  [
    "ungated_landing",
    "a gate failed",
    (s) => setData(s, "gates.finished", { passed: true, verdicts: { tests: "failed" } }),
  ],
  ["ungated_landing", "no gate ran", (s) => setData(s, "gates.finished", { verdicts: {} })],
  [
    "ungated_landing",
    "the verdict came after the landing",
    (s) => setSeq(s, "gates.finished", 1000),
  ],
  [
    "ungated_landing",
    "a commit of a unit is not in the log",
    (s) => setAt(s.history, 2, { oid: "other" }),
  ],
  [
    "strange_commit",
    "a commit without an author among them",
    (s) => setAt(s.history, 1, { subject: "hello" }),
  ],
  [
    "strange_commit",
    "bookkeeping that changes a source",
    (s) => setAt(s.history, 3, { paths: ["a.txt"] }),
  ],
  ["effects", "a change is missing", (s) => void delete s.tip["a.txt"]],
  ["effects", "a change is there twice", (s) => set(s.tip, "list.txt", "- b good 3\n- b good 4\n")],
  ["effects", "rejected content landed", (s) => set(s.tip, "a.txt", "a BAD 1\n")],
  ["effects", "a failed unit's file is there", (s) => set(s.tip, "c.txt", "c good 4\n")],
  ["effects", "a unit landed twice", (s) => setAt(s.history, 2, { unit: unitId("a") })],
  ["lost_work", "an attempt with work was not kept", (s) => drop(s, "attempt.kept")],
  ["lost_work", "a keep-ref does not resolve", (s) => set(s.keepRefs, "refs/dgov/keep/c/1", null)],
  [
    "lost_work",
    "a keep-ref lacks what was written",
    (s) => set(s.keepRefs, "refs/dgov/keep/c/1", { oid: "x", files: { all: "c BAD 5\n" } }),
  ],
  ["operator_file", "a dirty file changed", (s) => setAt(s.operatorFiles, 0, { found: "mine" })],
  ["operator_file", "an untracked file is gone", (s) => setAt(s.operatorFiles, 0, { found: null })],
  [
    "operator_file",
    "the checkout has a change of its own",
    (s) => s.strangeChanges.push("M a.txt"),
  ],
  ["left_process", "a process is left", (s) => s.processes.push("1 dgov worker")],
  ["left_lock", "a lock is left", (s) => s.locks.push("index.lock")],
  ["leftover", "a worktree is left", (s) => s.leftovers.push("worktree /x")],
  ["damaged_repository", "git finds damage", (s) => set(s, "fsck", "missing blob 1")],
  ["run_end", "a run has no end", (s) => drop(s, "run.finished")],
  ["run_end", "a run has two ends", (s) => s.events.push(...s.events.slice(-1))],
  ["status", "plan status denies a landing", (s) => set(s, "planStatus", {})],
  ["status", "a view failed", (s) => set(s, "status", null)],
  ["status", "status shows a live run", (s) => set(s, "status", "running")],
  ["hang", "a run made no progress", (s) => setAt(s.invocations, 0, { hung: true })],
  ["exit_code", "a bug in dgov", (s) => setAt(s.invocations, 0, { exit: 70 })],
  ["exit_code", "environment without a cause", (s) => setAt(s.invocations, 0, { exit: 4 })],
  ["exit_code", "success, and a unit has failed", (s) => setAt(s.invocations, 0, { exit: 0 })],
  [
    "exit_code",
    "another code than the log has",
    (s) => setData(s, "run.finished", { exit_code: 4 }),
  ],
  [
    "exit_code",
    "a crash of its own",
    (s) => setAt(s.invocations, 0, { exit: null, signal: "SIGSEGV" }),
  ],
  [
    "exit_code",
    "a reader failed",
    (s) => s.invocations.unshift(command({ role: "read", exit: 4 })),
  ],
];

test.each(planted)("the rule %s notices that %s", (rule, _what, plant) => {
  const state = good();
  plant(state);
  expect(violationsOf(state).map((v) => v.rule)).toContain(rule);
});

test("every rule has a planted violation", () => {
  expect([...new Set(planted.map(([rule]) => rule))].sort()).toEqual(Object.keys(rules).sort());
});

test("what the operator took from the target is not lost, also when its commits got other ids", () => {
  const reset = good();
  reset.moves.push({ message: "reset: moving to HEAD~1", dropped: ["B", "K"] });
  reset.history.splice(2, 2);
  expect(violationsOf(reset).map((v) => v.rule)).not.toContain("lost_commit");
  const rebased = good();
  rebased.moves.push({
    message: "rebase (finish): returning to refs/heads/main",
    dropped: ["A", "O", "B"],
  });
  for (const commit of rebased.history) commit.oid += "'";
  expect(violationsOf(rebased)).toEqual([]);
});

test("the units that must land are those whose dependencies land", () => {
  expect([...expectedLandings(units)]).toEqual(["a", "b"]);
});

test("an exit code is allowed by what took place", () => {
  expect([...allowedExits([])]).toEqual([0, 1]);
  expect(allowedExits(["SIGINT"]).has(130)).toBe(true);
  expect(allowedExits(["SIGTERM"]).has(143)).toBe(true);
  expect(allowedExits(["git fails"]).has(4)).toBe(true);
  for (const kind of ["kill runner", "stop worker", "clock", "operator commit", "operator gc"]) {
    expect([kind, ...allowedExits([kind])]).toEqual([kind, 0, 1]);
  }
});

function set<T, K extends keyof T>(of: T, key: K, value: T[K]): void {
  of[key] = value;
}

function setAt<T>(list: T[], at: number, changes: Partial<T>): void {
  list[at] = { ...(list[at] as T), ...changes };
}

function setData(s: EndState, type: string, data: Record<string, unknown>): void {
  for (const e of s.events) if (e.type === type) Object.assign(e.data, data);
}

function setSeq(s: EndState, type: string, seq: number): void {
  for (const e of s.events) if (e.type === type) e.seq = seq;
}

function drop(s: EndState, type: string): void {
  s.events = s.events.filter((e) => e.type !== type);
}
