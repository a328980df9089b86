/**
 * A schedule: a small plan and the faults that a run of it meets, drawn from a seed. Pure: one seed and number give
 * the same schedule on every machine.
 */
import { faultPoints } from "../../src/process/fault-injection.ts";
import { type Random, randomOf } from "../sim/random.ts";

/** The end that a unit's work leads to: accepted at once, at its second attempt, never, or given up by the worker. */
export type Fate = "good" | "second" | "never" | "blocked";

export interface PlannedUnit {
  key: string;
  dependsOn: string[];
  /** `file`: the unit creates `<key>.txt`. `list`: it adds a line to `list.txt`, which other units change too. */
  kind: "file" | "list";
  fate: Fate;
}

/**
 * The moment of a fault. `git`, `gate` and `model`: the n-th call is held until the fault has been done. `event`: the
 * log shows the n-th event of a type. `point`: a fault point of dgov, which only kills can use.
 */
export type Moment =
  | { at: "git" | "gate" | "model"; nth: number }
  | { at: "event"; type: string; nth: number }
  | { at: "point"; point: string; nth: number };

export type OperatorAction =
  | "commit"
  | "amend"
  | "reset_own"
  | "switch"
  | "stash"
  | "rebase"
  | "rebase_stuck"
  | "rebase_other"
  | "delete_branch"
  | "delete_target"
  | "dirty"
  | "untracked"
  | "in_the_way"
  | "gc"
  | "worktree_prune"
  | "second_run"
  | "cancel"
  | "read";

export type Fault =
  | { do: "kill"; who: "runner" | "group" | "worker" | "gate" }
  | { do: "signal"; name: "SIGINT" | "SIGTERM"; times: number }
  | { do: "stop"; who: "runner" | "worker" | "gate"; ms: number }
  | { do: "disk"; ms: number }
  | { do: "git"; how: "fails" | "is_killed" | "is_slow"; times: number }
  | { do: "clock"; seconds: number }
  | { do: "operator"; action: OperatorAction };

export interface PlannedFault {
  moment: Moment;
  fault: Fault;
}

export interface Schedule {
  seed: number;
  number: number;
  units: PlannedUnit[];
  jobs: number;
  speculation: number;
  /** Faults of each run: of `dgov run`, then of each `dgov run --continue`. More runs without faults follow. */
  runs: PlannedFault[][];
}

/** The kind of a fault, for counts. */
export function kindOf(fault: Fault): string {
  if (fault.do === "operator") return `operator ${fault.action}`;
  if (fault.do === "kill" || fault.do === "stop") return `${fault.do} ${fault.who}`;
  if (fault.do === "signal") return fault.times > 1 ? `${fault.name} twice` : fault.name;
  if (fault.do === "git") return `git ${fault.how}`;
  return fault.do;
}

/** One line that describes a moment. */
export function momentText(moment: Moment): string {
  if (moment.at === "event") return `${moment.type} ${moment.nth}`;
  if (moment.at === "point") return `point ${moment.point} ${moment.nth}`;
  return `${moment.at} call ${moment.nth}`;
}

/** The lines that describe a schedule. */
export function scheduleText(s: Schedule): string[] {
  const units = s.units.map((u) => {
    const after = u.dependsOn.length > 0 ? ` after ${u.dependsOn.join(", ")}` : "";
    return `${u.key} (${u.kind}, ${u.fate}${after})`;
  });
  const runs = s.runs.flatMap((faults, run) =>
    faults.map(
      ({ moment, fault }) =>
        `  run ${run + 1}: at ${momentText(moment)}: ${kindOf(fault)} ${detail(fault)}`,
    ),
  );
  return [
    `schedule ${s.number} of seed ${s.seed}: jobs ${s.jobs}, speculation ${s.speculation}; ${units.join("; ")}`,
    ...runs.map((line) => line.trimEnd()),
  ];
}

function detail(fault: Fault): string {
  if (fault.do === "clock") return `${fault.seconds} s`;
  if (fault.do === "stop" || fault.do === "disk") return `${fault.ms} ms`;
  return fault.do === "git" && fault.times > 1 ? `${fault.times} times` : "";
}

/** Largest number of a held call; a run of three units makes about 150 git calls. */
const gitCallsMax = 140;

/** Types of events that a fault waits for, with the highest number drawn. */
const awaitedEvents: readonly (readonly [string, number])[] = [
  ["run.started", 1],
  ["attempt.prepared", 3],
  ["worker.started", 3],
  ["worker.exited", 3],
  ["attempt.kept", 3],
  ["review.finished", 3],
  ["candidate.built", 3],
  ["gate.started", 4],
  ["gates.finished", 3],
  ["landing.started", 3],
  ["landing.finished", 2],
  ["attempt.rejected", 2],
];

