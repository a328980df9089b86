/**
 * The schema as numbered steps. A released step is never edited; new ones are appended.
 *
 * `PRAGMA user_version` is the number of applied steps. A log with more steps than this program has is
 * rejected with LOG_NEWER.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE events (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    ts      TEXT NOT NULL,
    run     TEXT NOT NULL,
    plan    TEXT NOT NULL,
    unit    TEXT,
    attempt INTEGER,
    type    TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('lifecycle', 'telemetry')),
    data    TEXT NOT NULL CHECK (json_valid(data))
  ) STRICT;

  CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;

  CREATE TRIGGER lifecycle_is_never_deleted BEFORE DELETE ON events WHEN OLD.kind = 'lifecycle'
  BEGIN SELECT RAISE(ABORT, 'lifecycle events are kept for ever'); END;

  -- The lifecycle events of one run without the telemetry that lies between them in the table.
  CREATE INDEX events_lifecycle_of_run ON events (run, seq, ts, plan, unit, attempt, type, data)
    WHERE kind = 'lifecycle';
  CREATE INDEX events_lifecycle ON events (seq) WHERE kind = 'lifecycle';
  -- The newest run, of a plan or of all.
  CREATE INDEX events_runs ON events (seq, run, plan, ts) WHERE type = 'run.started';
  CREATE INDEX events_runs_of_plan ON events (plan, seq, run, ts) WHERE type = 'run.started';
  CREATE INDEX events_telemetry ON events (run, unit, attempt, seq) WHERE kind = 'telemetry';
  -- Sums over turns and calls are answered from these alone.
  CREATE INDEX events_turns ON events (
    run, unit, attempt,
    json_extract(data, '$.model'),
    json_extract(data, '$.usage.prompt_tokens'),
    json_extract(data, '$.usage.cached_tokens'),
    json_extract(data, '$.usage.completion_tokens')
  ) WHERE type = 'turn.finished';
  CREATE INDEX events_results ON events (
    run, unit, attempt, json_extract(data, '$.tool'), json_extract(data, '$.ok')
  ) WHERE type = 'result';
  `,
  `
  -- Everything sums over calls ask of a result, so that the table is not read for it.
  DROP INDEX events_results;
  CREATE INDEX events_results ON events (
    run, unit, attempt,
    json_extract(data, '$.tool'),
    json_extract(data, '$.ok'),
    json_extract(data, '$.error_kind'),
    json_extract(data, '$.clipped'),
    json_extract(data, '$.raw_bytes'),
    json_extract(data, '$.duration_ms')
  ) WHERE type = 'result';
  `,
  `
  -- Sums over calls, kept as they are written: an index alone still holds every call of every run.
  CREATE TABLE tool_calls (
    run        TEXT NOT NULL,
    unit       TEXT NOT NULL,
    tool       ANY NOT NULL,
    error_kind ANY NOT NULL,
    calls      INTEGER NOT NULL,
    failed     INTEGER NOT NULL,
    clipped    INTEGER NOT NULL,
    bytes      ANY NOT NULL,
    total_ms   ANY NOT NULL,
    max_ms     ANY NOT NULL,
    PRIMARY KEY (run, unit, tool, error_kind)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO tool_calls
    SELECT run, coalesce(unit, '') AS unit, coalesce(json_extract(data, '$.tool'), '') AS tool,
      coalesce(json_extract(data, '$.error_kind'), '') AS error_kind, count(*),
      coalesce(sum(json_extract(data, '$.ok') = 0), 0),
      coalesce(sum(json_extract(data, '$.clipped') = 1), 0),
      coalesce(sum(json_extract(data, '$.raw_bytes') + 0), 0),
      coalesce(sum(json_extract(data, '$.duration_ms') + 0), 0),
      coalesce(max(json_extract(data, '$.duration_ms') + 0), 0)
    FROM events WHERE type = 'result' GROUP BY 1, 2, 3, 4;

  CREATE TRIGGER result_is_counted AFTER INSERT ON events WHEN NEW.type = 'result'
  BEGIN
    INSERT INTO tool_calls VALUES (
      NEW.run, coalesce(NEW.unit, ''), coalesce(json_extract(NEW.data, '$.tool'), ''),
      coalesce(json_extract(NEW.data, '$.error_kind'), ''), 1,
      coalesce(json_extract(NEW.data, '$.ok') = 0, 0),
      coalesce(json_extract(NEW.data, '$.clipped') = 1, 0),
      coalesce(json_extract(NEW.data, '$.raw_bytes') + 0, 0),
      coalesce(json_extract(NEW.data, '$.duration_ms') + 0, 0),
      coalesce(json_extract(NEW.data, '$.duration_ms') + 0, 0)
    ) ON CONFLICT DO UPDATE SET
      calls = calls + 1,
      failed = failed + excluded.failed,
      clipped = clipped + excluded.clipped,
      bytes = bytes + excluded.bytes,
      total_ms = total_ms + excluded.total_ms,
      max_ms = max(max_ms, excluded.max_ms);
  END;

  -- Telemetry of a run goes as a whole.
  CREATE TRIGGER results_are_forgotten AFTER DELETE ON events WHEN OLD.type = 'result'
  BEGIN DELETE FROM tool_calls WHERE run = OLD.run; END;

  -- What is still asked of results one by one: how many calls each attempt made.
  DROP INDEX events_results;
  CREATE INDEX events_results ON events (run, unit, attempt, json_extract(data, '$.ok'))
    WHERE type = 'result';
  `,
];
