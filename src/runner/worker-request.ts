/** The request a worker gets, from the configuration and the attempt. */
import type { CompiledTask } from "../plan/compiled.ts";
import { present } from "../std/assert.ts";
import type { WorkerRequest } from "../worker/protocol.ts";
import type { LiveAttempt, RunContext } from "./context.ts";

/** Everything `dgov worker` reads from stdin; the key travels here and nowhere else. */
export function workerRequest(
  c: RunContext,
  of: { task: CompiledTask; live: LiveAttempt; fork: number; prompt: string },
): WorkerRequest {
  const { task, live } = of;
  const { provider, model, apiKey } = present(c.models.get(task.id), `model of ${task.id}`);
  return {
    schema: "dgov.worker-request/1",
    role: task.role,
    run: c.run,
    plan: c.plan.name,
    unit: task.id,
    attempt: live.attempt,
    fork: of.fork,
    marker: live.marker,
    worktree: live.tree.path,
    projectDir: c.projectDir,
    base: live.tree.base,
    prompt: of.prompt,
    claims: task.claims,
    model,
    provider: {
      name: provider.name,
      baseUrl: provider.baseUrl,
      apiKey,
      requestTimeoutMs: provider.requestTimeoutS * 1000,
      idleTimeoutMs: provider.idleTimeoutS * 1000,
      retriesMax: provider.retries,
      retryAfterMaxMs: provider.retryAfterMaxS * 1000,
      contextTokens: provider.contextTokens,
      backoffMinMs: 1000,
      backoffMaxMs: 60_000,
    },
    limits: {
      iterationBudget: task.iterationBudget ?? c.config.workerIterationBudget,
      toolOutputBytes: 64 * 1024,
      bashTimeoutMs: 120_000,
      bashTimeoutMaxMs: 600_000,
      commandTimeoutMs: c.config.settlementTimeoutS * 1000,
      treeMaxLines: c.config.workerTreeMaxLines,
    },
    commands: {
      test: c.config.commands.test,
      lint: c.config.commands.lint,
      lintFix: c.config.commands.lintFix,
      format: c.config.commands.format,
      typeCheck: c.config.commands.typeCheck,
      verify: Object.fromEntries(
        Object.entries(c.config.verify).map(([name, recipe]) => [name, recipe.command]),
      ),
    },
    toolPolicy: c.config.toolPolicy,
    scope: c.config.scope,
    toolEnvironment: c.toolEnvironment,
    project: {
      language: c.config.language,
      srcDir: c.config.srcDir,
      testDir: c.config.testDir,
      sourceExtensions: c.config.sourceExtensions,
      lineLength: c.config.lineLength,
      conventions: c.config.conventions,
    },
  };
}
