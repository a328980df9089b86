/**
 * The conversation that turns a goal into a draft that compiles: explore, ask, draft, compile, fix.
 *
 * Each round is one message to a new planner process, which knows earlier rounds only from the message.
 * All effects go through ports. Rounds of questions and of fixes are bounded, so the conversation ends.
 */
import type { Diagnostic } from "../error.ts";
import type { PlanDraft, PlannerAnswer } from "../worker/roles/planner.ts";
import { draftProblems } from "./draft.ts";
import { type DraftProblem, plannerPrompt } from "./prompt.ts";

/** Rounds in which the planner may ask questions, per draft the operator objected to. */
const questionRoundsMax = 3;
/** Times the planner may fix a draft, or answer again, before it is given up. */
const fixesMax = 4;

export interface PlannerPorts<Checked> {
  /** Sends one message to a planner. Gives its answer, or the reason why there is none. */
  explore(
    prompt: string,
    round: number,
  ): Promise<{ ok: true; answer: PlannerAnswer } | { ok: false; reason: string }>;
  /** Gives the operator's answers, one for each question; null when questions are not allowed. */
  ask: ((questions: readonly string[]) => Promise<string[]>) | null;
  /** Writes the draft and compiles it. `text` shows the diagnostics to the planner. */
  check(
    draft: PlanDraft,
  ): Promise<
    { ok: true; checked: Checked } | { ok: false; text: string; diagnostics: Diagnostic[] }
  >;
  status(text: string): void;
}

export type Drafted<Checked> =
  | { ok: true; draft: PlanDraft; checked: Checked; rounds: number }
  /** `diagnostics` are those of the last draft, when there was one. */
  | { ok: false; reason: string; diagnostics: Diagnostic[] };

/** A conversation about one plan. `draft` gives the next version; `object` adds the operator's objection. */
export class Conversation<Checked> {
  readonly #ports: PlannerPorts<Checked>;
  readonly #about: { goal: string; charter: string | null };
  readonly #answered: { question: string; answer: string }[] = [];
  #round = 0;
  #questionRounds = 0;
  #fixes = 0;
  #notes = "";
  #last: { draft: PlanDraft | null; problem: DraftProblem } | null = null;

  constructor(about: { goal: string; charter: string | null }, ports: PlannerPorts<Checked>) {
    this.#about = about;
    this.#ports = ports;
  }

  /** Adds the operator's objection to the last draft. Limits start again. */
  object(draft: PlanDraft, words: string): void {
    this.#last = { draft, problem: { from: "operator", text: words } };
    this.#fixes = 0;
    this.#questionRounds = 0;
  }

  /** Runs rounds until a draft compiles, the planner gives no answer, or a limit is reached. */
  async draft(): Promise<Drafted<Checked>> {
    for (;;) {
      const given = await this.#explore();
      if (!given.ok) return { ...given, diagnostics: [] };
      const { answer } = given;
      this.#notes = answer.notes || this.#notes;
      if (answer.kind === "questions") {
        const { ask } = this.#ports;
        if (ask !== null && this.#mayAsk) {
          this.#questionRounds++;
          const answers = await ask(answer.questions);
          const pairs = answer.questions.map((question, i) => ({
            question,
            answer: answers[i] ?? "",
          }));
          this.#answered.push(...pairs);
        } else if (
          !this.#retry(null, { from: "dgov", text: "No question can be asked any more." })
        ) {
          return failed("the planner kept asking questions, which are not allowed any more", []);
        }
        continue;
      }
      const { draft } = answer;
      const found = await this.#problemOf(draft);
      if (found.ok) return { ok: true, draft, checked: found.checked, rounds: this.#round };
      if (!this.#retry(draft, found.problem)) {
        const reason = `the planner's draft still has errors after ${fixesMax} fixes`;
        return failed(
          found.problem.from === "dgov" ? `${reason}:\n${found.problem.text}` : reason,
          [...found.diagnostics],
        );
      }
    }
  }

  get #mayAsk(): boolean {
    return this.#ports.ask !== null && this.#questionRounds < questionRoundsMax;
  }

  #explore(): ReturnType<PlannerPorts<Checked>["explore"]> {
    this.#round++;
    const prompt = plannerPrompt({
      ...this.#about,
      mayAsk: this.#mayAsk,
      round: this.#round,
      notes: this.#notes,
      answered: this.#answered,
      last: this.#last,
    });
    return this.#ports.explore(prompt, this.#round);
  }

  async #problemOf(
    draft: PlanDraft,
  ): Promise<
    { ok: true; checked: Checked } | { ok: false; problem: DraftProblem; diagnostics: Diagnostic[] }
  > {
    const problems = draftProblems(draft);
    if (problems.length > 0) {
      const text = problems.map((problem) => `- ${problem}`).join("\n");
      return { ok: false, problem: { from: "dgov", text }, diagnostics: [] };
    }
    const found = await this.#ports.check(draft);
    if (found.ok) return found;
    const { text, diagnostics } = found;
    return { ok: false, problem: { from: "compiler", text }, diagnostics };
  }

  /** Records the problem for the next message; false when the limit of fixes is reached. */
  #retry(draft: PlanDraft | null, problem: DraftProblem): boolean {
    if (this.#fixes++ >= fixesMax) return false;
    this.#last = { draft: draft ?? this.#last?.draft ?? null, problem };
    if (draft !== null) this.#ports.status("the draft has errors; asking the planner to fix them");
    return true;
  }
}

function failed(reason: string, diagnostics: Diagnostic[]): Drafted<never> {
  return { ok: false, reason, diagnostics };
}
