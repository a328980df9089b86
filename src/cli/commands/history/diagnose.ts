/** `dgov diagnose`: known failures with what proves them, and the next command for each. */
import { realpathSync } from "node:fs";
import { liveRun, openProjectLog } from "../../../app/open-log.ts";
import { planNameAt } from "../../../app/plan-summary.ts";
import { scanLanded } from "../../../git/landed.ts";
import { headOf, listRefs } from "../../../git/refs.ts";
import {
  findRepository,
  prefixOf,
  projectDirOf,
  type Repository,
} from "../../../git/repository.ts";
import { ignoredPaths } from "../../../git/working-tree.ts";
import { ledgerFile, openLedger } from "../../../ledger/file.ts";
import type { EventLog } from "../../../log/event-log.ts";
import { listPlans, resolvePlan } from "../../../plan/locate.ts";
import {
  type DiagnoseFacts,
  type Diagnosis,
  diagnose,
  landedKey,
} from "../../../views/diagnose.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { renderFindings } from "../../render/findings.ts";

/** Runs that are looked back on. */
const runsMax = 200;

export default command({
  name: "diagnose",
  description: "Name known failures and the next command for each",
  args: {
    plan: { type: "string", valueHint: "PLAN", description: "Only what concerns this plan" },
  },
  examples: ["dgov diagnose", "dgov diagnose --plan my-plan", "dgov diagnose --json"],
  async run(context, args) {
    using seen = openProjectLog(requireProject(context));
    const { projectRoot, log } = seen;
    const plan =
      args.plan === undefined ? null : planNameAt(await resolvePlan(projectRoot, args.plan));
    const findings = (await lookAt(projectRoot, log)).filter(
      (finding) => plan === null || finding.plan === plan,
    );
    answerView(context.output, "dgov.diagnose/1", { findings }, renderFindings(findings));
    return findings.length === 0 ? 0 : 1;
  },
});

async function lookAt(projectRoot: string, log: EventLog | null): Promise<Diagnosis[]> {
  const repository = await findRepository(projectRoot);
  const runs = log?.runs({ limit: runsMax }) ?? [];
  const live = listPlans(projectRoot).filter(({ archived }) => !archived);
  const facts: DiagnoseFacts = {
    runs: runs.map(({ run }) => log?.lifecycle({ run }) ?? []),
    liveRun: liveRun(projectRoot)?.run ?? null,
    plans: new Set(live.map(planNameAt)),
    landed: new Set(),
    brokenLedger: openLedger(projectRoot).broken.map(
      ({ line, problem }) => `${ledgerFile}:${line}: ${problem}`,
    ),
    keepRefs: new Set(),
    ignoredHistory: [],
    unignoredState: [],
  };
  if (repository === null) return diagnose(facts);
  Object.assign(facts, await ignoreFacts(repository, projectRoot));
  const kept = await listRefs(repository, "refs/dgov/keep");
  facts.keepRefs = new Set(kept.map(({ ref }) => ref));
  const findings = diagnose(facts);
  // Only when something is said to have failed is git asked whether it has landed all the same.
  const plans = new Set(findings.flatMap(({ plan, unit }) => (plan && unit ? [plan] : [])));
  if (plans.size === 0) return findings;
  return diagnose({ ...facts, landed: await landedUnits(repository, plans) });
}

/** What must be tracked, unless the project keeps all of `.dgov` to itself; and what must not. */
const history = [
  ".dgov/plans/plan/_root.toml",
  ".dgov/plans/archive/plan/_root.toml",
  ".dgov/plans/deployed.jsonl",
  ledgerFile,
];
const state = [".dgov/state.db", ".dgov/runtime/x", ".dgov/out/x"];

async function ignoreFacts(
  repository: Repository,
  projectRoot: string,
): Promise<Pick<DiagnoseFacts, "ignoredHistory" | "unignoredState">> {
  const prefix = prefixOf(projectDirOf(repository, realpathSync(projectRoot)));
  const inRepository = (path: string): string => prefix + path;
  const config = ".dgov/project.toml";
  const asked = [config, ...history, ...state].map(inRepository);
  const ignored = await ignoredPaths(repository, asked);
  const isIgnored = (path: string): boolean => ignored.has(inRepository(path));
  if (isIgnored(config)) return { ignoredHistory: [], unignoredState: [] };
  return {
    ignoredHistory: history.filter(isIgnored),
    unignoredState: state.filter((path) => !isIgnored(path)),
  };
}

async function landedUnits(
  repository: Repository,
  plans: ReadonlySet<string>,
): Promise<Set<string>> {
  const { commit: tip } = await headOf(repository);
  const found = new Set<string>();
  if (tip === null) return found;
  for (const plan of plans) {
    const landed = await scanLanded(repository, { tip, plan });
    for (const { unit, digest } of landed) found.add(landedKey({ plan, unit, digest }));
  }
  return found;
}
