/** Runs read-only git commands in a worker's private git directory, hardened and bounded. */
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

interface ToolGitResult {
  ok: boolean;
  code: number;
  text: string;
  bytes: Uint8Array;
}

const timeoutMs = 60_000;
const outputBytesMax = 64 * 1024 * 1024;

/** Runs git in a folder of the worktree. `text` is stderr when git failed without output; `code` is -1 when it did not exit. */
export async function runToolGit(
  context: ToolContext,
  words: readonly string[],
  cwd = context.root,
): Promise<ToolGitResult> {
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

const filesMax = 400;

/** Files that contain at least one of the words as a whole word, untracked files included; at most 400. */
export async function filesContaining(
  context: ToolContext,
  words: readonly string[],
): Promise<string[]> {
  if (words.length === 0) return [];
  const patterns = words.flatMap((word) => ["-e", word]);
  const call = ["grep", "--untracked", "-l", "-z", "-w", "-I", "-F", ...patterns, "--", "."];
  const found = await runToolGit(context, call);
  return found.text
    .split("\0")
    .filter((name) => name !== "")
    .slice(0, filesMax);
}
