/** Rows of `dgov doctor`, and conditions of a run as rows. */
import { withOwnPaths } from "../../config/find.ts";
import { DgovError } from "../../error.ts";

export interface DoctorCheck {
  check: string;
  state: "ok" | "warn" | "fail";
  detail: string;
  /** The next command to type, or null. */
  next: string | null;
}

/** Adds one result. */
export type Add = (
  check: string,
  state: DoctorCheck["state"],
  detail: string,
  next?: string | null,
) => void;

/** A question that a run would ask. */
export class Question extends Error {}

export interface Rows {
  checks: DoctorCheck[];
  add: Add;
  condition: Condition;
}

/**
 * Adds the result of a condition of a run, judged by the function that the run calls: the detail it returns, none for
 * null, or the error it throws. A question is a warning. Returns true unless it failed.
 */
type Condition = (check: string, judge: () => Promise<string | null>) => Promise<boolean>;

/** Opens an empty list of rows. Names of own files are shown as paths from `cwd`. */
export function openRows(cwd: string): Rows {
  const checks: DoctorCheck[] = [];
  const add: Add = (check, state, detail, next = null) => {
    const shown = (text: string): string => withOwnPaths(text, cwd);
    checks.push({ check, state, detail: shown(detail), next: next === null ? null : shown(next) });
  };
  const condition: Condition = async (check, judge) => {
    try {
      const detail = await judge();
      if (detail !== null) add(check, "ok", detail);
      return true;
    } catch (error) {
      if (error instanceof Question) {
        add(check, "warn", `dgov run will ask: ${error.message}`);
        return true;
      }
      if (!(error instanceof DgovError) || error.code === "INTERNAL") throw error;
      // `dgov run`, which the row is about, has every flag.
      add(check, "fail", oneLine(error.message), error.fullHint || null);
      return false;
    }
  };
  return { checks, add, condition };
}

/** A message with a list below it, on one line. */
function oneLine(message: string): string {
  const [first = "", ...lines] = message.split("\n").map((line) => line.trim());
  return lines.length === 0 ? first : `${first} ${lines.join(", ")}`;
}
