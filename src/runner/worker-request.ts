/** The request a worker gets, from the configuration and the attempt. */
import type { Config, ProviderConfig } from "../config/config.ts";
import { endpointOf } from "../config/endpoint.ts";
import type { CompiledTask } from "../plan/compiled.ts";
import { environmentIn } from "../settlement/environment.ts";
import { present } from "../std/assert.ts";
import type { WorkerRequest } from "../worker/protocol.ts";
import type { LiveAttempt, RunContext } from "./context.ts";

/** Everything `dgov worker` reads from stdin; the key travels here and nowhere else. */
export function workerRequest(
  c: RunContext,
  of: { task: CompiledTask; live: LiveAttempt; fork: number; prompt: string },
): WorkerRequest {
  const { task, live } = of;
  // Its tools see its own worktree, as the gates see theirs.
  const toolEnvironment = environmentIn(c.settlement, live.tree.path, undefined);
  const model = present(c.models.get(task.id), `model of ${task.id}`);
  const shared = projectRequest({ config: c.config, toolEnvironment }, model);
  const { iterationBudget } = shared.limits;
  return {
    ...shared,
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
    limits: { ...shared.limits, iterationBudget: task.iterationBudget ?? iterationBudget },
  };
}

/** Model, key and endpoint a worker talks to. */
export interface ChosenModel {
  provider: ProviderConfig;
  model: string;
  apiKey: string;
}

/** The part of a request that is the same for every worker of a project. */
export function projectRequest(
  o: { config: Config; toolEnvironment: Record<string, string> },
  { provider, model, apiKey }: ChosenModel,
): Pick<
  WorkerRequest,
  | "model"
  | "provider"
  | "limits"
  | "commands"
  | "toolPolicy"
  | "scope"
  | "toolEnvironment"
  | "project"
> {
  const { config } = o;
  return {
    model,
    provider: {
      ...endpointOf(provider, apiKey),
      name: provider.name,
      retriesMax: provider.retries,
      retryAfterMaxMs: provider.retryAfterMaxS * 1000,
      contextTokens: provider.contextTokens,
      backoffMinMs: 1000,
      backoffMaxMs: 60_000,
    },
    limits: {
      iterationBudget: config.workerIterationBudget,
      toolOutputBytes: 64 * 1024,
      bashTimeoutMs: 120_000,
      bashTimeoutMaxMs: 600_000,
      commandTimeoutMs: config.settlementTimeoutS * 1000,
      treeMaxLines: config.workerTreeMaxLines,
    },
    commands: {
      test: config.commands.test,
      lint: config.commands.lint,
      lintFix: config.commands.lintFix,
      format: config.commands.format,
      typeCheck: config.commands.typeCheck,
      verify: Object.fromEntries(
        Object.entries(config.verify).map(([name, recipe]) => [name, recipe.command]),
      ),
    },
    toolPolicy: config.toolPolicy,
    scope: config.scope,
    toolEnvironment: o.toolEnvironment,
    project: {
      language: config.language,
      srcDir: config.srcDir,
      testDir: config.testDir,
      sourceExtensions: config.sourceExtensions,
      lineLength: config.lineLength,
      conventions: config.conventions,
    },
  };
}
