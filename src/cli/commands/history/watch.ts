/**
 * `dgov watch`: prints events as they are recorded.
 *
 * Follows the newest run and switches to the next one when it starts; `--plan` follows one plan,
 * `--all` prints every run from the beginning. Lifecycle events are read when the data version of the
 * database has changed.
 */
import { knownPlan } from "../../../app/resolve-run.ts";
import {
  type EventLog,
  openEventLogForReading,
  type RecordedEvent,
} from "../../../log/event-log.ts";
import { eventDocument, timelineLine } from "../../../views/timeline.ts";
import { usageError, wholeNumber } from "../../args.ts";
import { command } from "../../command.ts";
import type { Output } from "../../output.ts";
import { progressLine } from "../../progress/lines.ts";
import { requireProject } from "../../project.ts";
import { listenForSignals } from "../../signals.ts";

const pollMs = 100;
/** Events read at once, which bounds memory for long histories. */
const eventsPerPage = 5_000;

export default command({
  name: "watch",
  description: "Follow the events of a run",
  args: {
    all: { type: "boolean", description: "Show every run of every plan, from the beginning" },
    plan: { type: "string", valueHint: "PLAN", description: "Only this plan" },
    ndjson: { type: "boolean", description: "Print one JSON object per line and event" },
    since: { type: "string", valueHint: "SEQ", description: "Only events after this one" },
    once: { type: "boolean", description: "Print the recorded events and exit" },
  },
  examples: ["dgov watch", "dgov watch --plan my-plan --ndjson", "dgov watch --once --since 120"],
  async run(context, args) {
    const { output } = context;
    if (args.all && args.plan !== undefined)
      throw usageError("--all and --plan exclude each other");
    const since = wholeNumber(args.since, { flag: "--since" });
    if (output.mode === "json" && !args.once) {
      throw usageError("watch --json needs --once", "dgov watch --ndjson streams");
    }
    const projectRoot = requireProject(context);
    const plan = args.plan === undefined ? undefined : await named(projectRoot, args.plan);
    const follow = { all: args.all === true, plan, since: since ?? null };
    const events = newEvents(projectRoot, follow);
    if (output.mode === "json") {
      const found: unknown[] = [];
      for (let page = events(); page.length > 0; page = events()) {
        for (const event of page) found.push(eventDocument(event));
      }
      output.answer({ schema: "dgov.events/1", events: found }, "");
      return 0;
    }
    await stream(output, events, { ndjson: args.ndjson === true, once: args.once === true });
    return 0;
  },
});

async function named(projectRoot: string, plan: string): Promise<string> {
  using log = openEventLogForReading(projectRoot);
  return await knownPlan(plan, projectRoot, log);
}

async function stream(
  output: Output,
  events: () => RecordedEvent[],
  how: { ndjson: boolean; once: boolean },
): Promise<void> {
  using interrupt = listenForSignals();
  const ended = AbortSignal.any([interrupt.signal, output.closed]);
  while (!ended.aborted) {
    const page = events();
    for (const event of page) {
      if (how.ndjson) output.record(eventDocument(event));
      else output.line(textLine(event));
    }
    if (page.length > 0) continue;
    if (how.once) return;
    await delay(pollMs, ended);
  }
}

/** The line `dgov run` prints for the event, or a row of its fields. */
function textLine(event: RecordedEvent): string {
  const line = progressLine(event, false);
  return line === null ? timelineLine(event) : `${event.ts.slice(11, 23)}  ${line}`;
}

/** Events to follow: of `all` runs, of one `plan`, or of the newest run; after `since`. */
export interface Follow {
  all: boolean;
  plan: string | undefined;
  since: number | null;
}

/** Returns a function that reads the next page of events; an empty page when there are no new ones. */
export function newEvents(
  projectRoot: string,
  follow: Follow,
  pageSize = eventsPerPage,
): () => RecordedEvent[] {
  let log: EventLog | null = null;
  let version = -1;
  let afterSeq = follow.since ?? 0;
  return () => {
    log ??= openEventLogForReading(projectRoot);
    if (log === null) return [];
    const seen = log.dataVersion();
    if (seen === version) return [];
    const page = readPage(log, follow, { afterSeq, pageSize });
    if (page.length === 0) version = seen;
    afterSeq = page.at(-1)?.seq ?? afterSeq;
    return page;
  };
}

/** The next page; of the newest run at first, then of every run that follows it. */
function readPage(
  log: EventLog,
  follow: Follow,
  { afterSeq, pageSize }: { afterSeq: number; pageSize: number },
): RecordedEvent[] {
  if (follow.all) return log.lifecycle({ afterSeq, limit: pageSize });
  const newest = log.newestRun(follow.plan);
  if (newest === null) return [];
  if (follow.since !== null || afterSeq > 0) {
    const page = log.lifecycle({ afterSeq, limit: pageSize });
    const mine = page.filter((event) => follow.plan === undefined || event.plan === follow.plan);
    if (mine.length > 0 || page.length < pageSize) return mine;
    return readPage(log, follow, { afterSeq: page.at(-1)?.seq ?? afterSeq, pageSize });
  }
  return log.lifecycle({ run: newest, afterSeq, limit: pageSize });
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
