/** Resolves plans and units from what the user types: names, paths and unique suffixes. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { ownRoot } from "../config/find.ts";
import { parseToml } from "../config/toml.ts";
import { DgovError } from "../error.ts";
import { sortedBy } from "../std/order.ts";
import { didYouMean, suggest } from "../std/suggest.ts";
import { listed } from "../std/text.ts";
import { archiveName } from "./names.ts";

export interface PlanLocation {
  /** Absolute path of the folder that holds `_root.toml`. */
  dir: string;
  /** Name of the folder. */
  name: string;
  archived: boolean;
  kind: "plan" | "fix";
}

const plansDir = ".dgov/plans";
const fixPlansDir = ".dgov/runtime/fix-plans";

/** The folder of the plans of a kind among dgov's own files. Archived plans are in its subfolder `archive`. */
export function plansFolder(kind: PlanLocation["kind"]): string {
  return kind === "fix" ? fixPlansDir : plansDir;
}

/** Every plan of a project: live ones first, then archived ones, each sorted by name. */
export function listPlans(projectRoot: string): PlanLocation[] {
  const root = ownRoot(projectRoot);
  return [
    ...plansIn(join(root, plansDir), { archived: false, kind: "plan" }),
    ...plansIn(join(root, fixPlansDir), { archived: false, kind: "fix" }),
    ...plansIn(join(root, plansDir, archiveName), { archived: true, kind: "plan" }),
    ...plansIn(join(root, fixPlansDir, archiveName), { archived: true, kind: "fix" }),
  ];
}

function plansIn(folder: string, of: Pick<PlanLocation, "archived" | "kind">): PlanLocation[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  const plans: PlanLocation[] = [];
  for (const name of sortedBy(readdirSync(folder), (one) => one)) {
    // The Python program archives a plan whose name is taken into the folder that has the name.
    for (let dir = join(folder, name); existsSync(join(dir, "_root.toml")); dir = join(dir, name)) {
      plans.push({ dir, name, ...of });
      if (!of.archived) break;
    }
  }
  return plans;
}

/**
 * The plan with a name or at a path; for an archived plan also its path before archiving. Without a name, the
 * only live plan of `.dgov/plans/`; fix plans are found by name only. Throws NOT_FOUND with a suggestion for
 * an unknown plan, USAGE for a path outside the project or when there is not exactly one live plan.
 */
export async function resolvePlan(
  projectRoot: string,
  typed: string | undefined,
): Promise<PlanLocation> {
  const plans = listPlans(projectRoot);
  if (typed === undefined) return onlyLivePlan(plans);
  const byName =
    plans.find((plan) => plan.name === typed) ?? plans.find((plan) => declaredName(plan) === typed);
  if (byName !== undefined) return byName;
  const path = isAbsolute(typed) ? typed : resolve(typed);
  const roots = [projectRoot, ownRoot(projectRoot)];
  const candidates = [path, ...roots.map((root) => resolve(root, typed))].map((p) =>
    p.replace(/\/+$/, ""),
  );
  for (const dir of candidates) {
    const found = plans.find((plan) => plan.dir === dir);
    if (found !== undefined) return found;
  }
  for (const dir of candidates) {
    if (!existsSync(join(dir, "_root.toml")) || !statSync(dir).isDirectory()) continue;
    const inside = roots.map((root) => relative(root, dir)).find(isBelow);
    if (inside === undefined) {
      throw new DgovError("USAGE", `the plan ${typed} is outside the project`);
    }
    return {
      dir,
      name: basename(dir),
      archived: inside.includes(`${sep}${archiveName}${sep}`),
      kind: "plan",
    };
  }
  const archived = plans.find((plan) => plan.archived && plan.name === basename(path));
  if (archived !== undefined && dirname(path).endsWith("plans")) return archived;
  const near = suggest(
    typed,
    plans.map((plan) => plan.name),
  );
  throw new DgovError("NOT_FOUND", `no plan ${typed}`, {
    hint: didYouMean(near, "list all plans with dgov plan list --all"),
  });
}

/** True for a relative path that does not lead upwards. */
function isBelow(path: string): boolean {
  return path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** `[plan] name` of `_root.toml`; null when it is missing, empty or unreadable. */
export function declaredName({ dir }: PlanLocation): string | null {
  let text: string;
  try {
    text = readFileSync(join(dir, "_root.toml"), "utf8");
  } catch {
    return null;
  }
  const parsed = parseToml(text);
  const plan = parsed.ok ? parsed.value["plan"] : undefined;
  const name = typeof plan === "object" && plan !== null && "name" in plan ? plan.name : null;
  return typeof name === "string" && name !== "" ? name : null;
}

function onlyLivePlan(plans: PlanLocation[]): PlanLocation {
  const live = plans.filter((plan) => !plan.archived && plan.kind === "plan");
  const [first, second] = live;
  if (first !== undefined && second === undefined) return first;
  if (first === undefined) {
    const hint = "create one with dgov init-plan NAME";
    throw new DgovError("USAGE", "there is no live plan", { hint });
  }
  const names = live.map(({ name }) => name).join(", ");
  throw new DgovError("USAGE", `there are several live plans: ${names}`, { hint: "name one" });
}

/**
 * The full unit id for a full id or a unique suffix. Throws USAGE for an ambiguous one, NOT_FOUND for an unknown one;
 * `noun` says which units `ids` are.
 */
export function resolveUnit(ids: readonly string[], typed: string, noun = "unit"): string {
  if (ids.includes(typed)) return typed;
  const matches = ids.filter((id) => id.endsWith(`.${typed}`) || id.endsWith(`/${typed}`));
  const [only, another] = matches;
  if (only !== undefined && another === undefined) return only;
  if (only !== undefined) {
    throw new DgovError("USAGE", `the unit ${typed} is ambiguous: ${matches.join(", ")}`, {
      hint: "give a longer part of the id",
    });
  }
  const keys = ids.map((id) => id.slice(id.lastIndexOf(".") + 1));
  const near = suggest(typed, [...ids, ...keys]);
  throw new DgovError("NOT_FOUND", `no ${noun} ${typed}`, {
    hint: didYouMean(
      near,
      ids.length === 0 ? `there are no ${noun}s` : `${noun}s are ${listed(ids, 5)}`,
    ),
  });
}
