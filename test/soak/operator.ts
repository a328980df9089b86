/** The person who works in the checkout while dgov runs. All actions use git's own commands. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OperatorCommit, TargetMove } from "./oracle.ts";
import type { Place } from "./place.ts";
import type { OperatorAction } from "./schedule.ts";

/** An action that only concerns the repository. */
export type CheckoutAction = Exclude<OperatorAction, "second_run" | "cancel" | "read">;

export class Operator {
  readonly commits: OperatorCommit[] = [];
  /** Text of uncommitted files by path. */
  readonly files = new Map<string, string>();
  /** Moves of the target before it was deleted, whose reflog goes with it. */
  readonly earlierMoves: TargetMove[] = [];
  readonly #place: Place;
  readonly #inTheWay = new Map<string, string>();
  #count = 0;
  #stashed: string | null = null;
  #deletedTarget: { branch: string; at: string } | null = null;
  readonly #target: () => string;

  /** `target` gives the branch that the runs land on, as far as it is known. */
  constructor(place: Place, target: () => string) {
    this.#place = place;
    this.#target = target;
  }

  /** Does an action; false when the state of the checkout does not allow it. */
  async act(action: CheckoutAction): Promise<boolean> {
    switch (action) {
      case "commit":
        return this.#commit();
      case "amend":
        return this.#amend();
      case "reset_own":
        return this.#resetOwn();
      case "switch":
        return (await this.#newBranch("side")) && this.#commit();
      case "stash":
        return this.#stash();
      case "rebase":
        return this.#rebaseTopic();
      case "rebase_stuck":
        return this.#rebaseTarget("upstream", "conflict.txt");
      case "rebase_other":
        return this.#rebaseTarget("upstream2", null);
      case "delete_branch": {
        const name = `gone-${++this.#count}`;
        return (await this.#does("branch", name)) && this.#does("branch", "-q", "-D", name);
      }
      case "delete_target":
        return this.#deleteTarget();
      case "dirty":
        return this.#dirty();
      case "untracked":
        return this.#untracked(`notes-${++this.#count}.txt`);
      case "in_the_way":
        return this.#blockUnit();
      case "gc":
        return (await this.#does("gc", "-q")) && this.#does("pack-refs", "--all");
      case "worktree_prune":
        return this.#does("worktree", "prune");
      default:
        return action satisfies never;
    }
  }

  /** Makes the checkout usable again: on the target, no operation in progress, nothing in the way. */
  async makeSane(): Promise<void> {
    if (this.#rebasing()) await this.#does("rebase", "--abort");
    for (const [path, text] of this.#inTheWay) {
      const saved = `mine-${path}`;
      if (!existsSync(this.#path(path))) continue;
      if (readFileSync(this.#path(path), "utf8") === text) {
        renameSync(this.#path(path), this.#path(saved));
        this.files.delete(path);
        this.files.set(saved, text);
      }
    }
    this.#inTheWay.clear();
    if (this.#deletedTarget !== null) {
      await this.#does("branch", this.#deletedTarget.branch, this.#deletedTarget.at);
      this.#deletedTarget = null;
    }
    const target = this.#target();
    if ((await this.#branch()) !== target) await this.#does("switch", "-q", target);
    if (this.#stashed !== null && (await this.#does("stash", "pop", "-q"))) {
      this.files.set("scratch.txt", this.#stashed);
      this.#stashed = null;
    }
  }

  /** Moves of the target that its reflog has, oldest first. */
  async moves(): Promise<TargetMove[]> {
    const { stdout } = await this.#git("reflog", "show", "--format=%H %gs", this.#target());
    const entries = stdout
      .split("\n")
      .filter((line) => line !== "")
      .reverse();
    const found: TargetMove[] = [];
    for (const [at, line] of entries.entries()) {
      const before = entries[at - 1]?.split(" ")[0];
      const [after = "", ...message] = line.split(" ");
      if (before === undefined || before === after) continue;
      const lost = await this.#git("rev-list", `${after}..${before}`);
      const dropped = lost.stdout.split("\n").filter((oid) => oid !== "");
      found.push({ message: message.join(" "), dropped });
    }
    return [...this.earlierMoves, ...found];
  }

  async #commit(path = `op-${this.#count + 1}.txt`): Promise<boolean> {
    const branch = await this.#branch();
    if (branch === null) return false;
    const subject = `operator ${++this.#count}`;
    const known = existsSync(this.#path(path));
    writeFileSync(this.#path(path), `${subject}\n`);
    if (
      (await this.#does("add", "--", path)) &&
      (await this.#does("commit", "-q", "-m", subject, "--", path))
    ) {
      this.commits.push({ subject, branch, dropped: false });
      return true;
    }
    await this.#does("reset", "-q", "--", path);
    if (known) await this.#does("checkout", "-q", "--", path);
    else await Bun.file(this.#path(path)).delete();
    return false;
  }

  /** The operator's own commit at HEAD of the target; null when another is there. */
  async #ownTip(): Promise<OperatorCommit | null> {
    const target = this.#target();
    if ((await this.#branch()) !== target || (await this.#changed())) return null;
    const { stdout } = await this.#git("log", "-1", "--format=%s");
    const found = this.commits.find((c) => !c.dropped && c.subject === stdout.trim());
    return found?.branch === target ? found : null;
  }

  async #amend(): Promise<boolean> {
    if ((await this.#ownTip()) === null && !(await this.#commit())) return false;
    const own = await this.#ownTip();
    if (own === null) return false;
    const subject = `operator ${++this.#count} amended`;
    if (!(await this.#does("commit", "-q", "--amend", "-m", subject))) return false;
    own.dropped = true;
    this.commits.push({ subject, branch: own.branch, dropped: false });
    return true;
  }

  async #resetOwn(): Promise<boolean> {
    if ((await this.#ownTip()) === null && !(await this.#commit())) return false;
    const own = await this.#ownTip();
    if (own === null || !(await this.#does("reset", "-q", "--hard", "HEAD~1"))) return false;
    own.dropped = true;
    return true;
  }

  async #newBranch(name: string, from: string[] = []): Promise<boolean> {
    if (this.#rebasing()) return false;
    const left = await this.#branch();
    const branch = `${name}-${++this.#count}`;
    if (!(await this.#does("switch", "-q", "-c", branch, ...from))) return false;
    // A commit of another git, here a landing, between git's look at the branch and its switch: the new branch lacks it,
    // and its change is left in the index. A person goes back and switches again.
    const raced = from.length === 0 && (await this.#tip("HEAD@{1}")) !== (await this.#tip("HEAD"));
    if (!raced || left === null) return true;
    return (await this.#does("switch", "-q", left)) && this.#does("switch", "-q", branch);
  }

  async #tip(revision: string): Promise<string> {
    return (await this.#git("rev-parse", revision)).stdout.trim();
  }

  async #stash(): Promise<boolean> {
    if (this.#stashed !== null || !(await this.#dirty())) return false;
    const text = this.files.get("scratch.txt") ?? "";
    if (!(await this.#does("stash", "push", "-q", "--", "scratch.txt"))) return false;
    this.files.delete("scratch.txt");
    this.#stashed = text;
    return true;
  }

  /** A branch of the first commit with a commit, rebased on the target. */
  async #rebaseTopic(): Promise<boolean> {
    if (await this.#changed()) return false;
    if (!(await this.#newBranch("topic", ["upstream~1"])) || !(await this.#commit())) return false;
    return (
      (await this.#does("rebase", "-q", this.#target())) &&
      this.#does("switch", "-q", this.#target())
    );
  }

  /** A rebase of the target itself; with `conflict`, one that stops in the middle. */
  async #rebaseTarget(onto: string, conflict: string | null): Promise<boolean> {
    if ((await this.#branch()) !== this.#target() || (await this.#changed())) return false;
    if (!(await this.#commit(conflict ?? undefined))) return false;
    await this.#git("rebase", "-q", onto);
    if (conflict === null && this.#rebasing()) await this.#does("rebase", "--abort");
    return true;
  }

  async #deleteTarget(): Promise<boolean> {
    if (this.#deletedTarget !== null || this.#rebasing()) return false;
    const target = this.#target();
    if ((await this.#branch()) === target && !(await this.#newBranch("away"))) return false;
    const moves = await this.moves();
    const { code, stdout } = await this.#git("branch", "-D", target);
    if (code !== 0) return false;
    const short = /\(was ([0-9a-f]+)\)/.exec(stdout)?.[1] ?? "";
    this.#deletedTarget = { branch: target, at: await this.#tip(short) };
    this.earlierMoves.push(...moves.slice(this.earlierMoves.length));
    return true;
  }

  async #dirty(): Promise<boolean> {
    if (this.#rebasing()) return false;
    const text = `notes of the operator\ndirty ${++this.#count}\n`;
    writeFileSync(this.#path("scratch.txt"), text);
    this.files.set("scratch.txt", text);
    return true;
  }

  async #untracked(path: string): Promise<boolean> {
    const text = `untracked ${++this.#count}\n`;
    try {
      writeFileSync(this.#path(path), text, { flag: "wx" });
    } catch {
      return false;
    }
    this.files.set(path, text);
    return true;
  }

  async #blockUnit(): Promise<boolean> {
    for (const key of "abcdefg") {
      const path = `${key}.txt`;
      if (!this.files.has(path) && (await this.#untracked(path))) {
        this.#inTheWay.set(path, this.files.get(path) ?? "");
        return true;
      }
    }
    return false;
  }

  #path(path: string): string {
    return join(this.#place.repo.path, path);
  }

  #rebasing(): boolean {
    return existsSync(this.#path(".git/rebase-merge"));
  }

  async #branch(): Promise<string | null> {
    if (this.#rebasing()) return null;
    return (await this.#git("symbolic-ref", "-q", "--short", "HEAD")).stdout.trim() || null;
  }

  /** True when tracked files have uncommitted changes. */
  async #changed(): Promise<boolean> {
    return (await this.#git("status", "--porcelain", "-uno")).stdout !== "";
  }

  async #does(...args: string[]): Promise<boolean> {
    return (await this.#git(...args)).code === 0;
  }

  /** Runs git as the operator; repeats a command that met a lock, as a person does. */
  async #git(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    for (let tries = 1; ; tries++) {
      const child = Bun.spawn(["git", ...args], {
        cwd: this.#place.repo.path,
        env: { ...this.#place.repo.env, GIT_EDITOR: "true" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [stdout, stderr, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      const locked = code !== 0 && /\.lock'|cannot lock ref|Unable to create/.test(stderr);
      if (!locked || tries === 20) return { code, stdout, stderr };
      await Bun.sleep(25);
    }
  }
}
