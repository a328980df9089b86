/** `dgov preflight`: the settlement gates on the local working tree, without a worker. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatesResult } from "../../settlement/gates/run-gates.ts";
import { type Context, command } from "../command.ts";
import { interruptible } from "../interruptible.ts";
import { requireProject } from "../project.ts";

export default command({
  name: "preflight",
  description: "Run the gates on the working tree",
  args: {},
  examples: ["dgov preflight", "dgov preflight --json"],
  run: (context) => interruptible((signal) => preflight(context, signal)),
});

async function preflight(context: Context, signal: AbortSignal): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), "dgov-preflight-"));
  try {
    const { passed, verdicts } = await judgeWorkingTree(context, scratch, signal);
    // What was cut short has no answer; the exit code says so.
    if (signal.aborted) return 130;
    const lines = verdicts.map(
      (v) => `${v.gate}: ${v.status}${v.reason === "" ? "" : `: ${v.reason}`}`,
    );
    const { renderRejection } = await import("../../settlement/rejection.ts");
    context.output.answer(
      {
        schema: "dgov.preflight/1",
        passed,
        gates: verdicts.map((v) => ({
          gate: v.gate,
          status: v.status,
          reason: v.reason,
          command: v.command,
          exit: v.exit,
          duration_ms: Math.round(v.durationMs),
          blame: v.blame,
          tail: v.tail,
          diagnostics: v.diagnostics,
          changed_paths: v.changedPaths,
        })),
      },
      [
        ...(verdicts.length === 0 ? ["no gates are configured"] : lines),
        ...(passed ? [] : ["", renderRejection(verdicts)]),
      ].join("\n"),
    );
    return passed ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Against HEAD; where nothing differs from it, every source file is looked at. */
async function judgeWorkingTree(
  context: Context,
  scratch: string,
  signal: AbortSignal,
): Promise<GatesResult> {
  const projectRoot = requireProject(context);
  const { requireConfig } = await import("../../config/load.ts");
  const { DgovError } = await import("../../error.ts");
  const { configuredIdentity, openRepository } = await import("../../git/repository.ts");
  const { userFilters } = await import("../../git/private-dir.ts");
  const { workingTree } = await import("../../git/working-tree.ts");
  const { headOf } = await import("../../git/revisions.ts");
  const { childEnvironment } = await import("../../process/environment.ts");
  const { projectDirOf } = await import("../../runner/checks.ts");
  const { openSettlement } = await import("../../settlement/context.ts");
  const { runGates } = await import("../../settlement/gates/run-gates.ts");
  const config = requireConfig(projectRoot);
  const repository = await openRepository(projectRoot);
  const head = await headOf(repository);
  if (head.commit === null) {
    throw new DgovError("TARGET_MISSING", "the repository has no commits to compare with", {
      hint: "commit once, then run dgov preflight",
    });
  }
  await userFilters(repository);
  const settlement = openSettlement({
    repository,
    projectRoot,
    projectDir: projectDirOf(repository, projectRoot),
    config,
    environment: childEnvironment(context.env, {
      extra: config.run.env,
      deny: Object.values(config.providers).map((provider) => provider.apiKeyEnv),
    }),
    identity: (await configuredIdentity(repository)) ?? { name: "dgov", email: "dgov@localhost" },
    slotsRoot: join(scratch, "slots"),
    scratch,
    signal,
    report(...progress) {
      for (const { kind, gate } of progress) {
        if (kind === "started") context.output.status(`${gate} ...`);
      }
    },
    putOutput: () => "",
  });
  return runGates(settlement, {
    unit: null,
    attempt: 0,
    car: null,
    tree: await workingTree(repository),
    base: head.commit,
    testCmd: null,
    marker: `preflight/${process.pid}`,
    signal,
    files: "all",
  });
}
