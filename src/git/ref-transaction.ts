/**
 * A ref moved by compare-and-swap while something else is done under its lock.
 *
 * `update-ref --stdin` holds the lock of the branch (and of HEAD when it names it) between `prepare`
 * and `commit`; when this process dies, it sees the end of its input and gives the locks back.
 */

import { landingEnvironment } from "./checkouts.ts";
import { durable, gitCommand, gitEnvironment } from "./git.ts";
import type { Oid } from "./objects.ts";
import type { Repository } from "./repository.ts";

export interface RefMove {
  /** Full name. */
  ref: string;
  /** What it must be; null: it must not exist. */
  from: Oid | null;
  to: Oid;
  /** For the reflog. */
  message: string;
}

export type Transaction<T> =
  | { kind: "committed" }
  /** `during` gave a reason not to go on. */
  | { kind: "aborted"; why: T }
  /** Git refused: the ref is elsewhere, or somebody holds its lock. */
  | { kind: "refused"; words: string };

const answerMs = 30_000;

/**
 * Locks the ref, runs `during`, and moves the ref unless `during` gave something. `onLock` hears
 * git's pid before it locks anything; `undo` is called when the move fails after `during` agreed.
 */
export async function moveRef<T>(
  r: Repository,
  move: RefMove,
  o: {
    onLock?: ((pid: number) => void) | undefined;
    during(): Promise<T | null>;
    undo(): Promise<void>;
  },
): Promise<Transaction<T>> {
  const args = ["update-ref", "--no-deref", "-m", oneLine(move.message), "--stdin"];
  const child = Bun.spawn(gitCommand(r.commonDir, ...durable, ...args), {
    cwd: r.commonDir,
    env: { ...gitEnvironment(), ...landingEnvironment(r, move.to) },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  const timer = setTimeout(() => child.kill("SIGTERM"), answerMs + 300_000);
  const lines = lineReader(child.stdout);
  const words = new Response(child.stderr).text();
  const say = async (text: string, expected: string): Promise<boolean> => {
    try {
      child.stdin.write(`${text}\n`);
      await child.stdin.flush();
    } catch {
      return false; // It ended already; its words say why.
    }
    return (await lines.next()) === `${expected}: ok`;
  };
  try {
    o.onLock?.(child.pid);
    const old = move.from ?? "0".repeat(move.to.length);
    const ready =
      (await say("start", "start")) &&
      (await say(`update ${move.ref} ${move.to} ${old}\nprepare`, "prepare"));
    if (!ready) return { kind: "refused", words: (await words).trim() };
    const why = await o.during();
    if (why !== null) {
      await say("abort", "abort");
      return { kind: "aborted", why };
    }
    if (await say("commit", "commit")) return { kind: "committed" };
    await o.undo();
    return { kind: "refused", words: (await words).trim() };
  } finally {
    clearTimeout(timer);
    await Promise.resolve(child.stdin.end()).catch(() => {});
    await child.exited;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Lines of a stream, one at a time; null at its end. */
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
