/** Builder for the recorded events of a run, complete enough for every view. */
import type { NewEvent, RecordedEvent } from "../../src/log/event-log.ts";

export interface RunScript {
  run?: string;
  plan?: string;
  target?: string;
  units: {
    unit: string;
    role?: string;
    depends_on?: string[];
    settled?: "landed" | "done";
    digest?: string;
  }[];
}

/** Fields of `run.started` that no view reads. */
const asked = {
  dag: { units: [] },
  limits: {},
  order: "ready",
  tip: "b".repeat(40),
  gates: ["tests"],
  mode: "bare",
  only: [],
};
const worker = { pid: 1, start: "1", fork: 0, model: "m" };

/** Builds the events of one run, one second apart. */
export class RunLog {
  readonly #events: NewEvent[] = [];
  readonly #of: { run: string; plan: string };

  constructor(script: RunScript) {
    this.#of = { run: script.run ?? "r1", plan: script.plan ?? "p" };
    this.add("run.started", {
      ...asked,
      target: script.target ?? "main",
      before: "b".repeat(40),
      plan_path: `/project/.dgov/plans/${this.#of.plan}`,
      plan_digest: "d".repeat(64),
      settled: script.units.flatMap(({ unit, settled }) =>
        settled ? [{ unit, as: settled }] : [],
      ),
      units: script.units.map(({ unit, role = "worker", depends_on = [], digest = "1" }) => ({
        unit,
        summary: `Do ${unit}`,
        role,
        depends_on,
        digest,
      })),
    });
  }

  add(type: string, data: Record<string, unknown> = {}, unit?: string, attempt?: number): this {
    this.#events.push({ ...this.#of, type, data, unit: unit ?? null, attempt: attempt ?? null });
    return this;
  }

  phase(unit: string, to: string, reason = "", attempt?: number): this {
    return this.add("unit.changed", { from: "", to, reason }, unit, attempt);
  }

  /** Adds the events of a unit that lands in its first attempt. */
  lands(unit: string, commit = "c".repeat(40)): this {
    return this.add("attempt.prepared", { base: "b".repeat(40) }, unit, 1)
      .phase(unit, "working", "", 1)
      .add("worker.started", { ...worker, provider: "test" }, unit, 1)
      .add("worker.exited", { fork: 0, outcome: "complete", reason: "" }, unit, 1)
      .add("landing.finished", { car: 1, commit }, unit, 1)
      .phase(unit, "landed", "", 1);
  }

  /** Adds the events of an attempt rejected because its tests failed. */
  rejected(unit: string, attempt: number, more: Record<string, unknown> = {}): this {
    const gate = {
      gate: "tests",
      car: 1,
      tree: "t1",
      status: "failed",
      reason: "1 failing test",
      command: "sh check.sh",
      exit: "exit code 1",
      duration_ms: 1500,
      output: null,
      tail: "expected 4, got 5\n",
      changed_paths: [],
      cached: false,
    };
    const ref = `refs/dgov/keep/${this.#of.run}/${unit}/${attempt}`;
    return this.add("gate.finished", gate, unit, attempt)
      .add("attempt.kept", { ref, commit: "e".repeat(40), omitted: [] }, unit, attempt)
      .add(
        "attempt.rejected",
        { verdict: "gate_failed", reason: "tests: 1 failing test", ref, gates: [gate], ...more },
        unit,
        attempt,
      );
  }

  finished(status: string, more: Record<string, unknown> = {}): this {
    const exit_code = status === "complete" ? 0 : 1;
    return this.add("run.finished", {
      status,
      exit_code,
      duration_ms: 9000,
      after: "a".repeat(40),
      ...more,
    });
  }

  /** Events as given to the log. */
  get news(): NewEvent[] {
    return this.#events;
  }

  /** Events as returned by the log. */
  get events(): RecordedEvent[] {
    return this.#events.map((event, index) => ({
      ...event,
      seq: index + 1,
      ts: new Date(Date.UTC(2026, 0, 2, 3, 4, index)).toISOString(),
      kind: "lifecycle",
    }));
  }
}
