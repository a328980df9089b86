/**
 * Trees that the gates of an earlier run passed, so that the same tree is not judged again as the base of the next run:
 * dgov's own commit at the end of a run changes only its own files.
 *
 * An entry saves the check of the base, which finds gates that cannot run or fail before any change. It lands nothing:
 * every candidate has a verdict of its own. Entries are sealed, and believed only where workers cannot read the key.
 */
import { ownFolders } from "../claims/reserved.ts";
import { asksForHistory } from "../config/gate-history.ts";
import { treeOfCommit } from "../git/commit.ts";
import type { Oid } from "../git/objects.ts";
import { listTree } from "../git/trees.ts";
import { canonicalJson, sha256 } from "../std/digest.ts";
import { mayTrustSealed, type SettlementContext } from "./context.ts";
import { noteSummarized, summarizedCommands } from "./gates/base-comparison.ts";
import { configuredGates } from "./gates/run-gates.ts";
import { footingOf } from "./trees/layers/footing.ts";
import { type GateVerdict, type JudgedTree, verdictOf } from "./verdict.ts";

/** The run that judged the tree of a commit with the same gates, environment and dependencies; null when there is none. */
export async function findJudged(c: SettlementContext, commit: Oid): Promise<JudgedTree | null> {
  if (!(await mayTrustSealed(c))) return null;
  const key = await judgedKey(c, commit);
  const found = key === null ? undefined : c.judged.get(key);
  if (found === undefined || !(await hasLayer(c, commit))) return null;
  noteSummarized(c, found.summarized);
  return found;
}

/** Records that the gates passed on the tree of a commit. Nothing is recorded when one did not, or passed only at its second try. */
export async function recordJudged(
  c: SettlementContext,
  o: { commit: Oid; run: string; verdicts: readonly GateVerdict[] },
): Promise<void> {
  const { commit, run, verdicts } = o;
  const isPass = ({ status }: GateVerdict): boolean =>
    status === "passed" || status === "not_applicable";
  if (!(await mayTrustSealed(c)) || !verdicts.every(isPass)) return;
  const key = await judgedKey(c, commit);
  if (key === null) return;
  const gates = verdicts.flatMap(({ gate, status, command }) =>
    status === "passed" ? [{ gate, command }] : [],
  );
  c.judged.put([[key, { run, gates, summarized: summarizedCommands(c) }]]);
}

/** The verdicts of a judged tree. */
export function verdictsOf({ gates }: JudgedTree): GateVerdict[] {
  return gates.map(({ gate, command }) => verdictOf(gate, { command, cached: true }));
}

/**
 * A digest of everything that the verdicts on a commit depend on: its files without dgov's own, configuration, sandbox,
 * environment, programs and dependencies. Null when a gate sees the history, which the commit of dgov's files changes.
 */
async function judgedKey(c: SettlementContext, commit: Oid): Promise<string | null> {
  const { config } = c;
  const gates = configuredGates(config, null);
  const commands = gates.map((gate) => ({
    gate: gate.name,
    templates: gate.reads === "gate_tree" ? gate.templates(config, null) : [],
  }));
  if (commands.some(({ gate, templates }) => asksForHistory(config, gate, templates))) return null;
  const own = ownFolders.map((folder) => c.projectPrefix + folder);
  const entries = await listTree(c.repository, await treeOfCommit(c.repository, commit));
  const files = entries.filter(({ path }) => !own.some((folder) => path.startsWith(folder)));
  const tree = sha256(files.map(({ mode, oid, path }) => `${mode} ${oid} ${path}\0`).join(""));
  const setup = config.worktree.setup ?? "";
  return sha256(
    canonicalJson({
      config,
      level: (await c.sandbox()).level,
      dependencies: c.dependencies.digest(),
      gates: [{ gate: "setup", templates: [setup] }, ...commands].map(({ gate, templates }) =>
        c.cache.digest({ tree, base: tree, gate, command: templates.join("\n") }),
      ),
    }),
  );
}

/** False when trees are mounted on layers and the check of this base would build the first one. */
async function hasLayer(c: SettlementContext, commit: Oid): Promise<boolean> {
  const ground = await c.ground();
  if (ground === null) return true;
  const tree = await treeOfCommit(c.repository, commit);
  return (await footingOf(c, ground, { tree, builds: false, cold: false })) !== null;
}
