/** The run loop: turns events into records and actions, one event at a time, and never blocks on work. */
import type { Action } from "../kernel/action.ts";
import type { Event, RunStatus } from "../kernel/event.ts";
import { checkInvariants } from "../kernel/invariants.ts";
import type { PhaseChange, State } from "../kernel/state.ts";
import { apply, initialState, type Step } from "../kernel/transition.ts";
import type { NewEvent, RecordedEvent } from "../log/event-log.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { assert, present } from "../std/assert.ts";
import { isAbortError } from "../std/clock.ts";
import { phaseRecord, type RunRecord, recordOf } from "./records.ts";

/** An action by its type. */
export type ActionOf<T extends Action["type"]> = Extract<Action, { type: T }>;

/** The result of an action. */
export interface Answer {
  event: Event;
  /** Appended in the event's transaction, before it. */
  records?: RunRecord[];
}

/** Performs actions. Outcomes of work are answers; a rejected promise ends the run. */
export interface Performer {
  /**
   * Performs an action. `at` is the time of the recorded event that asked for it. Commits carry that date, so
   * performing an action twice builds the same commit. Null for actions without an answer.
   */
  perform(action: Action, at: string): Promise<Answer | null>;
  /** Called with each phase change of a unit, before its event is recorded. */
  observe(change: PhaseChange): void;
  /** Records to append with a phase change: the rejection of an attempt that it ends. */
  recordsOf(change: PhaseChange): RunRecord[];
  /** Called once, with a function that delivers events which answer no action. */
  connect(report: (answer: Answer) => void): void;
}

/** The part of the event log that the loop needs. */
interface Journal {
  appendWhenFree(events: NewEvent[]): Promise<RecordedEvent[]>;
}

interface DriveOptions {
  run: string;
  plan: string;
  journal: Journal;
  performer: Performer;
  start: Extract<Event, { type: "run.started" }>;
  /** Facts for views, recorded in `run.started`. */
  about: Record<string, unknown>;
  /** Recorded after `run.started`, in its transaction. */
  opening: RunRecord[];
  /** Called with the state after each recorded event. */
  onState?: (state: State) => void;
  /** Stops every unfinished action. */
  stop?: () => void;
}

/**
 * Runs the kernel to the end of a run and returns its last state; recording `run.finished` is left to the
 * caller.
 *
 * For each event: apply it, check the invariants, append its records in one durable transaction, then start
 * the actions. Their answers are the next events. The loop ends when the kernel has asked for `run.finish`
 * and every action has answered. An action that rejects has no answer: the loop goes on with the others, and
 * throws the error when every action has ended. An error of the loop itself (the log cannot be written) stops
 * every action, and is thrown when they have ended.
 */
export async function driveKernel(
  options: DriveOptions,
): Promise<{ state: State; status: RunStatus }> {
  const { journal, performer } = options;
  const inbox: Answer[] = [{ event: options.start }];
  let wake: (() => void) | null = null;
  let failure: { error: unknown } | null = null;
  let unfinished = 0;
  let drained: (() => void) | null = null;
  let status: RunStatus | null = null;
  const state = initialState();

  performer.connect((answer) => {
    inbox.push(answer);
    wake?.();
  });

  const start = (action: Action, at: string): void => {
    if (action.type === "run.finish") {
      assert(status === null, "a run finishes once");
      status = action.status;
      return;
    }
    unfinished++;
    performer
      .perform(action, at)
      .then((answer) => answer && inbox.push(answer))
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        unfinished--;
        wake?.();
        if (unfinished === 0) drained?.();
      });
  };
  const stopActions = async (): Promise<void> => {
    options.stop?.();
    if (unfinished === 0) return;
    await new Promise<void>((resolve) => {
      drained = resolve;
    });
  };

  const takeOne = async (): Promise<boolean> => {
    const answer = inbox.shift();
    if (answer === undefined) {
      if (unfinished === 0 && (status !== null || failure !== null)) return false;
      assert(unfinished > 0, "an unfinished run has an unfinished action");
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = null;
      return true;
    }
    const step = apply(state, answer.event);
    checkInvariants(state, answer.event, step);
    for (const change of step.changes) performer.observe(change);
    const records = recordsOf(answer, step, state, options);
    faultPoint("event.deciding");
    const at = present((await journal.appendWhenFree(records)).at(-1), "an append has records").ts;
    faultPoint("event.recorded");
    options.onState?.(state);
    for (const action of step.actions) start(action, at);
    return true;
  };
  try {
    while (await takeOne());
  } catch (error) {
    await stopActions();
    throw error;
  }
  if (failure !== null) throw (failure as { error: unknown }).error;
  return { state, status: present<RunStatus>(status, "a drained run has a status") };
}

/** The records of one event, in their order. */
function recordsOf(
  { event, records = [] }: Answer,
  step: Step,
  state: State,
  options: DriveOptions,
): NewEvent[] {
  const { performer, run, plan } = options;
  const of = { run, plan };
  const changes = step.changes.flatMap((change) => [
    ...performer.recordsOf(change),
    phaseRecord(change, state),
  ]);
  return [
    ...records.map((record) => ({ ...record, ...of })),
    recordOf(event, of, {
      ...(event.type === "run.started" ? options.about : {}),
      ...(step.disposition === "stale" ? { stale: true } : {}),
    }),
    ...(event.type === "run.started" ? options.opening : []).map((one) => ({ ...one, ...of })),
    ...changes.map((record) => ({ ...record, ...of })),
  ];
}

/**
 * Runs `body` with a performer that also reports the operator's interrupt: when the signal fires, the kernel
 * gets `run.interrupted` and `abort` stops every unfinished action.
 */
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
      async perform(action, at) {
        try {
          return await performer.perform(action, at);
        } catch (error) {
          // It was cancelled. The kernel, which was told before, needs no answer.
          if (abort.signal.aborted && isAbortError(error)) return null;
          throw error;
        }
      },
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
