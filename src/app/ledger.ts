/** Writes to the project ledger: new entries, and their resolving and reopening. */
import { configuredIdentity, openRepository } from "../git/repository.ts";
import { type LedgerEntry, nextTime, openedEntry } from "../ledger/entry.ts";
import { appendToLedger, newEntryId } from "../ledger/file.ts";
import { isoTime, systemClock } from "../std/clock.ts";

type Env = Record<string, string | undefined>;

/** Appends an open entry, dated now and attributed to git's user.name, and returns it. */
export async function addLedgerEntry(
  projectRoot: string,
  env: Env,
  content: Pick<LedgerEntry, "category" | "severity" | "text" | "paths" | "tags">,
): Promise<LedgerEntry> {
  const { category, severity, text, paths, tags } = content;
  const id = newEntryId();
  const ts = isoTime(systemClock.now());
  const by = await author(projectRoot, env);
  const event = { id, ts, by, event: "opened", category, severity, text, paths, tags } as const;
  appendToLedger(projectRoot, event);
  return openedEntry(event);
}

/** Appends that an entry was resolved or reopened. */
export async function changeLedgerEntry(
  projectRoot: string,
  env: Env,
  entry: LedgerEntry,
  change: { event: "resolved" | "reopened"; note: string },
): Promise<void> {
  const ts = nextTime(entry, systemClock.now());
  const by = await author(projectRoot, env);
  appendToLedger(projectRoot, { id: entry.id, ts, by, ...change });
}

/** The name git commits under, else the user's login name, else "". */
async function author(projectRoot: string, env: Env): Promise<string> {
  try {
    const identity = await configuredIdentity(await openRepository(projectRoot));
    return identity?.name ?? env["USER"] ?? "";
  } catch {
    return env["USER"] ?? "";
  }
}
