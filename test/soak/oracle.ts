/**
 * The oracle: rules for what must be true after a schedule, over plain data. Each rule returns the violations it
 * found, as sentences. Pure.
 */
import type { PlannedUnit } from "./schedule.ts";

/** A record of the event log, lifecycle or telemetry. */
export interface LogRecord {
  seq: number;
  run: string;
  unit: string | null;
  attempt: number | null;
  type: string;
  data: Record<string, unknown>;
}

/** A commit of the target's first-parent history. */
export interface HistoryCommit {
  oid: string;
  tree: string;
  subject: string;
  /** Trailers of dgov; null when missing. */
  unit: string | null;
  run: string | null;
  paths: string[];
}

/** A commit that the operator made. */
export interface OperatorCommit {
  subject: string;
  branch: string;
  /** True when the operator removed it again: by reset, amend or deletion of its branch. */
  dropped: boolean;
}

/** A move of the target, from its reflog. */
export interface TargetMove {
  message: string;
  /** Commits that the move made unreachable. */
  dropped: string[];
}

/** One command of dgov that was executed. */
export interface Invocation {
  role: "run" | "second_run" | "cancel" | "read";
  args: string[];
  exit: number | null;
  signal: string | null;
  /** Kinds of the faults that took place while it ran. */
  happened: string[];
  /** Ids of the runs that it started. */
  runs: string[];
  /** True when a killing signal of the schedule was sent to it. */
  killed: boolean;
  /** True when no progress was seen within the limit. */
  hung: boolean;
  stderr: string;
}

export interface EndState {
  units: PlannedUnit[];
  history: HistoryCommit[];
  moves: TargetMove[];
  /** Text of the files at the tip by path, without dgov's own. */
  tip: Record<string, string>;
  events: LogRecord[];
  /** Keep-refs with the text of the units' files in them; null when the ref does not resolve. */
  keepRefs: Record<string, { oid: string; files: Record<string, string> } | null>;
  operatorCommits: OperatorCommit[];
  /** Subjects of the commits on each branch. */
  branches: Record<string, string[]>;
  /** The operator's uncommitted files: their text as written and as found; null when missing. */
  operatorFiles: { path: string; written: string; found: string | null }[];
  /** Changed and untracked paths of the checkout that are not the operator's. */
  strangeChanges: string[];
  processes: string[];
  locks: string[];
  /** Worktrees besides the checkout, and folders of runs. */
  leftovers: string[];
  /** Output of `git fsck`; "" when it found nothing. */
  fsck: string;
  /** `landed` of `dgov plan status`, by unit, and `status` of `dgov status`; null when a command failed. */
  planStatus: Record<string, boolean> | null;
  status: string | null;
  invocations: Invocation[];
}

/** Id of a unit of the plan. */
export function unitId(key: string): string {
  return `tasks/main.${key}`;
}

/** Keys of the units that must have landed in the end. */
export function expectedLandings(units: readonly PlannedUnit[]): Set<string> {
  const landed = new Set<string>();
  for (const { key, fate, dependsOn } of units) {
    if ((fate === "good" || fate === "second") && dependsOn.every((d) => landed.has(d))) {
      landed.add(key);
    }
  }
  return landed;
}

/** The rules by name. */
export const rules: Readonly<Record<string, (s: EndState) => string[]>> = {
  lost_commit: (s) => [...lostOperatorCommits(s), ...lostLandings(s)],
  target_rewritten: targetRewritten,
  ungated_landing: ungatedLandings,
  strange_commit: strangeCommits,
  effects: wrongEffects,
  lost_work: lostWork,
  operator_file: (s) => [...changedFiles(s), ...strangeChanges(s)],
  left_process: (s) => s.processes.map((one) => `the process ${one} is left`),
  left_lock: (s) => s.locks.map((one) => `the lock ${one} is left`),
  leftover: (s) => s.leftovers.map((one) => `${one} is left`),
  damaged_repository: (s) => (s.fsck === "" ? [] : [`git fsck: ${s.fsck}`]),
  run_end: wrongRunEnds,
  status: wrongStatus,
  hang: (s) => s.invocations.filter((i) => i.hung).map((i) => `no progress: ${commandOf(i)}`),
  exit_code: (s) => [...s.invocations.flatMap((i) => wrongExit(s, i)), ...wrongLastExit(s)],
};

