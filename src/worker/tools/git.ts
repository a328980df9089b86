/** git in the worker's own git dir: read-only plumbing, hardened, bounded. */

import { describeExit } from "../../process/exit-result.ts";
import { runForBytes } from "../../process/spawn.ts";
import type { ToolContext } from "./tool.ts";

const hardening = [
  "--no-pager",
  "--literal-pathspecs",
  "-c",
  "core.fsmonitor=false",
  "-c",
  "core.hooksPath=/dev/null",
  "-c",
  "diff.ignoreSubmodules=all",
  "-c",
  "protocol.allow=never",
];

export interface GitAnswer {
  ok: boolean;
  code: number;
  text: string;
  bytes: Uint8Array;
}

const timeoutMs = 60_000;
const outputBytesMax = 64 * 1024 * 1024;

/** Runs git in a folder of the worktree. Exit codes are data. */
export async function gitIn(
  context: ToolContext,
  words: readonly string[],
  cwd = context.root,
): Promise<GitAnswer> {
  const { PATH = "/usr/bin:/bin", HOME = "/nonexistent", TMPDIR } = context.request.toolEnvironment;
  const run = await runForBytes({
    argv: ["git", ...hardening, ...words],
    cwd,
    env: {
      PATH,
      HOME,
      ...(TMPDIR === undefined ? {} : { TMPDIR }),
      LANG: "C.UTF-8",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_TERMINAL_PROMPT: "0",
      GIT_OPTIONAL_LOCKS: "0",
    },
    timeoutMs,
    outputBytesMax,
    marker: context.request.marker,
    signal: context.signal,
  });
  const stdout = Buffer.from(run.stdout);
  if (run.result.kind !== "exited") {
    return { ok: false, code: -1, text: describeExit(run.result), bytes: stdout };
  }
  const { code } = run.result;
  const text =
    code === 0 || stdout.length > 0 ? stdout.toString() : Buffer.from(run.stderr).toString();
  return { ok: code === 0, code, text, bytes: stdout };
}
