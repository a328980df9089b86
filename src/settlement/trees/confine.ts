/** The confinement of a command in a worktree or a gate tree. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { GateAccess } from "../../config/gates.ts";
import type { Repository } from "../../git/repository.ts";
import { gitPlacesOf } from "../../git/worktrees/submodules.ts";
import type { Worktree } from "../../git/worktrees/worktree-files.ts";
import type { Confine } from "../../process/confine.ts";
import { portsPerSlot } from "../../process/machine-slots.ts";
import {
  confinement,
  insidePaths,
  landlockVariables,
  type Sandbox,
} from "../../sandbox/sandbox.ts";
import type { SettlementContext } from "../context.ts";
import { environmentIn, type TreePlaces } from "./environment.ts";
import type { MountedRoot } from "./layers/ground.ts";

/** A tree in which commands run. */
export interface CommandTree {
  /** The tree's root. */
  root: string;
  /** Where the tree is mounted; `root` then only tells it apart. */
  mounted?: MountedRoot;
  /** The git dirs that `.git` files in the tree name. */
  gitDirs: readonly string[];
  /** The repositories of their objects; default the project's. */
  repositories?: readonly Repository[];
  /** Folder for temporary files, outside the tree; without it the operator's. */
  temporary?: string;
  /** Folder that confined commands see as /tmp where `temporary` is missing; without it they get an empty one. */
  scratch?: string;
}

export interface ConfinedPlace extends TreePlaces {
  confine: Confine | undefined;
  /** The folder in which the command starts, for commands that are not confined. */
  cwd: string;
  env: Record<string, string>;
}

/** The place of one command in the project's folder of a tree. */
export async function placeIn(
  c: SettlementContext,
  tree: CommandTree,
  access: GateAccess,
): Promise<ConfinedPlace> {
  const { root, temporary, mounted } = tree;
  const sandbox = await c.sandbox();
  const confined = isConfined(sandbox, tree, access);
  const scratch = temporary ?? (confined ? tree.scratch : undefined);
  const inside = await insideOf(c, tree, access);
  if (scratch !== undefined) mkdirSync(scratch, { recursive: true });
  const repositories = tree.repositories ?? [c.repository];
  const places = { root, temporary, inside };
  const own = confined && scratch !== undefined ? landlockVariables(sandbox, scratch) : {};
  const env = { ...environmentIn(c, places), ...own };
  const port = Number(env["DGOV_PORT_BASE"]);
  const confine = confined
    ? confinement(sandbox, {
        root: mounted?.path ?? root,
        holder: mounted?.holder ?? null,
        mounts: [
          ...(mounted?.mounts ?? []),
          ...tree.gitDirs.map((path) => ({ from: path, at: path, write: true })),
        ],
        cwd: c.projectDir,
        gitDir: null,
        objects: repositories
          .flatMap(({ commonDir }) => [join(commonDir, "objects"), join(commonDir, "lfs")])
          .filter((path) => existsSync(path)),
        temporary: scratch ?? null,
        ports: Number.isNaN(port) ? [] : Array.from({ length: portsPerSlot }, (_, n) => port + n),
        ...{ network: access.network, sockets: access.sockets, devices: access.devices },
      })
    : undefined;
  return { ...places, confine, cwd: join(root, c.projectDir), env };
}

/** A mounted tree can be seen in its namespace only, so that its commands are confined in any case. */
function isConfined({ host }: Sandbox, { mounted }: CommandTree, access: GateAccess): boolean {
  return host !== null && (access.sandboxed || mounted !== undefined);
}

/** The root of a tree and its folder for temporary files, as a command with this access sees them. */
export async function insideOf(
  c: SettlementContext,
  tree: CommandTree,
  access: GateAccess,
): Promise<TreePlaces["inside"]> {
  const { root, temporary, scratch } = tree;
  const sandbox = await c.sandbox();
  if (!isConfined(sandbox, tree, access)) return { root, temporary };
  return insidePaths(sandbox, { root, temporary: temporary ?? scratch });
}

/** Output with the tree's paths removed, since they differ between runs. */
export function withoutTreePaths(output: string, { root, inside }: TreePlaces): string {
  return [root, inside.root].reduce(
    (text, path) => text.replaceAll(`${path}/`, "").replaceAll(path, "."),
    output,
  );
}

/** The worktree of an attempt. */
export async function attemptTree(c: SettlementContext, t: Worktree): Promise<CommandTree> {
  const mounted = c.warm.get(t.path)?.mounted;
  return {
    root: t.path,
    ...(mounted !== undefined && { mounted }),
    ...(await gitPlacesOf(c.repository, t)),
    scratch: join(t.meta, "tmp"),
  };
}
