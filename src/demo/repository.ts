/** Creates the demo's repository. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { childEnvironment } from "../process/environment.ts";
import { describeExit, succeeded } from "../process/exit-result.ts";
import { runProcess, substitutePlaceholders } from "../process/spawn.ts";

/**
 * Writes `files` below `root` and commits them on `main`, with its own identity and without the user's git
 * configuration.
 */
export async function makeSampleRepository(
  root: string,
  files: Record<string, string>,
  env: Record<string, string | undefined>,
): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const environment = {
    ...childEnvironment(env, { deny: [] }),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  const git = async (...args: string[]): Promise<void> => {
    const done = await runProcess({
      argv: ["git", ...args],
      cwd: root,
      env: environment,
      timeoutMs: 60_000,
      outputBytesMax: 64 * 1024,
    });
    if (!succeeded(done.result)) {
      throw new DgovError(
        "ENVIRONMENT",
        `git ${args[0]} failed (${describeExit(done.result)}): ${done.stderr}`,
      );
    }
  };
  await git("init", "-q", "-b", "main", ".");
  await git("config", "user.name", "dgov demo");
  await git("config", "user.email", "demo@dgov.invalid");
  await git("add", "-A");
  await git("commit", "-q", "-m", "A small library");
}

/** Shell text that runs this program as Bun's test runner: a compiled dgov contains all of Bun. */
export function ownTestCommand(): string {
  const program = process.execPath;
  return substitutePlaceholders("BUN_BE_BUN=1 {program} test", { program });
}
