/**
 * `dgov land`: lands the content of a taken worktree, or else the kept work, through review, gates and merge train. With `--accept`, a person
 * says that a finding of the semantic gate does not reject this work; with `--claim`, that it may change more paths.
 */
import { type KeptAttempt, resolveKeptAttempt } from "../../../app/resolve-kept-attempt.ts";
import { reservedReason } from "../../../claims/reserved.ts";
import type { Config } from "../../../config/config.ts";
import { DgovError } from "../../../error.ts";
import { resolvePlan } from "../../../plan/locate.ts";
import type { EarlierWork } from "../../../runner/attempt/state.ts";
import type { UnitHistory } from "../../../runner/history/runs.ts";
import {
  isSameWork,
  isTaken,
  keptWork,
  snapshotTakeover,
} from "../../../runner/operator/takeover.ts";
import { indented } from "../../../std/text.ts";
import {
  findingText,
  type SemanticFindingView,
  viewRejectingFindings,
} from "../../../views/semantic-notes.ts";
import { type Context, command } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { confirm } from "../../prompt.ts";
import { claimOf } from "./fix.ts";
import { allowDirtyFlag, runPlan } from "./run.ts";

export default command({
  name: "land",
  description: "Land a taken attempt, or kept work as it is, through the gates",
  args: {
    unit: {
      type: "positional",
      required: true,
      valueHint: "U",
      description: "Unit id, or a unique end of one",
    },
    plan: { type: "string", valueHint: "PLAN", description: "Plan of the unit" },
    accept: {
      type: "string",
      repeated: true,
      valueHint: "FINDING",
      description: "Land although the semantic gate found this; lands the rejected work",
    },
    claim: {
      type: "string",
      repeated: true,
      valueHint: "FILE",
      description: "Let the work change this path too, for this landing",
    },
    allowDirty: allowDirtyFlag,
    yes: { type: "boolean", alias: "y", description: "Answer yes to every question" },
    verbose: { type: "boolean", alias: "v", description: "Show durations and attempts at the end" },
  },
  examples: [
    "dgov land add-feature",
    "dgov land tasks/main.add-feature --plan my-plan",
    "dgov land add-feature --accept 3fa94c01d2be",
    "dgov land add-feature --claim src/extra.ts",
  ],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const kept = await resolveKeptAttempt({
      projectRoot,
      env: context.env,
      unit: args.unit,
      plan: args.plan,
    });
    const { unit } = kept.entry;
    requirePerson(context, [...(args.accept ?? []), ...(args.claim ?? [])]);
    const accept = acceptable(kept.entry, args.accept ?? []);
    const claims = claimable(context, { projectRoot, config: kept.config }, args.claim ?? []);
    // Work that was not taken lands as it is.
    const taken = !isTaken({ ...kept, unit })
      ? null
      : await snapshotTakeover({
          ...kept,
          unit,
          now: new Date().toISOString(),
          bytesMax: kept.config.worktree.keepMibMax * 1024 * 1024,
        });
    if (accept.length > 0 && taken !== null) await requireUnchanged(kept, taken);
    const work = taken ?? keptWork(kept.entry);
    await confirmed(context, { unit, accept, claims, yes: args.yes === true });
    const code = await runPlan(context, {
      projectRoot,
      location: await resolvePlan(projectRoot, kept.plan),
      only: [unit],
      mode: "continue",
      target: kept.target,
      allowDirty: args.allowDirty === true,
      yes: args.yes === true,
      verbose: args.verbose === true,
      takenOver: new Map([[unit, { ...work, accepted: accept, claims }]]),
    });
    if (code === 0) await taken?.close();
    return code;
  },
});

/** Throws REFUSED for decisions that a process of an attempt takes. */
function requirePerson(context: Context, decisions: readonly string[]): void {
  if (decisions.length === 0 || context.env["DGOV_ATTEMPT"] === undefined) return;
  throw new DgovError(
    "REFUSED",
    "a process of an attempt cannot accept a finding or widen claims",
    {
      hint: "a person runs dgov land outside of any worker or gate",
    },
  );
}

/** The claims that were typed, relative to the project. Throws USAGE for a bad path, REFUSED for a reserved one. */
function claimable(
  context: Context,
  { projectRoot, config }: { projectRoot: string; config: Config },
  typed: readonly string[],
): string[] {
  const claims = [...new Set(typed.map((path) => claimOf(path, context.cwd, projectRoot)))];
  for (const claim of claims) {
    const reason = reservedReason(claim, {
      gitControlAllowed: config.scope.allowGitControl,
      exactClaims: new Set([claim]),
    });
    if (reason === null) continue;
    throw new DgovError("REFUSED", `${claim} is reserved: ${reason}`, {
      hint: "edit the file yourself and commit",
    });
  }
  return claims;
}

/** Every finding of the rejected work with one of these fingerprints. Throws NOT_FOUND. */
function acceptable(
  { unit, semantic }: UnitHistory,
  fingerprints: readonly string[],
): SemanticFindingView[] {
  if (fingerprints.length === 0) return [];
  const findings = viewRejectingFindings({ diagnostics: semantic });
  const known = findings.map(lineOf).join("\n");
  for (const name of fingerprints) {
    if (findings.some(({ fingerprint }) => fingerprint === name)) continue;
    throw new DgovError("NOT_FOUND", `the semantic gate did not reject ${unit} for ${name}`, {
      hint: known === "" ? "dgov plan review shows why it was rejected" : `it has found:\n${known}`,
    });
  }
  return findings.filter(({ fingerprint }) => fingerprints.includes(fingerprint));
}

/** Throws REFUSED when the taken worktree is not the work that was rejected: its findings may be others. */
async function requireUnchanged(
  { repository, entry }: KeptAttempt,
  taken: EarlierWork,
): Promise<void> {
  if (await isSameWork(repository, taken, keptWork(entry))) return;
  throw new DgovError(
    "REFUSED",
    `the worktree of ${entry.unit} is not the work that was rejected`,
    {
      hint: `dgov land ${entry.unit} judges it as it is; accept what is found then`,
    },
  );
}

/** Asks a person about accepted findings and added claims. Throws REFUSED without a yes. */
async function confirmed(
  context: Context,
  o: { unit: string; accept: SemanticFindingView[]; claims: string[]; yes: boolean },
): Promise<void> {
  const { unit, accept, claims } = o;
  if (o.yes || accept.length + claims.length === 0) return;
  const list = (lines: string[]): string => indented(lines.join("\n"), "  ");
  const parts = [
    ...(accept.length === 0
      ? []
      : [`The semantic gate rejected ${unit}:\n${list(accept.map(lineOf))}`]),
    ...(claims.length === 0 ? [] : [`${unit} does not claim these paths:\n${list(claims)}`]),
  ];
  const text = `${parts.join("\n")}\nLand it all the same?`;
  if (context.interactive && (await confirm(text))) return;
  const what = accept.length > 0 ? "a finding is accepted" : "claims are widened";
  throw new DgovError("REFUSED", `${what} only by a person`, {
    hint: "answer yes on a terminal, or add -y",
  });
}

function lineOf(finding: SemanticFindingView): string {
  return `${finding.fingerprint}  ${findingText(finding)}`;
}
