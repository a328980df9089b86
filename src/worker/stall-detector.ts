/**
 * Detects a worker without progress: the same call with the same result several times in a row, a cycle of
 * calls without a new result, or many turns without a change to any file. Warns first, then stops.
 *
 * A turn has a new result when one of its calls occurs for the first time with that result. Numbers in
 * results are ignored, so that timings do not count as new.
 */
import { sha256 } from "../std/digest.ts";
import { writingTools } from "./tools/tool.ts";

/** Turns in a row with the same calls and the same results. */
const sameWarn = 3;
const sameStop = 5;
/** Turns in a row without a new result. */
const staleWarn = 4;
const staleStop = 8;

/** Tools that can change a file. A shell command is assumed to change one. */
const changers: ReadonlySet<string> = new Set([...writingTools, "run_bash"]);

/** One tool call of a turn with its result. */
export interface ObservedCall {
  tool: string;
  argumentsText: string;
  ok: boolean;
  text: string;
}

type StallVerdict =
  | { kind: "fine" }
  | { kind: "warn"; text: string }
  | { kind: "stop"; reason: string };

export class StallDetector {
  readonly #seen = new Set<string>();
  readonly #unchangedWarn: number;
  readonly #unchangedStop: number;
  #last = "";
  #same = 0;
  #stale = 0;
  #unchanged = 0;

  /** `mustChange` is true for a role that is expected to change files. */
  constructor(o: { turnsMax: number; mustChange: boolean }) {
    const never = Number.POSITIVE_INFINITY;
    this.#unchangedWarn = o.mustChange ? Math.max(10, Math.ceil(o.turnsMax * 0.4)) : never;
    this.#unchangedStop = o.mustChange ? Math.max(20, Math.ceil(o.turnsMax * 0.7)) : never;
  }

  /** Records one turn with at least one tool call and returns the verdict on it. */
  observe(calls: readonly ObservedCall[]): StallVerdict {
    let fresh = false;
    let changed = false;
    const keys = new Set<string>();
    for (const call of calls) {
      const key = keyOf(call);
      const isNew = !this.#seen.has(key);
      keys.add(key);
      this.#seen.add(key);
      fresh ||= isNew;
      changed ||= isNew && call.ok && changers.has(call.tool);
    }
    const turn = [...keys].join();
    this.#same = turn === this.#last ? this.#same + 1 : 1;
    this.#last = turn;
    this.#stale = fresh ? 0 : this.#stale + 1;
    this.#unchanged = changed ? 0 : this.#unchanged + 1;
    return this.#judge(calls.at(-1)?.tool ?? "");
  }

  #judge(tool: string): StallVerdict {
    if (this.#same >= sameStop) {
      return stop(`${tool} was called ${this.#same} times in a row with the same result`);
    }
    if (this.#stale >= staleStop) {
      return stop(
        `${this.#stale} turns in a row only repeated earlier calls with the same results`,
      );
    }
    if (this.#unchanged >= this.#unchangedStop) {
      return stop(`${this.#unchanged} turns passed without a change to any file`);
    }
    if (this.#same === sameWarn) {
      return warn(`You called ${tool} ${sameWarn} times in a row with the same result.`);
    }
    if (this.#stale === staleWarn) {
      return warn(
        `Your last ${staleWarn} turns only repeated earlier calls with the same results.`,
      );
    }
    if (this.#unchanged === this.#unchangedWarn) {
      return warn(`${this.#unchanged} turns have passed without a change to any file.`);
    }
    return { kind: "fine" };
  }
}

function stop(reason: string): StallVerdict {
  return { kind: "stop", reason };
}

function warn(problem: string): StallVerdict {
  const text =
    `${problem} Try something different: read the error again, read another file, or make the change. ` +
    "If you cannot continue, call done with status blocked and the reason. Without progress the attempt will be stopped.";
  return { kind: "warn", text };
}

/** Identity of a call and its result, without the numbers in it. */
function keyOf(call: ObservedCall): string {
  const result = call.text.replace(/\d+(?:\.\d+)?/g, "0");
  return sha256(JSON.stringify([call.tool, call.argumentsText, call.ok, result]));
}
