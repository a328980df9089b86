/** Settlement for commands that measure or judge without a run. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError } from "../error.ts";
import type { Oid } from "../git/objects.ts";
import { userFilters } from "../git/private-dir.ts";
import { headOf } from "../git/refs.ts";
import { configuredIdentity, openRepository } from "../git/repository.ts";
import { runPaths } from "../runner/paths.ts";
import { openSettlement, type SettlementContext } from "../settlement/context.ts";

export interface AdHocRequest {
  projectRoot: string;
  env: Record<string, string | undefined>;
  /** Name of the command, for messages and the temporary folder. */
  name: string;
  status(text: string): void;
  signal: AbortSignal;
}

export interface AdHocSettlement {
  c: SettlementContext;
  config: Config;
  /** The commit checked out. */
  head: Oid;
}

/**
 * Opens a settlement on the project for the time of `use`, with gate trees and caches in a temporary
 * folder. Throws TARGET_MISSING when the repository has no commit.
 */
export async function withSettlement<T>(
  { projectRoot, env, name, status, signal }: AdHocRequest,
  use: (settlement: AdHocSettlement) => Promise<T>,
): Promise<T> {
  const config = requireConfig(projectRoot);
  const repository = await openRepository(projectRoot);
  const head = await headOf(repository);
  if (head.commit === null) {
    throw new DgovError("TARGET_MISSING", "the repository has no commits yet", {
      hint: `commit once, then run dgov ${name}`,
    });
  }
  await userFilters(repository);
  const scratch = mkdtempSync(join(realpathSync(tmpdir()), `dgov-${name}-`));
  try {
    const c = openSettlement({
      repository,
      projectRoot,
      config,
      env,
      identity: (await configuredIdentity(repository)) ?? { name: "dgov", email: "dgov@localhost" },
      target: head.kind === "branch" ? head.branch : null,
      slotsRoot: join(scratch, "slots"),
      layersRoot: runPaths({ repositoryId: repository.id, configured: config.worktree.root, env })
        .layers,
      buildsLayers: false,
      signal,
      report(...progress) {
        for (const { kind, gate } of progress) if (kind === "started") status(`${gate} ...`);
      },
      putOutput: () => "",
    });
    return await use({ c, config, head: head.commit });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
