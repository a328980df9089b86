/** Settlement for commands that measure or judge without a run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../cli/command.ts";
import { requireProject } from "../cli/project.ts";
import type { Config } from "../config/config.ts";
import type { Oid } from "../git/objects.ts";
import type { SettlementContext } from "../settlement/context.ts";

export interface AdHocSettlement {
  c: SettlementContext;
  config: Config;
  /** The commit checked out. */
  head: Oid;
}

/**
 * Opens a settlement on the project, with gate trees and caches of its own that are gone afterwards.
 * Fails where there is no commit yet. `name` is the command's, for markers and messages.
 */
export async function withSettlement<T>(
  context: Context,
  o: { name: string; signal: AbortSignal },
  use: (ground: AdHocSettlement) => Promise<T>,
): Promise<T> {
  const projectRoot = requireProject(context);
  const { requireConfig } = await import("../config/load.ts");
  const { DgovError } = await import("../error.ts");
  const { configuredIdentity, openRepository } = await import("../git/repository.ts");
  const { userFilters } = await import("../git/private-dir.ts");
  const { headOf } = await import("../git/refs.ts");
  const { openSettlement } = await import("../settlement/context.ts");
  const config = requireConfig(projectRoot);
  const repository = await openRepository(projectRoot);
  const head = await headOf(repository);
  if (head.commit === null) {
    throw new DgovError("TARGET_MISSING", "the repository has no commits yet", {
      hint: `commit once, then run dgov ${o.name}`,
    });
  }
  await userFilters(repository);
  const scratch = mkdtempSync(join(tmpdir(), `dgov-${o.name}-`));
  try {
    const c = openSettlement({
      repository,
      projectRoot,
      config,
      env: context.env,
      identity: (await configuredIdentity(repository)) ?? { name: "dgov", email: "dgov@localhost" },
      slotsRoot: join(scratch, "slots"),
      scratch,
      signal: o.signal,
      report(...progress) {
        for (const { kind, gate } of progress) {
          if (kind === "started") context.output.status(`${gate} ...`);
        }
      },
      putOutput: () => "",
    });
    return await use({ c, config, head: head.commit });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
