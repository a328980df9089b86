/** The states of units (src/views/unit-state.ts) in the phase changes of simulated runs. */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Event } from "../../src/kernel/event.ts";
import { terminalPhases } from "../../src/kernel/state.ts";
import { isEnded, stateInRun, type UnitStateName, unitStates } from "../../src/views/unit-state.ts";
import { type Kernel, realKernel } from "./kernel.ts";
import { simulate } from "./simulate.ts";

// It takes about a second; a busy machine must not make it fail.
setDefaultTimeout(120_000);

type Change = ReturnType<Kernel["apply"]>["changes"][number];

/** The state between two attempts, by the event that ended the last one. */
function expected(event: Event, { unit, from }: Change): UnitStateName {
  // A refused landing waits for the checkout, once nothing else is left.
  if (from === "waiting") return "blocked";
  // The failure of a candidate becomes final when the one below it has landed.
  if (!("unit" in event) || event.unit !== unit) return "rejected";
  switch (event.type) {
    case "attempt.unprepared":
    case "landing.finished":
      return "waiting";
    case "landing.refused":
      return "blocked";
    case "worker.exited": {
      const waits = ["crashed", "provider_failed", "timed_out", "disapproved"];
      return waits.includes(event.outcome) ? "waiting" : "rejected";
    }
    default:
      return "rejected";
  }
}

test("E17 every phase that a simulated run reaches has one state, and a unit that waits has the state of its cause", () => {
  const met = new Set<UnitStateName>();
  const wrong: string[] = [];
  const look = (event: Event, changes: readonly Change[]): void => {
    for (const change of changes) {
      const { from, to: phase, reason } = change;
      const facts = { phase, from, reason, attempt: 1 };
      const [live, ended] = [stateInRun(facts, true), stateInRun(facts, false)];
      met.add(live).add(ended);
      if (!isEnded(ended) || isEnded(live) !== terminalPhases.has(phase)) wrong.push(phase);
      if (phase === "waiting" && live !== expected(event, change)) {
        wrong.push(`${event.type}: ${from} to waiting: ${reason}: ${live}`);
      }
    }
  };
  const kernel: Kernel = {
    ...realKernel,
    apply(state, event) {
      const step = realKernel.apply(state, event);
      look(event, step.changes);
      return step;
    },
    transition(state, event) {
      const step = realKernel.transition(state, event);
      look(event, step.changes);
      return step;
    },
  };
  for (let seed = 0; seed < 200; seed++) simulate(kernel, seed);
  expect([...new Set(wrong)]).toEqual([]);
  const unmet = ["not_started", "paused", "undone"];
  expect(new Set([...met, ...unmet])).toEqual(new Set(Object.keys(unitStates)));
});
