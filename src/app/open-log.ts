/**
 * What the commands that look have in common: the log opened without a trace, the run that is
 * alive, and answers made of views. Loads nothing heavy: `status` must start at once.
 */
import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Context } from "../cli/command.ts";
import type { Output } from "../cli/output.ts";
import { requireProject } from "../cli/project.ts";
import { type EventLog, openEventLogForReading } from "../log/event-log.ts";
import { lockHolder } from "../process/lock.ts";
import { type RunView, viewRun } from "../views/run-view.ts";
import type { LiveRun } from "../views/status.ts";

export interface ProjectLog {
  projectRoot: string;
  /** Null when nothing has run here yet. */
  log: EventLog | null;
  [Symbol.dispose](): void;
}

/** Opens the log of the project the command stands in. Creates nothing. */
export function openProjectLog(context: Context): ProjectLog {
  const projectRoot = requireProject(context);
  const log = openEventLogForReading(projectRoot);
  return { projectRoot, log, [Symbol.dispose]: () => log?.[Symbol.dispose]() };
}

/** The run that holds the repository's lock, or null. */
export function liveRun(projectRoot: string): LiveRun | null {
  const commonDir = commonGitDir(projectRoot);
  return commonDir === null ? null : lockHolder(commonDir);
}

/** Git's common directory of the repository around a folder, found without starting git. */
export function commonGitDir(folder: string): string | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const dotGit = join(at, ".git");
    const found = statSync(dotGit, { throwIfNoEntry: false });
    if (found?.isDirectory()) return dotGit;
    if (found?.isFile()) return linkedCommonDir(at, dotGit);
    if (dirname(at) === at) return null;
  }
}

/** `.git` of a linked worktree or submodule names its git dir; `commondir` there names the shared one. */
function linkedCommonDir(folder: string, dotGit: string): string | null {
  try {
    const named = /^gitdir: (.+)$/m.exec(readFileSync(dotGit, "utf8"))?.[1];
    if (named === undefined) return null;
    const gitDir = resolve(folder, named);
    try {
      return resolve(gitDir, readFileSync(join(gitDir, "commondir"), "utf8").trim());
    } catch {
      return gitDir;
    }
  } catch {
    return null;
  }
}

/** The view of one run; null when the log does not hold it. */
export function readRun(log: EventLog, run: string): RunView | null {
  return viewRun(log.lifecycle({ run }));
}

/** A run for lists: where its units stand, without their attempts' details. */
export function readOverview(log: EventLog, run: string): RunView | null {
  return viewRun(log.overview(run));
}

/** Keys of a view in snake_case, at every depth. Views hold lists, never maps keyed by names. */
export function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(inner),
    ]),
  );
}

/** Answers with a view: the document is the view, the text was rendered from it. */
export function answerView(output: Output, schema: string, view: object, text: string): void {
  output.answer({ schema, ...(snakeCase(view) as Record<string, unknown>) }, text);
}
