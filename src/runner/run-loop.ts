/**
 * The run loop: one inbox, one place that calls `transition`, nothing that blocks.
 *
 * For each event: decide, check the invariants, record (one durable transaction), and only then
 * start the actions. Actions run on their own and come back as events. The loop ends when the
 * kernel asked for `run.finish` and everything that was started has come back.
 */
import type { Action } from "../kernel/action.ts";
import type { Event, RunStatus } from "../kernel/event.ts";
import { checkInvariants } from "../kernel/invariants.ts";
import type { PhaseChange, State } from "../kernel/state.ts";
import { apply, initialState, type Step } from "../kernel/transition.ts";
import type { NewEvent, RecordedEvent } from "../log/event-log.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { assert, present } from "../std/assert.ts";
import { recordOf } from "./records.ts";

export interface DriveOptions {
  run: string;
  plan: string;
  journal: Journal;
  performer: Performer;
  start: Extract<Event, { type: "run.started" }>;
  /** Facts about the run that only views need, recorded with `run.started`. */
  about: Record<string, unknown>;
  /** Recorded with `run.started`, after it. */
  opening: Omit<NewEvent, "run" | "plan">[];
  /** Told of every state the run goes through, after it was recorded. */
  onState?: (state: State) => void;
}

/** Executes a run and gives its last state; `run.finished` itself is left to the caller to record. */
export async function driveKernel(
  options: DriveOptions,
): Promise<{ state: State; status: RunStatus }> {
  const { journal, performer } = options;
  const inbox: Answer[] = [{ event: options.start }];
  let wake: (() => void) | null = null;
  let failure: { error: unknown } | null = null;
  let inFlight = 0;
  let status: RunStatus | null = null;
  const state = initialState();

  const deliver = (answer: Answer): void => {
    inbox.push(answer);
    wake?.();
  };
  performer.connect(deliver);

  const start = (action: Action, at: string): void => {
    if (action.type === "run.finish") {
      assert(status === null, "a run finishes once");
      status = action.status;
      return;
    }
    inFlight++;
    performer
      .perform(action, at)
      .then((answer) => answer && inbox.push(answer))
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        inFlight--;
        wake?.();
      });
  };

  while (true) {
    const answer = inbox.shift();
    if (answer === undefined) {
      if (inFlight === 0 && (status !== null || failure !== null)) break;
      assert(inFlight > 0, "the run waits for something nobody is doing");
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = null;
      continue;
    }
    const step = apply(state, answer.event);
    checkInvariants(state, answer.event, step);
    const records = recordsOf(answer, step, state, options);
    faultPoint("event.deciding");
    const at = present(journal.append(records).at(-1), "an append returns its records").ts;
    faultPoint("event.recorded");
    options.onState?.(state);
    for (const action of step.actions) start(action, at);
  }
  if (failure !== null) throw (failure as { error: unknown }).error;
  return { state, status: present<RunStatus>(status, "a drained run has a status") };
}

/** Everything that one event is recorded with, in its order: one transaction. */
function recordsOf(
  { event, records = [] }: Answer,
  step: Step,
  state: State,
  options: DriveOptions,
): NewEvent[] {
  const { performer, run, plan } = options;
  const of = { run, plan };
  const changes = step.changes.flatMap((change) => [
    ...performer.evidence(change),
    {
      unit: change.unit,
      attempt: state.units[change.unit]?.attempt ?? null,
      type: "unit.changed",
      data: { from: change.from, to: change.to, reason: change.reason },
    },
  ]);
  return [
    ...records.map((record) => ({ ...record, ...of })),
    recordOf(event, of, moreAbout(event, options, step.disposition)),
    ...(event.type === "run.started" ? options.opening : []).map((one) => ({ ...one, ...of })),
    ...changes.map((record) => ({ ...record, ...of })),
  ];
}

function moreAbout(
  event: Event,
  options: DriveOptions,
  disposition: "applied" | "stale",
): Record<string, unknown> {
  return {
    ...(event.type === "run.started" ? options.about : {}),
    ...(disposition === "stale" ? { stale: true } : {}),
  };
}

// ------------------------------------------------------------
//  * The outside world as the run loop sees it: somebody who performs actions, somewhere to record.
//
// Two interfaces, so that the loop can be tested with a scripted performer and an in-memory log.

/** What performing an action came to: the answering event, and what to record with it. */
export interface Answer {
  event: Event;
  /** Records appended in the same transaction, before the event. */
  records?: Omit<NewEvent, "run" | "plan">[];
}

/** Performs actions. Never throws for outcomes of work: those are answers. */
export interface Performer {
  /**
   * `at` is the time of the recorded event that asked for the action; commits are dated with it, so
   * that performing an action twice builds the same commit. Null for actions without an answer.
   */
  perform(action: Action, at: string): Promise<Answer | null>;
  /**
   * What to record beside a unit's change of phase: the evidence of a rejection, once the kernel has
   * decided that it is one (a verdict reached on speculation may come to nothing).
   */
  evidence(change: PhaseChange): Omit<NewEvent, "run" | "plan">[];
  /** Called once, with the function that puts unasked-for events into the inbox. */
  connect(report: (answer: Answer) => void): void;
}

/** The part of the event log the loop needs. */
export interface Journal {
  append(events: NewEvent[]): RecordedEvent[];
}

// ------------------------------------------------------------
// An operator's interrupt, as the run loop takes it.

/** Feeds an interrupt into the loop, and stops everything that is under way when it comes. */
export async function withInterrupt<T>(
  interrupt: AbortSignal,
  abort: AbortController,
  performer: Performer,
  body: (performer: Performer) => Promise<T>,
): Promise<T> {
  let deliver: Parameters<Performer["connect"]>[0] | null = null;
  const stop = (): void => {
    deliver?.({
      event: { type: "run.interrupted", cause: "signal", reason: "interrupted by the operator" },
    });
    abort.abort();
  };
  interrupt.addEventListener("abort", stop);
  try {
    return await body({
      ...performer,
      connect: (report) => {
        deliver = report;
        performer.connect(report);
        if (interrupt.aborted) stop();
      },
    });
  } finally {
    interrupt.removeEventListener("abort", stop);
  }
}
