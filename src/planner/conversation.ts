/**
 * From a goal to a draft that compiles: explore, ask, draft, compile, mend.
 *
 * Each round is one message to a planner that knows nothing of the rounds before but what the message
 * says. Talks to the world through ports only. Always ends: questions and mendings are bounded.
 */
import type { Diagnostic } from "../error.ts";
import type { PlanDraft, PlannerAnswer } from "../worker/roles/planner.ts";
import { draftProblems } from "./draft.ts";
import { type DraftProblem, plannerPrompt } from "./prompt.ts";

/** Times the planner may ask, for one plan. */
const questionRoundsMax = 3;
/** Times it may mend one plan. */
const mendingsMax = 4;

export interface PlannerPorts<Checked> {
  /** Gives one message to a planner and what it handed over, or why it handed over nothing. */
  explore(
    prompt: string,
    round: number,
  ): Promise<{ ok: true; answer: PlannerAnswer } | { ok: false; reason: string }>;
  /** The operator's answers, one for each question; null when nobody is to be asked. */
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

/** One plan in the making. `draft` gives the next version; `object` says what the operator wants otherwise. */
export class Conversation<Checked> {
  readonly #ports: PlannerPorts<Checked>;
  readonly #about: { goal: string; charter: string | null };
  readonly #answered: { question: string; answer: string }[] = [];
  #round = 0;
  #questionRounds = 0;
  #mendings = 0;
  #notes = "";
  #last: { draft: PlanDraft | null; problem: DraftProblem } | null = null;

  constructor(about: { goal: string; charter: string | null }, ports: PlannerPorts<Checked>) {
    this.#about = about;
    this.#ports = ports;
  }

  /** The operator's words on the last draft; the next one may be mended as often as the first. */
  object(draft: PlanDraft, words: string): void {
    this.#last = { draft, problem: { from: "operator", text: words } };
    this.#mendings = 0;
    this.#questionRounds = 0;
  }

  /** Goes on until a draft compiles, the planner gives up, or the limits are reached. */
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
          !this.#mend(null, { from: "dgov", text: "No question can be asked any more." })
        ) {
          return failed("the planner went on asking where nobody answers", []);
        }
        continue;
      }
      const { draft } = answer;
      const found = await this.#problemOf(draft);
      if (found.ok) return { ok: true, draft, checked: found.checked, rounds: this.#round };
      if (!this.#mend(draft, found.problem)) {
        const reason = `the planner's draft has errors still, after ${mendingsMax} mendings`;
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

  /** Takes note of what the next message must say; false when there have been enough. */
  #mend(draft: PlanDraft | null, problem: DraftProblem): boolean {
    if (this.#mendings++ >= mendingsMax) return false;
    this.#last = { draft: draft ?? this.#last?.draft ?? null, problem };
    if (draft !== null) this.#ports.status("the draft has errors; they go back to the planner");
    return true;
  }
}

function failed(reason: string, diagnostics: Diagnostic[]): Drafted<never> {
  return { ok: false, reason, diagnostics };
}
