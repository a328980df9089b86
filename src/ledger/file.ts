/** Reading and appending to `.dgov/ledger.jsonl`, which git tracks and clones share. */
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from "node:fs";
import { ownPath } from "../config/find.ts";
import { DgovError } from "../error.ts";
import { type Ledger, type LedgerEvent, ledgerLine, readLedger } from "./entry.ts";

/** The name of the file among dgov's own files. */
export const ledgerFile = ".dgov/ledger.jsonl";

const bytesMax = 16 * 1024 * 1024;
/** Links are not followed, and a pipe does not block. */
const safeFlags = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The project's ledger; empty without a file. Throws ENVIRONMENT when the file cannot be read. */
export function openLedger(projectRoot: string): Ledger {
  const file = opened(projectRoot, constants.O_RDONLY);
  if (file === null) return { entries: [], broken: [] };
  try {
    requireRegularFile(file);
    return readLedger(readFileSync(file, "utf8"));
  } finally {
    closeSync(file);
  }
}

/** Appends one line in one write. A missing newline at the end of the file is added first. */
export function appendToLedger(projectRoot: string, event: LedgerEvent): void {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
  const file = opened(projectRoot, flags);
  if (file === null) throw unusable("cannot be created");
  try {
    requireRegularFile(file);
    const text = readFileSync(file, "utf8");
    const gap = text === "" || text.endsWith("\n") ? "" : "\n";
    writeSync(file, gap + ledgerLine(event));
  } finally {
    closeSync(file);
  }
}

/** A random id, so that clones do not choose the same one. */
export function newEntryId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(5))).toString("hex");
}

/** A file descriptor; null when the file does not exist. */
function opened(projectRoot: string, flags: number): number | null {
  try {
    return openSync(ownPath(projectRoot, ledgerFile), flags | safeFlags, 0o644);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return null;
    if (code === "ELOOP") throw unusable("is a link", cause);
    throw unusable(`cannot be opened (${code ?? String(cause)})`, cause);
  }
}

function requireRegularFile(file: number): void {
  const found = fstatSync(file);
  if (!found.isFile()) throw unusable("is not a regular file");
  if (found.size > bytesMax) throw unusable(`is larger than ${bytesMax / 1024 / 1024} MiB`);
}

function unusable(problem: string, cause?: unknown): DgovError {
  return new DgovError("ENVIRONMENT", `${ledgerFile} ${problem}`, {
    hint: "replace it with a file of one JSON object per line, or remove it",
    cause,
  });
}
