/** The program under test on a terminal, with somebody at it who waits for words and types others. */
import { join } from "node:path";
import { type DgovRun, dgovCommand } from "./bin.ts";

/** Null where there is no Python to make a terminal with. */
export const terminalProgram = Bun.which("python3");

/** What keys send. */
export const keys = { enter: "\r", down: "\u001b[B", interrupt: "\u0003" };

/** Runs dgov on a terminal. `steps`: wait for the text, then type. Exit code 99: a text did not come. */
export async function dgovOnTerminal(
  args: readonly string[],
  o: { cwd: string; env: Record<string, string>; steps: readonly (readonly [string, string])[] },
): Promise<Omit<DgovRun, "stderr">> {
  const script = join(import.meta.dir, "terminal.py");
  const child = Bun.spawn([terminalProgram ?? "python3", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const env = { ...o.env, TERM: "xterm" };
  const argv = [...dgovCommand(), ...args];
  child.stdin.write(JSON.stringify({ argv, cwd: o.cwd, env, steps: o.steps, timeout_s: 45 }));
  child.stdin.end();
  const [stdout, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return { stdout, exitCode };
}
