/** Small pieces of text for messages and tables: numbers, durations, excerpts. Pure. */

/** `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 03 min`. */
export function duration(ms: number): string {
  // The limits are those at which the rounded number reaches the next unit.
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${twoDigits(Math.floor((seconds % 3600) / 60))} min`;
}

/** Elapsed time in whole seconds, for views that redraw every second: `12s`, `4m05s`, `2h03m`. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${twoDigits(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h${twoDigits(minutes % 60)}m`;
}

function twoDigits(n: number): string {
  return String(n).padStart(2, "0");
}

/** `1 unit`, `3 units`; `many` is the plural when an `s` does not make it. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** A snake_case phase or status for people: `timed_out` is `timed out`. */
export function words(phase: string): string {
  return phase.replaceAll("_", " ");
}

/** The first ten digits of a commit id. */
export function short(commit: string): string {
  return commit.slice(0, 10);
}

/** An RFC 3339 time in UTC as `2026-01-02 03:04:05`. */
export function moment(at: string): string {
  return at.slice(0, 19).replace("T", " ");
}

/** The text with `indent` before every line and no trailing space. */
export function indented(text: string, indent: string): string {
  return text
    .split("\n")
    .map((line) => (indent + line).trimEnd())
    .join("\n");
}

/** The text on one line: white space folded, cut to `charsMax` characters with `…`. */
export function oneLine(text: string, charsMax = Number.POSITIVE_INFINITY): string {
  return excerpt(text.replace(/\s+/g, " ").trim(), charsMax);
}

/** The first `charsMax` characters, with `…` when something was cut. */
export function excerpt(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}…`;
}

/** A path for a line of text: its control characters are escaped as in JSON, so that it stays on its line. */
export function shownPath(path: string): string {
  return path.replace(/\p{Cc}/gu, (char) => {
    const json = JSON.stringify(char).slice(1, -1);
    return json === char ? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}` : json;
  });
}

/** The first `max` items joined, then `and N more`: `a, b and 3 more`. */
export function listed(items: readonly string[], max: number, separator = ", "): string {
  const more = items.length - max;
  if (more <= 0) return items.join(separator);
  return `${items.slice(0, max).join(separator)} and ${more} more`;
}

/** The message of a thrown value. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