/** All violations, each with the name of its rule. */
export function violationsOf(s: EndState): { rule: string; text: string }[] {
  return Object.entries(rules).flatMap(([rule, check]) => check(s).map((text) => ({ rule, text })));
}

function commandOf({ args }: Invocation): string {
  return `dgov ${args.join(" ")}`;
}

function lostOperatorCommits({ operatorCommits, branches }: EndState): string[] {
  return operatorCommits
    .filter((c) => !c.dropped && branches[c.branch]?.includes(c.subject) !== true)
    .map((c) => `the operator's commit "${c.subject}" is not on ${c.branch}`);
}

/** Commits that a move of the operator took from the target. */
function droppedByOperator({ moves }: EndState): Set<string> {
  return new Set(moves.filter((m) => !isOwnMove(m)).flatMap((m) => m.dropped));
}

function isOwnMove({ message }: TargetMove): boolean {
  return message.startsWith("dgov: ") || message.startsWith("chore: dgov bookkeeping");
}

function lostLandings(s: EndState): string[] {
  const dropped = droppedByOperator(s);
  const present = new Set(s.history.map((c) => c.oid));
  return s.events
    .filter((e) => e.type === "landing.finished")
    .filter((e) => !present.has(String(e.data["commit"])))
    .filter((e) => !dropped.has(String(e.data["commit"])))
    .map((e) => `${e.unit} landed as ${e.data["commit"]}, which is not on the target`);
}

function targetRewritten({ moves }: EndState): string[] {
  return moves
    .filter((m) => isOwnMove(m) && m.dropped.length > 0)
    .map((m) => `dgov's move "${m.message}" dropped ${m.dropped.join(", ")}`);
}

function ungatedLandings(s: EndState): string[] {
  // A commit that the operator rewrote has another id; the rule holds for the ones that dgov made.
  const rewrote = droppedByOperator(s).size > 0;
  return s.history.flatMap((commit) => {
    if (commit.unit === null) return [];
    const start = s.events.findLast(
      (e) => e.type === "landing.started" && e.data["to"] === commit.oid,
    );
    if (start === undefined) {
      const known = s.events.some(
        (e) => e.type === "landing.started" && e.unit === commit.unit && e.run === commit.run,
      );
      return rewrote && known
        ? []
        : [`${commit.unit} is on the target and its landing is not in the log`];
    }
    const passed = s.events.some(
      (e) =>
        e.type === "gates.finished" &&
        e.run === start.run &&
        e.seq < start.seq &&
        e.data["tree"] === commit.tree &&
        e.data["passed"] === true &&
        allPassed(e.data["verdicts"]),
    );
    return passed ? [] : [`${commit.unit} landed without a passed verdict on ${commit.tree}`];
  });
}

function allPassed(verdicts: unknown): boolean {
  const statuses: unknown[] = Object.values(Object(verdicts));
  return (
    statuses.includes("passed") &&
    statuses.every((one) => ["passed", "not_applicable", "flaky"].includes(String(one)))
  );
}

function strangeCommits(s: EndState): string[] {
  const own = new Set(s.operatorCommits.map((c) => c.subject));
  return s.history.flatMap((commit) => {
    if (commit.unit !== null || own.has(commit.subject)) return [];
    if (!commit.subject.startsWith("chore: dgov bookkeeping")) {
      return [`the commit "${commit.subject}" on the target is neither dgov's nor the operator's`];
    }
    const outside = commit.paths.filter(
      (path) => !/^\.(dgov|sentrux|coverage-baseline)\//.test(path),
    );
    return outside.map((path) => `the bookkeeping commit ${commit.oid} changes ${path}`);
  });
}

