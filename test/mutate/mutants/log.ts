/** Mutants of `src/log`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a blob that a lifecycle event of a pruned run names is removed",
    file: "src/log/prune.ts",
    find: 'kind === "telemetry" && except.has(run)',
    replace: "except.has(run)",
    killedBy:
      "test/log/prune.test.ts > prune removes telemetry of the given runs, and old blobs that become unreferenced",
  },
  {
    name: "a blob that telemetry of another run names is removed",
    file: "src/log/prune.ts",
    find: 'kind === "telemetry" && except.has(run)',
    replace: 'kind === "telemetry"',
    killedBy:
      "test/log/prune.test.ts > prune removes telemetry of the given runs, and old blobs that become unreferenced",
  },
  {
    name: "a young blob without an event is removed",
    file: "src/log/prune.ts",
    find: "modifiedAt < o.before && (digest",
    replace: "(digest",
    killedBy:
      "test/log/prune.test.ts > prune removes telemetry of the given runs, and old blobs that become unreferenced",
  },
  {
    name: "a temporary file of a crash is kept for ever",
    file: "src/log/prune.ts",
    find: "(digest === null || !referenced.has(digest))",
    replace: "(digest !== null && !referenced.has(digest))",
    killedBy:
      "test/log/prune.test.ts > prune removes telemetry of the given runs, and old blobs that become unreferenced",
  },
  {
    name: "a dry prune removes telemetry",
    file: "src/log/prune.ts",
    find: "  if (!o.dry) {\n",
    replace: "  {\n",
    killedBy:
      "test/log/prune.test.ts > prune removes telemetry of the given runs, and old blobs that become unreferenced",
  },
  {
    name: "pruning a run removes its lifecycle events",
    file: "src/log/prune.ts",
    find: "FROM events WHERE kind = 'telemetry' AND run = ?",
    replace: "FROM events WHERE run = ?",
    killedBy:
      "test/log/prune.test.ts > prune removes telemetry of the given runs, and old blobs that become unreferenced",
  },
  {
    name: "a changed blob is returned",
    file: "src/log/blobs.ts",
    find: "return sha256(bytes) === digest ? bytes : null;",
    replace: "return bytes;",
    killedBy:
      "test/log/event-log.test.ts > blobs and plans are stored by digest, and a changed blob is not returned",
  },
  {
    name: "telemetry is written one event late",
    file: "src/log/event-log.ts",
    find: "queue.length === batchRowsMax ||",
    replace: "queue.length === batchRowsMax + 1 ||",
    killedBy: "test/log/event-log.test.ts > telemetry is written after 200 events or at a flush",
  },
  {
    name: "a lifecycle event is written before the telemetry that was noted before it",
    file: "src/log/event-log.ts",
    find: "for (const row of [...queue, ...more])",
    replace: "for (const row of [...more, ...queue])",
    killedBy:
      "test/log/event-log.test.ts > B19 while the log is held, facts are queued and an append lets the event loop turn",
  },
  {
    name: "a reader may prune",
    file: "src/log/event-log.ts",
    find: "if (!request.dry && writer === noWriter) refuseToWrite();",
    replace: "",
    killedBy: "test/log/prune.test.ts > E9 a reader can prune only as a dry run",
  },
  {
    name: "the overview of a run lacks its kept work",
    file: "src/log/event-log.ts",
    find: '  "attempt.kept",\n',
    replace: "",
    killedBy:
      "test/log/event-log.test.ts > an overview of a run gives the same status as all events of the run",
  },
  {
    name: "a file named by a part of a digest is a blob",
    file: "src/log/blobs.ts",
    find: "const whole = /^[0-9a-f]{64}$/.test(name);",
    replace: "const whole = /^[0-9a-f]+$/.test(name);",
    killedBy: "test/log/prune.test.ts > prune leaves a file that is no blob, whatever its age",
  },
  {
    name: "the overview of a run lacks what landed earlier",
    file: "src/log/event-log.ts",
    find: '  "review.satisfied",\n',
    replace: "",
    killedBy:
      "test/log/event-log.test.ts > an overview of a run gives the same status as all events of the run",
  },
] satisfies Mutant[];
