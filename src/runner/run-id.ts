/** Names of runs. */
import { randomBytes } from "node:crypto";

/** `20260102-030405-1a2b`: sorts by time, and is a valid ref component. */
export function newRunId(now: number): string {
  const time = new Date(now).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${time}-${randomBytes(2).toString("hex")}`;
}
