/** Runs read-only git commands in a worker's private git directory, hardened and bounded. */
import { describeExit } from "../../process/exit-result.ts";
import { runForBytes } from "../../process/spawn.ts";
import { type ToolContext, type ToolResult, toolError } from "./tool.ts";

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

/**
 * Runs git in a folder of the worktree. `text` is stderr when git failed without output; `code` is -1 when
 * it did not exit.
 */
export async function runToolGit(
  context: ToolContext,
  args: readonly string[],
  cwd = context.root,
): Promise<ToolGitResult> {
  const { PATH = "/usr/bin:/bin", HOME = "/nonexistent", TMPDIR } = context.request.toolEnvironment;
  const run = await runForBytes({
    argv: ["git", ...hardening, ...args],
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

/**
 * Paths of the project's files below a folder, untracked ones included and ignored ones not, or git's
 * error.
 */
export async function listFiles(context: ToolContext, folder = ""): Promise<string[] | ToolResult> {
  const args = ["ls-files", "-co", "--exclude-standard", "-z"];
  const listed = await runToolGit(context, folder === "" ? args : [...args, "--", folder]);
  if (!listed.ok) return toolError("failed", listed.text);
  return [...new Set(listed.text.split("\0"))].filter((path) => path !== "");
}

const filesMax = 400;

/** Files that contain at least one of the words as a whole word, untracked files included; at most 400. */
export async function filesContaining(
  context: ToolContext,
  words: readonly string[],
): Promise<string[]> {
  if (words.length === 0) return [];
  const patterns = words.flatMap((word) => ["-e", word]);
  const args = ["grep", "--untracked", "-l", "-z", "-w", "-I", "-F", ...patterns, "--", "."];
  const found = await runToolGit(context, args);
  return found.text
    .split("\0")
    .filter((name) => name !== "")
    .slice(0, filesMax);
}
