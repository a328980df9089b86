/** Programs under test on a pseudo-terminal with scripted input. */

import { join } from "node:path";
import { type DgovRun, dgovCommand } from "./bin.ts";
import { scaled } from "./limits.ts";

/** Path of Python, which creates the pseudo-terminal; null when it is not installed. */
export const terminalProgram = Bun.which("python3");

/** Bytes that keys send. */
export const keys = { enter: "\r", down: "\u001b[B", interrupt: "\u0003" };

interface AtTerminal {
  cwd: string;
  env: Record<string, string>;
  steps: readonly (readonly [text: string, typed: string, signal?: number])[];
  /** Typed before the program has started. */
  early?: string;
}

/** Runs dgov on a terminal. Each step waits for a text, then types one. Exit code 99: a text did not appear. */
export function dgovOnTerminal(
  args: readonly string[],
  o: AtTerminal,
): Promise<Omit<DgovRun, "stderr">> {
  return onTerminal([...dgovCommand(), ...args], { ...o, env: { ...o.env, TERM: "xterm" } });
}

/** Runs any program on a terminal. */
export async function onTerminal(
  argv: readonly string[],
  o: AtTerminal,
): Promise<Omit<DgovRun, "stderr">> {
  const script = join(import.meta.dir, "terminal.py");
  const child = Bun.spawn([terminalProgram ?? "python3", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.write(JSON.stringify({ argv, ...o, timeout_s: scaled(45) }));
  child.stdin.end();
  const [stdout, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return { stdout, exitCode };
}
