/**
 * Checkout of HEAD in which a planner explores the project, outside the repository.
 *
 *     <root>/<repository id>/planner/<process id>-<commit>-<random>/{tree,meta}
 *
 * Removed when it is closed. Checkouts of killed processes are removed by the next planner and `dgov clean`.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { childVariables } from "../config/execution-policy.ts";
import { DgovError } from "../error.ts";
import { removeOwnFolder } from "../git/own-folder.ts";
import { userFilters } from "../git/private-dir.ts";
import { headOf } from "../git/refs.ts";
import { projectDirOf, type Repository } from "../git/repository.ts";
import { removeWorktree } from "../git/worktrees/keep.ts";
import { createWorktree } from "../git/worktrees/worktree.ts";
import { childEnvironment } from "../process/environment.ts";
import { makeUndumpable } from "../process/libc.ts";
import { ownCommand } from "../process/own-command.ts";
import { projectRequest, runWorker, type WorkerEnd } from "../runner/attempt/worker.ts";
import { cleanPlanners, plannerFolder } from "../runner/operator/clean.ts";
import { runPaths } from "../runner/paths.ts";
import type { ModelAccess } from "../runner/preconditions.ts";
import { applyRequestMessage, type RateLimiter } from "../runner/rate-limiter.ts";
import type { WorkerMessage } from "../worker/protocol.ts";

/** Milliseconds that one round may take. */
const roundTimeoutMs = 900_000;

export interface PlannerWorkspaceRequest {
  repository: Repository;
  projectRoot: string;
  config: Config;
  model: ModelAccess;
  env: Record<string, string | undefined>;
  /** Rate limiter of the planner's requests. */
  permits: RateLimiter;
  /** Aborted when the operator interrupts the command. */
  signal: AbortSignal;
  /** Called with each message of the planner, e.g. thoughts and tool calls. */
  onMessage(message: WorkerMessage): void;
}

export interface PlannerWorkspace {
  /** Starts a planner with one message and waits for its end. */
  explore(prompt: string, round: number): Promise<WorkerEnd>;
  /** Removes the checkout. */
  close(): Promise<void>;
}

/** Creates the checkout. Throws ENVIRONMENT when the repository has no commit. */
export async function openPlannerWorkspace(o: PlannerWorkspaceRequest): Promise<PlannerWorkspace> {
  // The environment of this process contains the key.
  makeUndumpable();
  const { repository, config } = o;
  const { commit: base } = await headOf(repository);
  if (base === null) {
    throw new DgovError("ENVIRONMENT", "the repository has no commit for the planner to explore", {
      hint: "git add -A && git commit",
    });
  }
  const configured = config.worktree.root;
  const paths = runPaths({ repositoryId: repository.id, configured, env: o.env });
  await cleanPlanners({ repository, paths, dry: false });
  const id = `${process.pid}-${base}-${randomBytes(4).toString("hex")}`;
  const at = join(plannerFolder(paths), id);
  mkdirSync(at, { recursive: true });
  const tree = await createWorktree(repository, {
    path: join(at, "tree"),
    meta: join(at, "meta"),
    base,
    identity: null,
    filters: await userFilters(repository),
  });
  const variables = childVariables(config);
  const toolEnvironment = childEnvironment(o.env, variables);
  return {
    async explore(prompt, round) {
      const marker = `planner/${id}/${round}`;
      const holder = { provider: o.model.provider.name, holder: marker };
      const end = await runWorker({
        request: {
          ...projectRequest(
            { config, toolEnvironment, operatorPaths: [repository.topLevel] },
            o.model,
          ),
          schema: "dgov.worker-request/1",
          role: "planner",
          run: "planner",
          plan: "",
          unit: "planner",
          summary: "",
          attempt: round,
          fork: 0,
          marker,
          worktree: tree.path,
          confine: null,
          projectDir: projectDirOf(repository, o.projectRoot),
          base,
          prompt,
          offersDone: false,
          claims: { create: [], edit: [], delete: [], touch: [], read: [] },
        },
        command: [...ownCommand(), "worker"],
        environment: childEnvironment(o.env, { deny: variables.deny, proxies: true }),
        timeoutMs: roundTimeoutMs,
        signal: o.signal,
        onStart: () => {},
        onMessage(message, reply) {
          applyRequestMessage(o.permits, holder, message, reply);
          if (message.type !== "permit.requested") o.onMessage(message);
        },
      });
      o.permits.release(holder.provider, marker);
      return end;
    },
    async close() {
      await removeWorktree(repository, tree, {});
      removeOwnFolder(at);
    },
  };
}
