/** The first request of a unit's worker, as far as it is known before a run. */
import type { Config } from "../config/config.ts";
import { resolveModel } from "../config/providers.ts";
import { branchTip, headOf } from "../git/refs.ts";
import { findRepository, prefixOf, projectDirOf } from "../git/repository.ts";
import { listTree, readObjects } from "../git/trees.ts";
import { openLedger } from "../ledger/file.ts";
import { wireMessage, wireTool } from "../model/wire.ts";
import { type CompiledPlan, type CompiledTask, renderPrompt } from "../plan/compiled.ts";
import {
  assemblePrompt,
  entriesFor,
  firstAttempt,
  ledgerSection,
} from "../runner/attempt/prompt.ts";
import { conversationRequest } from "../runner/attempt/worker.ts";
import { listed } from "../std/text.ts";
import { requestTokens } from "../worker/history.ts";
import { openingOf } from "../worker/opening.ts";
import type { ProjectFiles } from "../worker/tools/repo-map.ts";

/** A part of a request. */
interface RequestPart {
  name: string;
  bytes: number;
}

export interface FirstRequest {
  /** Null when no model is configured. */
  model: string | null;
  system: string;
  prompt: string;
  /** Messages and tools in the wire format. */
  messages: Record<string, unknown>[];
  tools: Record<string, unknown>[];
  systemParts: RequestPart[];
  promptParts: RequestPart[];
  toolParts: RequestPart[];
  /** Tokens of the request, at four characters a token. */
  estimatedTokens: number;
  /** Texts that a run adds to the user message. */
  added: string[];
}

/** The first request for a task, made from the commit that a run would start from. */
export async function firstRequest(o: {
  projectRoot: string;
  config: Config;
  plan: CompiledPlan;
  task: CompiledTask;
}): Promise<FirstRequest> {
  const { projectRoot, config, plan, task } = o;
  const ledger = entriesFor(openLedger(projectRoot).entries, task);
  const prompt = assemblePrompt(firstAttempt({ plan, task, ledger }));
  const request = conversationRequest(config, { task, attempt: 1, fork: 0, prompt });
  const opening = await openingOf(request, await committedFiles(projectRoot, config));
  const { system, definitions } = opening;
  const messages = [
    { role: "system" as const, content: system },
    { role: "user" as const, content: prompt },
  ];
  const resolved = resolveModel(config, plan, task);
  const ledgerPart = ledger.length === 0 ? [] : [{ name: "ledger", text: ledgerSection(ledger) }];
  return {
    model: resolved.ok ? resolved.value.model : null,
    system,
    prompt,
    messages: messages.map(wireMessage),
    tools: definitions.map(wireTool),
    systemParts: opening.repoMap === "" ? [] : [partOf("repository map", opening.repoMap)],
    promptParts: [...renderPrompt(plan, task).parts, ...ledgerPart].map(({ name, text }) =>
      partOf(name, text),
    ),
    toolParts: definitions.map((tool) => partOf(tool.name, JSON.stringify(wireTool(tool)))),
    estimatedTokens: requestTokens(messages, definitions),
    added: addedByRun(plan, task),
  };
}

function partOf(name: string, text: string): RequestPart {
  return { name, bytes: Buffer.byteLength(text) };
}

/** Names at most of units in a text. */
const unitsNamedMax = 5;

function addedByRun(plan: CompiledPlan, task: CompiledTask): string[] {
  const readOnly = plan.tasks.filter(
    ({ id, role }) => role !== "worker" && task.dependsOn.includes(id),
  );
  const landing = task.role === "worker" ? [] : task.dependsOn;
  return [
    ...(readOnly.length === 0
      ? []
      : [
          `results of ${listed(
            readOnly.map(({ id }) => id),
            unitsNamedMax,
          )}`,
        ]),
    ...(landing.length === 0 ? [] : [`changes landed by ${listed(landing, unitsNamedMax)}`]),
    "gates that fail on the base",
    "notes (`dgov run --note`)",
  ];
}

/** The files of the commit that a run would start from; none without a repository or a commit. */
async function committedFiles(projectRoot: string, config: Config): Promise<ProjectFiles> {
  const repository = await findRepository(projectRoot);
  const { target } = config.run;
  const branch = target?.replace(/^refs\/heads\//, "") ?? null;
  const tip = repository === null || branch === null ? null : await branchTip(repository, branch);
  const commit = tip ?? (repository === null ? null : (await headOf(repository)).commit);
  if (repository === null || commit === null) return { paths: [], read: async () => [] };
  const prefix = prefixOf(projectDirOf(repository, projectRoot));
  const entries = new Map(
    (await listTree(repository, commit))
      .filter(({ path }) => path.startsWith(prefix))
      .map(({ path, mode, oid }) => [path.slice(prefix.length), { mode, oid }]),
  );
  return {
    paths: [...entries.keys()],
    async read(paths) {
      const found = paths.map((path) => entries.get(path));
      const regular = found.filter((entry) => entry?.mode.startsWith("100") === true);
      const ids = regular.flatMap((entry) => entry?.oid ?? []);
      const objects = await readObjects(repository, ids);
      const texts = new Map(ids.map((id, i) => [id, textOf(objects[i]?.bytes ?? null)]));
      return found.map((entry) => texts.get(entry?.oid ?? "") ?? null);
    },
  };
}

/** The text of a file as tools read it; null when it is not UTF-8 or is binary. */
function textOf(bytes: Uint8Array | null): string | null {
  if (bytes === null || bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