/** Draws the schedule with a number from a seed. */
export function drawSchedule(seed: number, number: number): Schedule {
  const random = randomOf(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  const units = drawUnits(random);
  const jobs = 1 + random.below(3);
  const speculation = 1 + random.below(3);
  const runs: PlannedFault[][] = [];
  const rounds = random.chance(0.3) ? 2 : 1;
  for (let run = 0; run < rounds; run++) {
    const count = 1 + (random.chance(0.5) ? 1 : 0) + (random.chance(0.25) ? 1 : 0);
    runs.push(Array.from({ length: count }, () => drawFault(random)));
  }
  return { seed, number, units, jobs, speculation, runs };
}

function drawUnits(random: Random): PlannedUnit[] {
  const count = 2 + random.below(3) + (random.chance(0.15) ? 1 : 0);
  const units: PlannedUnit[] = [];
  let lastList: string | null = null;
  for (let at = 0; at < count; at++) {
    const key = "abcdefg".charAt(at);
    const earlier = units.map((unit) => unit.key);
    const dependsOn = earlier.filter(() => random.chance(0.3));
    const kind = random.chance(0.35) ? "list" : "file";
    if (kind === "list") {
      // Units that change the same file must be in order.
      if (lastList !== null && !dependsOn.includes(lastList)) dependsOn.push(lastList);
      lastList = key;
    }
    const fate: Fate = random.chance(0.7)
      ? "good"
      : random.pick(["second", "second", "never", "blocked"] as const);
    units.push({ key, dependsOn: dependsOn.sort(), kind, fate });
  }
  return units;
}

function drawFault(random: Random): PlannedFault {
  const fault = drawKind(random);
  if (fault.do === "git") {
    return { moment: { at: "git", nth: 1 + random.below(gitCallsMax) }, fault };
  }
  const killsRunner = fault.do === "kill" && (fault.who === "runner" || fault.who === "group");
  if (killsRunner && random.chance(0.4)) {
    const point = random.pick(faultPoints.filter((name) => !name.startsWith("recover.")));
    const many = point === "event.recorded" || point === "event.deciding";
    const nth = many ? 1 + random.below(40) : 1 + random.below(2);
    return { moment: { at: "point", point, nth }, fault };
  }
  const who = fault.do === "kill" || fault.do === "stop" ? fault.who : null;
  if (who === "gate") return { moment: { at: "gate", nth: 1 + random.below(5) }, fault };
  if (who === "worker") return { moment: { at: "model", nth: 1 + random.below(6) }, fault };
  return { moment: drawMoment(random), fault };
}

function drawMoment(random: Random): Moment {
  if (random.chance(0.4)) return { at: "git", nth: 1 + random.below(gitCallsMax) };
  if (random.chance(0.3)) return { at: "gate", nth: 1 + random.below(5) };
  if (random.chance(0.3)) return { at: "model", nth: 1 + random.below(6) };
  const [type, max] = random.pick(awaitedEvents);
  return { at: "event", type, nth: 1 + random.below(max) };
}

const operatorActions: readonly OperatorAction[] = [
  "commit",
  "commit",
  "amend",
  "reset_own",
  "switch",
  "switch",
  "stash",
  "rebase",
  "rebase_stuck",
  "rebase_other",
  "delete_branch",
  "delete_target",
  "dirty",
  "untracked",
  "in_the_way",
  "gc",
  "worktree_prune",
  "second_run",
  "cancel",
  "read",
];

function drawKind(random: Random): Fault {
  const at = random.below(100);
  if (at < 24) {
    return { do: "kill", who: random.pick(["runner", "runner", "group", "worker", "gate"]) };
  }
  if (at < 34) {
    const name = random.pick(["SIGINT", "SIGTERM"] as const);
    return { do: "signal", name, times: random.chance(0.2) ? 2 : 1 };
  }
  if (at < 42) {
    const who = random.pick(["runner", "worker", "gate"] as const);
    return { do: "stop", who, ms: 200 + random.below(1300) };
  }
  if (at < 50) return { do: "disk", ms: 300 + random.below(1500) };
  if (at < 64) {
    const how = random.pick(["fails", "is_killed", "is_slow"] as const);
    return { do: "git", how, times: random.chance(0.3) ? 3 : 1 };
  }
  if (at < 69) {
    return { do: "clock", seconds: random.pick([3600, 86_400 * 40, -3600, -86_400 * 40]) };
  }
  return { do: "operator", action: random.pick(operatorActions) };
}
