/** Recorded events of a run, written by hand: short to say, complete enough for every view. */
import type { NewEvent, RecordedEvent } from "../../src/log/recorded.ts";

export interface RunScript {
  run?: string;
  plan?: string;
  units: {
    unit: string;
    role?: string;
    depends_on?: string[];
    settled?: "landed" | "done";
    digest?: string;
  }[];
}

/** What no view reads, as a run that was asked for nothing special records it. */
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

/** Builds the events of one run, each a second after the last. */
export class RunLog {
  readonly #events: NewEvent[] = [];
  readonly #of: { run: string; plan: string };

  constructor(script: RunScript) {
    this.#of = { run: script.run ?? "r1", plan: script.plan ?? "p" };
    this.add("run.started", {
      ...asked,
      target: "main",
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

  /** The unit's whole good life. */
  lands(unit: string, commit = "c".repeat(40)): this {
    return this.add("attempt.prepared", { base: "b".repeat(40) }, unit, 1)
      .phase(unit, "working", "", 1)
      .add("worker.started", { ...worker, provider: "test" }, unit, 1)
      .add("worker.exited", { fork: 0, outcome: "complete", reason: "" }, unit, 1)
      .add("landing.finished", { car: 1, commit }, unit, 1)
      .phase(unit, "landed", "", 1);
  }

  /** A rejected attempt whose tests failed. */
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

  /** As the log would take them. */
  get news(): NewEvent[] {
    return this.#events;
  }

  /** As the log would give them back. */
  get events(): RecordedEvent[] {
    return this.#events.map((event, index) => ({
      ...event,
      seq: index + 1,
      ts: new Date(Date.UTC(2026, 0, 2, 3, 4, index)).toISOString(),
      kind: "lifecycle",
    }));
  }
}
