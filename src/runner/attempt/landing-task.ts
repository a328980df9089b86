/**
 * The task, commit message and note under which a unit's work lands.
 *
 * A reviewer with `on_reject = "fix"` lands a fix of what it reviewed, under its own unit.
 */
import type { Config } from "../../config/config.ts";
import type { Claims, CompiledTask } from "../../plan/compiled.ts";
import { present } from "../../std/assert.ts";
import type { RunContext } from "../run-context.ts";
import type { LiveAttempt } from "./state.ts";

type Tasks = ReadonlyMap<string, CompiledTask>;

/** The task of an attempt: its unit's own, or the fix of a reviewer's issues. */
export function attemptTask(context: RunContext, { unit, fixing }: LiveAttempt): CompiledTask {
  return fixing
    ? taskToLand(context, unit)
    : present(context.tasks.get(unit), `${unit} has a task`);
}

/**
 * The task whose work lands under a unit: its own or, for a reviewer, the fix, with the claims, prompts and
 * test commands of the units under review.
 */
export function taskToLand(
  { tasks, config }: { tasks: Tasks; config: Pick<Config, "verify"> },
  unit: string,
): CompiledTask {
  const task = present(tasks.get(unit), `${unit} has a task`);
  return task.role === "reviewer" ? fixTask(tasks, task, config.verify) : task;
}

/** Message of the commit that lands a unit's work, with its trailers unless they are in a note. */
export function commitMessage(context: RunContext, unit: string): string {
  const message = taskToLand(context, unit).commitMessage.trim();
  if (context.config.merge.trailers === "notes") return `${message}\n`;
  return `${message}\n\n${trailersOf(context, unit)}`;
}

/** Note of the commit that lands a unit's work; null when its trailers are in the message. */
export function commitNote(context: RunContext, unit: string): string | null {
  return context.config.merge.trailers === "notes" ? trailersOf(context, unit) : null;
}

/** The trailers by which later runs identify a unit's work. */
function trailersOf(context: RunContext, unit: string): string {
  const own = present(context.tasks.get(unit), `${unit} has a task`);
  const task = taskToLand(context, unit);
  const identity =
    own.role === "reviewer"
      ? unitsUnderReview(context.tasks, own).map(({ id }) => `Dgov-Fixes: ${id}`)
      : [`Dgov-Unit: ${task.id}`, `Dgov-Digest: ${task.digest}`];
  const { accepted = [], claims = [] } = context.takenOver.get(unit) ?? {};
  const trailers = [
    `Dgov-Plan: ${context.plan.name}`,
    ...identity,
    `Dgov-Run: ${context.run}`,
    ...accepted.map(({ kind, fingerprint }) => `Dgov-Accepted: ${kind} ${fingerprint}`),
    ...claims.map((claim) => `Dgov-Claimed: ${claim}`),
  ];
  return `${trailers.join("\n")}\n`;
}

/** The workers a reviewer depends on: the units its fix may change. */
function unitsUnderReview(tasks: Tasks, reviewer: CompiledTask): CompiledTask[] {
  return reviewer.dependsOn.flatMap((id) => {
    const task = tasks.get(id);
    return task?.role === "worker" ? [task] : [];
  });
}

function fixTask(tasks: Tasks, reviewer: CompiledTask, recipes: Config["verify"]): CompiledTask {
  const reviewed = unitsUnderReview(tasks, reviewer);
  const all = (kind: keyof Claims): string[] => [
    ...new Set(reviewed.flatMap(({ claims }) => claims[kind])),
  ];
  const commands = [...new Set(reviewed.flatMap(({ testCmd }) => testCmd ?? []))];
  return {
    ...reviewer,
    role: "worker",
    selfReview: false,
    summary: `Fix the issues of ${reviewer.id} in ${reviewed.map(({ id }) => id).join(", ")}`,
    prompt: [
      "The work described below has landed and is in your worktree. A reviewer did not approve it: " +
        "fix the reviewer's issues, and nothing else.",
      ...reviewed.map(({ id, prompt }) => `The task of ${id} was:\n\n${prompt}`),
    ].join("\n\n"),
    commitMessage: `fix: issues of ${reviewer.id}`,
    claims: {
      // Files that a reviewed unit created exist now.
      create: [],
      edit: [],
      delete: all("delete"),
      touch: [...new Set([...all("create"), ...all("edit"), ...all("touch")])],
      read: all("read"),
    },
    testCmd: joinCommands(commands, recipes),
  };
}

/** One shell command that runs several test commands; recipes among them are written out. */
function joinCommands(commands: readonly string[], recipes: Config["verify"]): string | null {
  const [only = null] = commands;
  if (commands.length <= 1) return only;
  const text = (command: string): string => {
    const name = /^verify:(.*)$/.exec(command)?.[1] ?? "";
    return recipes[name]?.command ?? command;
  };
  return commands.map((command) => `( ${text(command)} )`).join(" && ");
}
