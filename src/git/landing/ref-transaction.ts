/**
 * A compare-and-swap of a ref, with a step that runs under the ref's lock.
 *
 * `update-ref --stdin` holds the lock of the branch (and of HEAD when HEAD names it) between `prepare` and
 * `commit`. When this process dies, its input ends and it releases the locks.
 */

import { ownChild } from "../../process/orphans.ts";
import { startLimit } from "../../std/limit.ts";
import { oneLine } from "../../std/text.ts";
import { durable, gitCommand, gitEnvironment } from "../git.ts";
import type { Oid } from "../objects.ts";
import type { Repository } from "../repository.ts";
import { landingEnvironment } from "./checkout-moves.ts";

interface RefMove {
  /** Full name, such as `refs/heads/main`. */
  ref: string;
  /** Expected value; null when the ref must not exist. */
  from: Oid | null;
  to: Oid;
  /** Message of the reflog entry. */
  message: string;
}

type Transaction<T> =
  | { kind: "committed" }
  /** `during` returned a reason to abort. */
  | { kind: "aborted"; reason: T }
  /** Git refused: the ref has another value, or another process holds its lock. */
  | { kind: "refused"; message: string };

/** Time after which git is terminated; it covers `during` as well. */
const timeoutMs = 330_000;

/**
 * Locks the ref, runs `during` and moves the ref if that returns null. `onLock` is called with git's pid
 * before any lock is taken.
 */
export async function moveRef<T>(
  r: Repository,
  move: RefMove,
  o: {
    onLock?: ((pid: number) => void) | undefined;
    during(): Promise<T | null>;
  },
): Promise<Transaction<T>> {
  const args = ["update-ref", "--no-deref", "-m", oneLine(move.message), "--stdin"];
  const child = ownChild(
    Bun.spawn(gitCommand(r.commonDir, ...durable, ...args), {
      cwd: r.commonDir,
      env: { ...gitEnvironment(), ...landingEnvironment(r, move.to) },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    }),
  );
  const endLimit = startLimit(timeoutMs, () => child.kill("SIGTERM"));
  const lines = lineReader(child.stdout);
  const errors = new Response(child.stderr).text();
  const send = async (text: string, expected: string): Promise<boolean> => {
    try {
      child.stdin.write(`${text}\n`);
      await child.stdin.flush();
    } catch {
      return false; // Git has exited; stderr has the cause.
    }
    return (await lines.next()) === `${expected}: ok`;
  };
  try {
    o.onLock?.(child.pid);
    const old = move.from ?? "0".repeat(move.to.length);
    const ready =
      (await send("start", "start")) &&
      (await send(`update ${move.ref} ${move.to} ${old}\nprepare`, "prepare"));
    if (!ready) return { kind: "refused", message: (await errors).trim() };
    const reason = await o.during();
    if (reason !== null) {
      await send("abort", "abort");
      return { kind: "aborted", reason };
    }
    if (await send("commit", "commit")) return { kind: "committed" };
    return { kind: "refused", message: (await errors).trim() };
  } finally {
    endLimit();
    await Promise.resolve(child.stdin.end()).catch(() => {});
    await child.exited;
  }
}

/** Reads lines of a stream, one at a time; null at its end. */
function lineReader(stream: ReadableStream<Uint8Array>): { next(): Promise<string | null> } {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  return {
    async next() {
      for (;;) {
        const cut = rest.indexOf("\n");
        if (cut >= 0) {
          const line = rest.slice(0, cut);
          rest = rest.slice(cut + 1);
          return line;
        }
        const { done, value } = await reader.read();
        if (done) return null;
        rest += decoder.decode(value, { stream: true });
      }
    },
  };
}
