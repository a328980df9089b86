/** The program under test on a terminal, with somebody at it who waits for words and types others. */
import { join } from "node:path";
import { type DgovRun, dgovCommand } from "./bin.ts";

/** Null where there is no Python to make a terminal with. */
export const terminalProgram = Bun.which("python3");

/** What keys send. */
export const keys = { enter: "\r", down: "\u001b[B", interrupt: "\u0003" };

interface AtTerminal {
  cwd: string;
  env: Record<string, string>;
  steps: readonly (readonly [string, string])[];
}

/** Runs dgov on a terminal. `steps`: wait for the text, then type. Exit code 99: a text did not come. */
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
  child.stdin.write(JSON.stringify({ argv, ...o, timeout_s: 45 }));
  child.stdin.end();
  const [stdout, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return { stdout, exitCode };
}