function wrongEffects(s: EndState): string[] {
  const expected = expectedLandings(s.units);
  const list = (s.tip["list.txt"] ?? "").split("\n");
  return s.units.flatMap(({ key, kind }) => {
    const wanted = expected.has(key) ? 1 : 0;
    const problems: string[] = [];
    const commits = s.history.filter((c) => c.unit === unitId(key)).length;
    if (commits !== wanted)
      problems.push(`${key} has ${commits} landed commits instead of ${wanted}`);
    const lines =
      kind === "list"
        ? list.filter((line) => line.startsWith(`- ${key} `))
        : (s.tip[`${key}.txt`] ?? "").split("\n").filter((line) => line !== "");
    if (lines.length !== wanted) {
      problems.push(
        `the target has the change of ${key} ${lines.length} times instead of ${wanted}`,
      );
    }
    if (lines.some((line) => !line.includes(" good "))) {
      problems.push(`the target has rejected content of ${key}: ${lines.join(" / ")}`);
    }
    return problems;
  });
}

/** The line that an attempt's last successful write put into its file; null when it wrote nothing. */
function writtenBy(s: EndState, run: string, unit: string, attempt: number): string | null {
  const own = s.events.filter((e) => e.run === run && e.unit === unit && e.attempt === attempt);
  const written = own.findLast(
    (e) =>
      e.type === "result" &&
      e.data["ok"] === true &&
      ["write_file", "run_bash"].includes(String(e.data["tool"])),
  );
  const call = own.findLast(
    (e) => e.type === "call" && e.data["call_id"] === written?.data["call_id"],
  );
  const args = Object(call?.data["args"]) as Record<string, unknown>;
  const text = String(args["content"] ?? args["command"] ?? "");
  return /\w+ (?:good|BAD) \d+/.exec(text)?.[0] ?? null;
}

function lostWork(s: EndState): string[] {
  const problems: string[] = [];
  const kept = new Map<string, LogRecord>();
  for (const e of s.events.filter((one) => one.type === "attempt.kept")) {
    kept.set(`${e.run} ${e.unit} ${e.attempt}`, e);
    const ref = String(e.data["ref"]);
    if ((s.keepRefs[ref] ?? null) === null)
      problems.push(`${ref} was recorded and does not resolve`);
  }
  const attempts = new Map<string, LogRecord>();
  for (const e of s.events) {
    if (e.unit !== null && e.attempt !== null && e.type === "result") {
      attempts.set(`${e.run} ${e.unit} ${e.attempt}`, e);
    }
  }
  for (const [name, { run, unit, attempt }] of attempts) {
    const text = writtenBy(s, run, unit ?? "", attempt ?? 0);
    if (text === null) continue;
    const record = kept.get(name);
    if (record === undefined) {
      problems.push(`the work of ${name} has no keep-ref`);
      continue;
    }
    const files = s.keepRefs[String(record.data["ref"])]?.files ?? {};
    const found = Object.values(files).some((content) =>
      content.split("\n").some((line) => line.endsWith(text)),
    );
    if (!found) problems.push(`the keep-ref of ${name} lacks "${text}", which the worker wrote`);
  }
  return problems;
}

function changedFiles({ operatorFiles }: EndState): string[] {
  return operatorFiles
    .filter(({ written, found }) => written !== found)
    .map(({ path, found }) => `the operator's ${path} is ${found === null ? "gone" : "changed"}`);
}

function strangeChanges({ strangeChanges: lines }: EndState): string[] {
  return lines.map((line) => `git status shows "${line}", which is not the operator's`);
}

function wrongRunEnds({ events }: EndState): string[] {
  const started = new Set(events.filter((e) => e.type === "run.started").map((e) => e.run));
  return [...started].flatMap((run) => {
    const ends = events.filter((e) => e.type === "run.finished" && e.run === run).length;
    return ends === 1 ? [] : [`the run ${run} has ${ends} ends`];
  });
}

