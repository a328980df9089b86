/** `.dgov/ledger.jsonl` on disk: read as it is, and appended to. Tracked, so that clones share it. */
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { type Ledger, type LedgerEvent, ledgerLine, readLedger } from "./entry.ts";

/** Relative to the project root. */
export const ledgerFile = ".dgov/ledger.jsonl";

const bytesMax = 16 * 1024 * 1024;
/** A link may lead anywhere, and a pipe would be waited for. */
const safely = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The project's ledger; empty when there is none. ENVIRONMENT when the file cannot be read. */
export function openLedger(projectRoot: string): Ledger {
  const file = opened(projectRoot, constants.O_RDONLY);
  if (file === null) return { entries: [], broken: [] };
  try {
    requireSane(file);
    return readLedger(readFileSync(file, "utf8"));
  } finally {
    closeSync(file);
  }
}

/** Adds one line in one write. A last line that lacks its newline stays a line of its own. */
export function appendToLedger(projectRoot: string, event: LedgerEvent): void {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
  const file = opened(projectRoot, flags);
  if (file === null) throw unusable("cannot be made");
  try {
    requireSane(file);
    const text = readFileSync(file, "utf8");
    const gap = text === "" || text.endsWith("\n") ? "" : "\n";
    writeSync(file, gap + ledgerLine(event));
  } finally {
    closeSync(file);
  }
}

/** A fresh id: random, so that clones never give the same one. */
export function newEntryId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(5))).toString("hex");
}

/** A descriptor, or null when there is no such file. */
function opened(projectRoot: string, flags: number): number | null {
  try {
    return openSync(join(projectRoot, ledgerFile), flags | safely, 0o644);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return null;
    if (code === "ELOOP") throw unusable("is a link", cause);
    throw unusable(`cannot be opened (${code ?? String(cause)})`, cause);
  }
}

function requireSane(file: number): void {
  const found = fstatSync(file);
  if (!found.isFile()) throw unusable("is not a file");
  if (found.size > bytesMax) throw unusable(`is larger than ${bytesMax / 1024 / 1024} MiB`);
}

function unusable(what: string, cause?: unknown): DgovError {
  return new DgovError("ENVIRONMENT", `${ledgerFile} ${what}`, {
    hint: "make it an ordinary file of one JSON object a line, or remove it",
    cause,
  });
}
