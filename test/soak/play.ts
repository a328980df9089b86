/** Plays a schedule: runs dgov with the planned faults, puts the checkout in order, and continues until it has ended. */
import { closeSync, existsSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { openEventLogForReading } from "../../src/log/event-log.ts";
import { spawnDgov } from "../harness/bin.ts";
import { limitScale, measuredScale } from "../harness/limits.ts";
import { Operator } from "./operator.ts";
import type { Invocation, LogRecord } from "./oracle.ts";
import type { Hold, Place } from "./place.ts";
import {
  type Fault,
  kindOf,
  type Moment,
  momentText,
  type PlannedFault,
  type Schedule,
} from "./schedule.ts";

/** A fault that was planned, and the state in which it took place. */
export interface Reached {
  kind: string;
  moment: string;
  /** `done`, `missed` (the run ended before the moment) or `refused` (the state did not allow it). */
  end: "done" | "missed" | "refused";
  /** Type of the last recorded event then. */
  after: string | null;
}

export interface Played {
  invocations: Invocation[];
  reached: Reached[];
  operator: Operator;
  /** The branch that the runs land on: the one that was checked out when the first looked. */
  target: string;
  /** Runs without faults that were needed until the result was final. */
  continued: number;
}

/** Runs without faults, at most. */
const continuesMax = 3;
/** Time without any progress after which a command is hung, in milliseconds on an idle machine. */
const hungMs = 40_000;
const pollMs = 8;

/** The factor of the limit at the load of now: commands that get no processor make no progress. */
function loadScale(): number {
  const [load = 0] = loadavg();
  return measuredScale({ load, cores: availableParallelism(), spawnMs: 0 });
}

type Child = ReturnType<typeof spawnDgov>;

/** A command that is being executed. */
interface Live {
  child: Child;
  invocation: Invocation;
  ended: boolean;
  /** Runs that the log had before. */
  runsBefore: ReadonlySet<string>;
  /** Number of processes that are stopped by a fault. */
  stopped: number;
  /** Commands that end with it, and must have ended before the next one. No other action waits for them. */
  beside: Promise<void>[];
  /** Puts an end to what a fault left: stopped processes, a full disk. */
  undo: Set<() => void>;
}

class Player {
  readonly invocations: Invocation[] = [];
  readonly reached: Reached[] = [];
  readonly operator: Operator;
  readonly #s: Schedule;
  readonly #place: Place;
  readonly #canFill: boolean;
  /** One person acts at a time. */
  #acting: Promise<unknown> = Promise.resolve();
  /** Target of the first run; null until the log has it. */
  #ranOn: string | null = null;

  constructor(s: Schedule, place: Place, canFill: boolean) {
    this.#s = s;
    this.#place = place;
    this.#canFill = canFill;
    this.operator = new Operator(place, () => this.#target());
  }

  async play(): Promise<Played> {
    for (const [at, faults] of this.#s.runs.entries()) {
      const last = await this.#run(at, faults);
      await this.operator.makeSane();
      if (last.exit === 0) break;
    }
    let continued = 0;
    while (continued < continuesMax && !this.#settled()) {
      await this.#run(this.#s.runs.length, []);
      continued++;
    }
    const { invocations, reached, operator } = this;
    return { invocations, reached, operator, target: this.#target(), continued };
  }

  /** True when nothing more can change: complete, or the last run had no fault and failed. */
  #settled(): boolean {
    const last = this.invocations.findLast((i) => i.role === "run");
    return (
      last?.exit === 0 || (last?.exit === 1 && last.happened.length === 0 && last.runs.length > 0)
    );
  }

  async #run(at: number, faults: readonly PlannedFault[]): Promise<Invocation> {
    const args = ["run", "p", ...(at === 0 ? [] : ["--continue"])];
    if (this.operator.files.size > 0) args.push("--allow-dirty");
    const point = faults.find(({ moment }) => moment.at === "point");
    const env: Record<string, string> = {};
    if (point?.moment.at === "point") {
      env["DGOV_FAULT"] = `${point.moment.point}@${point.moment.nth}`;
      if (point.fault.do === "kill" && point.fault.who === "group") env["DGOV_FAULT_GROUP"] = "1";
    }
    // Moments are counted from the start of this run.
    const held = faults
      .filter((planned) => planned === point || planned.moment.at !== "point")
      .map((planned) => ({ planned, moment: this.#prepare(planned) }));
    const live = this.#start("run", args, env);
    const watching = held.map(({ planned, moment }) => this.#watch(live, planned, moment));
    await this.#end(live);
    await Promise.all(watching);
    for (const undo of live.undo) undo();
    await Promise.all([this.#acting, ...live.beside]);
    live.invocation.runs = this.#runs().filter((run) => !live.runsBefore.has(run));
    return live.invocation;
  }

  #start(role: Invocation["role"], args: string[], env: Record<string, string> = {}): Live {
    const invocation: Invocation = {
      role,
      args,
      exit: null,
      signal: null,
      happened: [],
      runs: [],
      killed: false,
      hung: false,
      stderr: "",
    };
    this.invocations.push(invocation);
    const runsBefore = new Set(this.#runs());
    const child = spawnDgov(args, {
      cwd: this.#place.repo.path,
      env: { ...this.#place.env, ...env },
      detached: true,
    });
    child.stdin.end();
    return { child, invocation, ended: false, runsBefore, stopped: 0, beside: [], undo: new Set() };
  }

  /** Waits for the end of a command, or kills it when it makes no progress. */
  async #end(live: Live): Promise<void> {
    const { child, invocation } = live;
    const output = Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    let seen = "";
    let since = performance.now();
    const watch = setInterval(() => {
      const now = live.stopped > 0 ? String(Math.random()) : this.#progress();
      if (now !== seen) {
        seen = now;
        since = performance.now();
      } else if (performance.now() - since > hungMs * Math.max(limitScale, loadScale())) {
        invocation.hung = true;
        kill(-child.pid, "SIGKILL");
      }
    }, 500);
    await child.exited;
    clearInterval(watch);
    live.ended = true;
    invocation.exit = child.signalCode === null ? child.exitCode : null;
    invocation.signal = child.signalCode === null ? null : String(child.signalCode);
    // A process that is left could hold the pipes open; it is found later.
    const text = await Promise.race([
      output,
      Bun.sleep(2000).then(() => ["", "(output held open)"]),
    ]);
    invocation.stderr = text[1] ?? "";
  }

  /** A text that changes with every sign of progress. */
  #progress(): string {
    const { calls } = this.#place;
    return [calls("git"), calls("gate"), calls("model"), this.#events().at(-1)?.seq].join(" ");
  }

  #prepare({ moment, fault }: PlannedFault): Hold | null {
    if (fault.do === "git" && moment.at === "git") {
      const script = {
        fails: "echo 'fatal: injected' >&2; exit 128",
        is_killed: "kill -9 $$",
        is_slow: "sleep 1",
      }[fault.how];
      return this.#place.misdirect(moment.nth, fault.times, script);
    }
    if (moment.at === "event" || moment.at === "point") return null;
    return this.#place.hold(moment.at, moment.nth);
  }

  async #watch(live: Live, planned: PlannedFault, hold: Hold | null): Promise<void> {
    const { moment, fault } = planned;
    const note = (end: Reached["end"]): void => {
      const after = this.#events().findLast((e) => e.type !== "unit.changed")?.type ?? null;
      this.reached.push({ kind: kindOf(fault), moment: momentText(moment), end, after });
      if (end === "done") live.invocation.happened.push(kindOf(fault));
    };
    if (moment.at === "point") {
      await live.child.exited;
      const crashed = live.child.signalCode === "SIGKILL" && !live.invocation.hung;
      live.invocation.killed ||= crashed;
      return note(crashed ? "done" : "missed");
    }
    const reached = hold?.begun ?? ((): boolean => this.#sees(live, moment));
    while (!live.ended && !reached()) await Bun.sleep(pollMs);
    if (fault.do === "git") {
      // Further calls may still come; they are forgotten when the run has ended.
      const begun = reached();
      if (begun) note("done");
      await live.child.exited;
      hold?.release();
      return begun ? undefined : note("missed");
    }
    if (!reached() || live.ended) {
      hold?.release();
      return note("missed");
    }
    const done = await this.#do(live, fault, note);
    hold?.release();
    if (!done) note("refused");
  }

  #sees(live: Live, moment: Moment): boolean {
    if (moment.at !== "event") return false;
    const earlier = live.runsBefore;
    const found = this.#events().filter((e) => !earlier.has(e.run) && e.type === moment.type);
    return found.length >= moment.nth;
  }

  /** Does a fault; false when the state does not allow it. `note` is called just before its effect. */
  async #do(live: Live, fault: Fault, note: (end: "done") => void): Promise<boolean> {
    switch (fault.do) {
      case "kill": {
        const pid = this.#victim(live, fault.who);
        if (pid === null) return false;
        note("done");
        if (fault.who === "runner" || fault.who === "group") live.invocation.killed = true;
        return kill(fault.who === "group" ? -pid : pid, "SIGKILL");
      }
      case "signal":
        note("done");
        for (let n = 0; n < fault.times; n++) {
          kill(live.child.pid, fault.name);
          await Bun.sleep(30);
        }
        return true;
      case "stop":
        return this.#stop(live, fault, note);
      case "disk":
        return this.#fill(live, fault.ms, note);
      case "clock": {
        if (this.#place.env["LD_PRELOAD"] === undefined) return false;
        note("done");
        const offset = Buffer.alloc(8);
        offset.writeBigInt64LE(BigInt(fault.seconds));
        writeFileSync(join(this.#place.control, "clock"), offset, { flag: "r+" });
        return true;
      }
      case "operator":
        return this.#operate(live, fault.action, note);
      case "git":
        return true;
      default:
        return fault satisfies never;
    }
  }

  /** Process that a fault is about; null when there is none. */
  #victim(live: Live, who: "runner" | "group" | "worker" | "gate"): number | null {
    if (who === "runner" || who === "group") return live.ended ? null : live.child.pid;
    if (who === "gate") return this.#pidOf("gate");
    const started = this.#events().filter((e) => e.type === "worker.started");
    const pids = started
      .map((e) => Number(e.data["pid"]))
      .filter((pid) => existsSync(`/proc/${pid}`));
    return pids.at(-1) ?? null;
  }

  /** Pid of the newest shim that is held. */
  #pidOf(of: "gate"): number | null {
    const text = Bun.spawnSync([
      "sh",
      "-c",
      `cat '${this.#place.control}/${of}'/*.begun 2>/dev/null`,
    ]);
    const pids = text.stdout
      .toString()
      .split("\n")
      .map(Number)
      .filter((pid) => pid > 0);
    return pids.filter((pid) => existsSync(`/proc/${pid}`)).at(-1) ?? null;
  }

  async #stop(
    live: Live,
    { who, ms }: Extract<Fault, { do: "stop" }>,
    note: (end: "done") => void,
  ): Promise<boolean> {
    const pid = this.#victim(live, who);
    if (pid === null) return false;
    note("done");
    kill(pid, "SIGSTOP");
    live.stopped++;
    const wake = (): void => {
      if (!live.undo.delete(wake)) return;
      live.stopped--;
      kill(pid, "SIGCONT");
    };
    live.undo.add(wake);
    setTimeout(wake, ms);
    return true;
  }

  /** Fills the disk to the last block; it is freed after the time, or after the run. */
  #fill(live: Live, ms: number, note: (end: "done") => void): boolean {
    if (!this.#canFill) return false;
    note("done");
    const path = join(this.#place.repo.root, "filler");
    const file = openSync(path, "a");
    for (let size = 1 << 20; size >= 1; size >>= 4) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch {
        // Full for this size.
      }
    }
    closeSync(file);
    const free = (): void => {
      if (live.undo.delete(free)) rmSync(path, { force: true });
    };
    live.undo.add(free);
    setTimeout(free, ms);
    return true;
  }

  async #operate(
    live: Live,
    action: Extract<Fault, { do: "operator" }>["action"],
    note: (end: "done") => void,
  ): Promise<boolean> {
    switch (action) {
      case "second_run":
        note("done");
        await this.#end(this.#start("second_run", ["run", "p"]));
        return true;
      case "cancel":
        note("done");
        // It waits for the end of the run, which may be held at this moment.
        live.beside.push(this.#end(this.#start("cancel", ["runs", "cancel"])));
        return true;
      case "read":
        note("done");
        live.beside.push(this.#read(live));
        return true;
      default: {
        const acted = this.#acting.then(() => this.operator.act(action));
        this.#acting = acted.catch(() => {});
        if (!(await acted)) return false;
        note("done");
        return true;
      }
    }
  }

  /** Reads with every view until the run has ended. */
  async #read(live: Live): Promise<void> {
    const views = [
      ["status"],
      ["plan", "status", "p"],
      ["plan", "review", "p"],
      ["watch", "--once"],
      ["diagnose"],
    ];
    for (let n = 0; !live.ended; n++) {
      const args = [...(views[n % views.length] ?? []), ...(n % 2 === 0 ? ["--json"] : [])];
      const reader = this.#start("read", args);
      reader.invocation.happened = live.invocation.happened;
      await this.#end(reader);
    }
  }

  /** Later runs land on the branch of the first. The operator may have switched before that one looked. */
  #target(): string {
    const [first] =
      this.#ranOn === null ? this.#events().filter((e) => e.type === "run.started") : [];
    if (first !== undefined) this.#ranOn = String(first.data["target"]);
    return this.#ranOn ?? "main";
  }

  #runs(): string[] {
    return this.#events()
      .filter((e) => e.type === "run.started")
      .map((e) => e.run);
  }

  #events(): LogRecord[] {
    return recordsOf(this.#place.repo.path).filter((e) => e.type !== "");
  }
}

/** Lifecycle events of a project's log; none while there is no readable log. */
export function recordsOf(root: string): LogRecord[] {
  try {
    using log = openEventLogForReading(root);
    return (log?.lifecycle({}) ?? []) as unknown as LogRecord[];
  } catch {
    return [];
  }
}

function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Plays a schedule in a place. `canFill`: the place is on a disk of its own. */
export function play(s: Schedule, place: Place, o: { canFill: boolean }): Promise<Played> {
  return new Player(s, place, o.canFill).play();
}
