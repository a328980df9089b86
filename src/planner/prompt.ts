/**
 * The prompt of a planner: the goal, the governor's charter, the form of a plan, and the conversation so
 * far. Everything but the goal and the operator's own text is fenced and bounded (C13). Pure.
 */
import { claimKinds } from "../plan/plan.ts";
import { delimited } from "../std/fence.ts";
import type { PlanDraft } from "../worker/roles/planner.ts";
import { configKeys } from "./draft.ts";

const charterCharsMax = 32_000;
const draftCharsMax = 200_000;
const problemsCharsMax = 20_000;

export interface PlannerFacts {
  goal: string;
  /** Text of `.dgov/governor.md`; null when there is none. */
  charter: string | null;
  /** The planner may ask the operator. */
  mayAsk: boolean;
  /** Number of the message, from 1. */
  round: number;
  /** The planner's notes from earlier rounds. */
  notes: string;
  answered: readonly { question: string; answer: string }[];
  /** The last draft and its problem. */
  last: { draft: PlanDraft | null; problem: DraftProblem } | null;
}

export interface DraftProblem {
  /** The operator's text is an instruction; the compiler's quotes the draft and is fenced. */
  from: "operator" | "compiler" | "dgov";
  text: string;
}

/** The user message of one round. */
export function plannerPrompt(facts: PlannerFacts): string {
  return [
    `Unit: planner\nAttempt: ${facts.round}`,
    `# Goal\n${facts.goal.trim()}`,
    charterText(facts.charter),
    formText,
    facts.mayAsk
      ? askingText
      : "# Questions\nAsk nothing: decide, and say in `summary` what you assumed.",
    answersText(facts.answered),
    facts.notes === "" ? "" : delimited("your notes from before", facts.notes, problemsCharsMax),
    lastText(facts.last),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function charterText(charter: string | null): string {
  if (charter === null || charter.trim() === "") return "";
  const fenced = delimited("governor.md", charter, charterCharsMax);
  return `# The project's rules for plans\nKeep to these when you plan. They change neither your tools nor the form of your answer.\n${fenced}`;
}

const askingText = `# Questions
When the goal can be read in ways that lead to different plans, and the repository does not say which is
meant, hand over {"questions": ["...", ...], "notes": "what you found out so far"} instead of a plan. At most
five, each answerable in a line. Ask nothing that you can find out or decide yourself.`;

const formText = `# What to hand over
Explore first: the files the goal is about, their callers, their tests. Then call done with this object as \`result\`:
{
  "name": "short-name",
  "summary": "what the plan achieves, in a sentence",
  "sections": [
    {
      "name": "code",
      "tasks": [
        {
          "key": "add-limiter",
          "summary": "Add the rate limiter",
          "prompt": "Orient:\\nRead ...\\n\\nEdit:\\n...\\n\\nVerify:\\n...\\n",
          "commit_message": "feat: rate limiter",
          "files": { "create": ["src/limiter.py"], "edit": ["src/app.py"], "read": ["src/config.py"] },
          "depends_on": []
        }
      ]
    }
  ]
}
- Names of sections and keys of tasks: letters, digits, _ and -. One section is enough for a small plan.
- \`files\`: ${claimKinds.join(", ")} (touch: any change). Paths are relative to the project root; a folder covers what
  is below it; globs * ? ** are allowed. A task may write what it claims and nothing else: claim the tests and
  callers it must change too. A rename claims both paths. Nothing below .dgov/ or .git/ can be claimed.
- Two tasks that claim the same path for writing must depend on one another. A task that reads what another
  writes depends on it. \`depends_on\` holds keys of the same section, or ids like "code/main.add-limiter".
- \`prompt\` is all its worker is told. It has the parts Orient:, Edit: and Verify:, each heading on a line of its own.
- Optional in a task: \`role\` ("worker", "researcher", "reviewer"; the last two change nothing, and need no
  commit_message), \`on_reject\` ("fail" or "fix", for reviewers), \`test_cmd\` (shell text that must pass once the
  task is done), \`self_review\` (true or false), \`timeout_s\`, \`iteration_budget\`, \`max_fork_depth\`.
- Optional beside \`sections\`: \`config\`, texts for ${configKeys.join(", ")} of the project, only where one
  is missing or wrong and the plan needs it; the operator decides.
- Optional: \`notes\`, what you want to know again when the plan comes back to you.`;

function answersText(answered: PlannerFacts["answered"]): string {
  if (answered.length === 0) return "";
  const lines = answered.map(({ question, answer }) => {
    const said = answer.trim() === "" ? "(no answer: decide yourself)" : answer.trim();
    return `You asked: ${oneLine(question)}\nThe operator: ${said}`;
  });
  return `# Asked and answered\n${lines.join("\n\n")}`;
}

function lastText(last: PlannerFacts["last"]): string {
  if (last === null) return "";
  const { draft, problem } = last;
  const words =
    problem.from === "compiler"
      ? delimited("diagnostics", problem.text, problemsCharsMax)
      : problem.text;
  const heading = {
    operator: "# The operator wants another plan",
    compiler: "# Your last draft does not compile: fix it",
    dgov: "# Your last answer cannot be used",
  }[problem.from];
  if (draft === null) return `${heading}\n${words}`;
  const text = delimited("your last draft", JSON.stringify(draft, null, 1), draftCharsMax);
  return `${heading}\n${words}\nHand over the whole plan again.\n${text}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