function wrongStatus(s: EndState): string[] {
  const expected = expectedLandings(s.units);
  if (s.planStatus === null || s.status === null) return ["dgov status or dgov plan status failed"];
  const { planStatus } = s;
  const wrong = s.units
    .filter(({ key }) => (planStatus[unitId(key)] ?? false) !== expected.has(key))
    .map(({ key }) => `dgov plan status says of ${key} that landed is ${planStatus[unitId(key)]}`);
  if (s.status === "running") wrong.push("dgov status shows a run, and none is alive");
  return wrong;
}

/** Exit codes that a run may end with, given what took place while it ran. */
export function allowedExits(happened: readonly string[]): Set<number> {
  const allowed = new Set([0, 1]);
  for (const kind of happened) for (const code of exitsOf(kind)) allowed.add(code);
  return allowed;
}

/** Faults after which the machine is not ready: git or the disk failed, or the target or its checkout is not as it was. */
const environmental =
  /^git |^disk|^kill (?:gate|worker)|^operator (?:delete_target|rebase|reset|amend|switch|stash)/;

/** Faults that leave uncommitted changes, with which a run does not start. */
const dirtying = /^operator (?:dirty|untracked|in_the_way|stash|commit)/;

/** Exit codes besides 0 and 1 that a kind of fault may cause. */
function exitsOf(kind: string): number[] {
  const signal = /^(SIGINT|SIGTERM)/.exec(kind)?.[1];
  if (signal !== undefined) return signal === "SIGINT" ? [130] : [130, 143];
  if (kind === "operator cancel") return [130];
  return environmental.test(kind) ? [4] : [];
}

/** True when a run of the command was recovered by a later one. */
function isUnfinished({ events }: EndState, { runs }: Invocation): boolean {
  return events.some((e) => runs.includes(e.run) && e.data["recovered"] === true);
}

function wrongExit(s: EndState, i: Invocation): string[] {
  if (i.hung) return [];
  const end = `${commandOf(i)} ended with ${i.signal ?? i.exit}`;
  const after = i.happened.length > 0 ? ` after ${i.happened.join(", ")}` : "";
  if (i.signal !== null) {
    // A signal that arrives before the program listens, or after its end, ends it as any program.
    const early = i.happened.some((kind) => kind.startsWith(i.signal ?? "")) && !isUnfinished(s, i);
    const expected = i.killed && i.signal === "SIGKILL";
    return expected || early ? [] : [`${end}${after}`];
  }
  const exit = i.exit ?? -1;
  switch (i.role) {
    case "read":
    case "cancel":
      // There may be no run yet, or none any more.
      return [0, 1, ...(i.happened.some((k) => /^disk|^git /.test(k)) ? [4] : [])].includes(exit)
        ? []
        : [`${end}${after}`];
    case "second_run":
      return [0, 1, 4].includes(exit) ? [] : [`${end}${after}`];
    case "run":
      break;
  }
  const refusedDirty =
    exit === 4 && i.runs.length === 0 && i.happened.some((k) => dirtying.test(k));
  if (refusedDirty) return [];
  if (!allowedExits(i.happened).has(exit)) return [`${end}${after}: ${i.stderr.slice(-300)}`];
  const recorded = s.events.findLast(
    (e) => e.type === "run.finished" && i.runs.includes(e.run) && e.data["recovered"] !== true,
  );
  const code = recorded?.data["exit_code"];
  const same = code === exit || (code === 130 && exit === 143);
  return code === undefined || same ? [] : [`${end}, and the log says ${code}`];
}

/** The last run, which met no fault: it must say that all units have landed, or that some have not. */
function wrongLastExit(s: EndState): string[] {
  const last = s.invocations.findLast((i) => i.role === "run");
  if (last === undefined || last.happened.length > 0) return [];
  const wanted = expectedLandings(s.units).size === s.units.length ? 0 : 1;
  const end = `${commandOf(last)}, the last run, ended with ${last.exit}`;
  return last.exit === wanted ? [] : [`${end} instead of ${wanted}: ${last.stderr.slice(-300)}`];
}
