/**
 * Failures of dgov itself, and the table of error codes.
 *
 * Outcomes of work (a rejected attempt, a plan with diagnostics, a failed subprocess) are data, not
 * errors. Code tests `error.code`, never the class name: minifying renames classes.
 */

/** Exit code and meaning of each error code. Printed by `dgov help exit-codes`. */
export const errorCodes = {
  USAGE: { exit: 2, meaning: "a bad flag or argument" },
  PLAN_INVALID: { exit: 3, meaning: "the plan has errors, which are printed" },
  CONFIG_INVALID: { exit: 3, meaning: "project.toml has errors, which are printed" },
  NOT_A_REPOSITORY: { exit: 4, meaning: "no git repository, or an unsupported one" },
  NOT_INITIALISED: { exit: 4, meaning: "no .dgov/project.toml here" },
  GIT_TOO_OLD: { exit: 4, meaning: "git is missing or older than 2.38" },
  WORKTREE_DIRTY: { exit: 4, meaning: "uncommitted changes that workers would not get" },
  TARGET_MISSING: { exit: 4, meaning: "no branch to land on" },
  TARGET_CHANGED: {
    exit: 4,
    meaning: "the plan last ran on another branch; `dgov run --target` says which",
  },
  RUN_LOCKED: { exit: 4, meaning: "another dgov run or command holds this repository" },
  KEY_MISSING: { exit: 4, meaning: "the provider's API key is not in the environment" },
  PROVIDER_UNTRUSTED: {
    exit: 4,
    meaning: "the repository names an endpoint that you have not trusted",
  },
  PROVIDER_PLACEHOLDER: {
    exit: 4,
    meaning: "project.toml still has the placeholders of dgov init",
  },
  GATE_UNRUNNABLE: { exit: 4, meaning: "a configured gate cannot run on this machine" },
  REPOSITORY_CHANGED: { exit: 4, meaning: "git's own configuration changed while workers ran" },
  LOG_NEWER: { exit: 4, meaning: "the event log was written by a newer dgov" },
  LOG_UNUSABLE: { exit: 4, meaning: "the event log cannot be read or written" },
  ENVIRONMENT: { exit: 4, meaning: "the machine is not ready" },
  NOT_FOUND: { exit: 1, meaning: "no plan, run, unit or entry of that name" },
  REFUSED: { exit: 1, meaning: "the check failed or the request was refused" },
  INTERNAL: { exit: 70, meaning: "a bug in dgov; please report it" },
} as const satisfies Record<string, { exit: number; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** One problem in a plan, SOP or configuration file. Lines and columns count from 1. */
export interface Diagnostic {
  severity: "error" | "warning";
  /** Stable kebab-case code, e.g. `unknown-key`. */
  code: string;
  /** Path relative to the project root, with `/`. */
  file: string;
  line: number | null;
  column: number | null;
  /** Full unit id, when the problem belongs to one. */
  unit: string | null;
  /** One sentence naming the thing, without the file and line. */
  message: string;
  /** The suggested fix. */
  hint: string | null;
  /** The source line the problem is on, without its newline. */
  excerpt: string | null;
}

export interface DgovErrorOptions {
  /** The next command to type. */
  hint?: string;
  /** An alternative to the hint that names a flag. It is added for a command that has the flag. */
  orFlag?: string;
  cause?: unknown;
  diagnostics?: readonly Diagnostic[];
}

/** A failure of dgov or of its environment: one sentence, a code, and a hint. */
export class DgovError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly orFlag: string | undefined;
  readonly diagnostics: readonly Diagnostic[];

  constructor(code: ErrorCode, message: string, options: DgovErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DgovError";
    this.code = code;
    this.hint = options.hint;
    this.orFlag = options.orFlag;
    this.diagnostics = options.diagnostics ?? [];
  }

  /** The hint with the alternative for a command that has its flag. */
  get fullHint(): string {
    return [this.hint, this.orFlag].filter((one) => one !== undefined).join(", or ");
  }

  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}

/**
 * True for a failure of dgov itself, which ends a run: an invariant that does not hold, or an event log that cannot
 * be written. Every other error of an action belongs to the unit it was performed for.
 */
export function endsRun(error: unknown): boolean {
  const codes: readonly ErrorCode[] = ["INTERNAL", "LOG_NEWER", "LOG_UNUSABLE"];
  return error instanceof DgovError && codes.includes(error.code);
}
