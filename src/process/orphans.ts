/**
 * The children of this process, and orphans that it adopts.
 *
 * A process that is a subreaper becomes the parent of every descendant whose own parent has ended. A worker
 * adopts the orphans of its tools, which run one at a time, so each belongs to the last one. The runner
 * adopts what is left when a process kills its own supervisor or worker. Linux only.
 */
import { becomeSubreaper, linuxCalls } from "./libc.ts";
import { childProcessesOf, killDescendantsOnce } from "./tree.ts";

/** Time limit for killing orphans; a process in an uninterruptible system call may outlive it. */
const killMs = 5000;
const pauseMs = 1;
/** WNOHANG of `waitpid`. */
const noHang = 1;

/** Children that must not be taken for orphans. */
const own = new Set<number>();

let adopts = false;
let reaperOfCommands = false;

/** Makes this process adopt orphans where the system can. Call before the first child starts. */
export function adoptOrphans(): void {
  adopts = becomeSubreaper();
}

/** True when this process adopts orphans. */
export function adoptsOrphans(): boolean {
  return adopts;
}

/** As `adoptOrphans`, for a process whose commands run one at a time and so need no supervisor. */
export function adoptOrphansOfCommands(): void {
  adoptOrphans();
  reaperOfCommands = adopts;
}

/** True when the commands of this process need no supervisor, because it adopts their orphans itself. */
export function isReaperOfCommands(): boolean {
  return reaperOfCommands;
}

/** Records a child started by this process until it has ended. */
export function ownChild<C extends { pid: number; exited: Promise<unknown> }>(child: C): C {
  own.add(child.pid);
  const forget = (): void => void own.delete(child.pid);
  child.exited.then(forget, forget);
  return child;
}

/**
 * Leaves the orphans that exist now alone: daemons of the operator's own programs, such as the agent that
 * a signing program starts.
 */
export function spareOrphans(): void {
  if (adopts) for (const pid of orphans()) own.add(pid);
}

/** Kills every orphan that this process has adopted, with its descendants, and reaps them. */
export async function killOrphans(): Promise<void> {
  if (!adopts) return;
  const deadline = performance.now() + killMs;
  while (orphans().length > 0 && performance.now() < deadline) {
    killDescendantsOnce(own);
    for (const pid of orphans()) linuxCalls()?.waitpid(pid, null, noHang);
    if (orphans().length > 0) await Bun.sleep(pauseMs);
  }
}

/** Kills every descendant of this process, which is about to exit. */
export async function killChildren(): Promise<void> {
  own.clear();
  await killOrphans();
}

/** Adopted children; one that has ended stays in the list until it is reaped. */
function orphans(): number[] {
  return childProcessesOf(process.pid).filter((pid) => !own.has(pid));
}
