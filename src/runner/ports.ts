/**
 * The outside world as the run loop sees it: somebody who performs actions, somewhere to record.
 *
 * Two interfaces, so that the loop can be tested with a scripted performer and an in-memory log.
 */
import type { Action } from "../kernel/action.ts";
import type { PhaseChange } from "../kernel/draft.ts";
import type { Event } from "../kernel/event.ts";
import type { NewEvent, RecordedEvent } from "../log/event-log.ts";

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
