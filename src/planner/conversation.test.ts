import { describe, expect, test } from "bun:test";
import type { Diagnostic } from "../error.ts";
import type { PlanDraft, PlannerAnswer } from "../worker/roles/planner.ts";
import { Conversation, type PlannerPorts } from "./conversation.ts";

function draft(key: string): PlanDraft {
  const task = { key, summary: "s", prompt: "p" };
  return { name: "n", summary: "S", sections: [{ name: "tasks", tasks: [task] }] };
}

const plan = (key: string): PlannerAnswer => ({ kind: "draft", draft: draft(key), notes: "" });
const asks = (...questions: string[]): PlannerAnswer => ({
  kind: "questions",
  questions,
  notes: "",
});
const diagnostic: Diagnostic = {
  severity: "error",
  code: "overlap",
  file: "tasks/main.toml",
  line: 1,
  column: 1,
  unit: null,
  message: "two tasks write a.ts",
  hint: null,
  excerpt: null,
};

/** A conversation with a planner that says these things in turn; the last one again and again. */
function talk(
  says: (PlannerAnswer | string)[],
  more: Partial<PlannerPorts<string>> = {},
): { conversation: Conversation<string>; prompts: string[] } {
  const prompts: string[] = [];
  const conversation = new Conversation<string>(
    { goal: "Add a limiter", charter: "One task, one purpose." },
    {
      async explore(prompt) {
        const said = says[Math.min(prompts.length, says.length - 1)] ?? "";
        prompts.push(prompt);
        return typeof said === "string" ? { ok: false, reason: said } : { ok: true, answer: said };
      },
      ask: null,
      check: async ({ sections }) => {
        const key = sections[0]?.tasks[0]?.key ?? "";
        return key.startsWith("bad")
          ? { ok: false, text: `${key}: two tasks write a.ts`, diagnostics: [diagnostic] }
          : { ok: true, checked: key };
      },
      status() {},
      ...more,
    },
  );
  return { conversation, prompts };
}

describe("a conversation with a planner", () => {
  test("a planner receives the goal and the charter, and its draft that compiles is returned", async () => {
    const { conversation, prompts } = talk([plan("good")]);
    expect(await conversation.draft()).toEqual({
      ok: true,
      draft: draft("good"),
      checked: "good",
      rounds: 1,
    });
    expect(prompts[0]).toContain("# Goal\nAdd a limiter\n");
    expect(prompts[0]).toContain("<<<BEGIN governor.md>>>\nOne task, one purpose.\n<<<END");
    expect(prompts[0]).toContain("Ask nothing");
  });

  test("a planner's questions go to the operator and the answers to the planner", async () => {
    const asked: string[][] = [];
    const ask = async (questions: readonly string[]): Promise<string[]> => {
      asked.push([...questions]);
      return ["src/limiter.py", ""];
    };
    const { conversation, prompts } = talk([asks("Which file?", "How fast?"), plan("good")], {
      ask,
    });
    expect((await conversation.draft()).ok).toBe(true);
    expect(asked).toEqual([["Which file?", "How fast?"]]);
    expect(prompts[0]).toContain('hand over {"questions"');
    expect(prompts[1]).toContain("You asked: Which file?\nThe operator: src/limiter.py");
    expect(prompts[1]).toContain(
      "You asked: How fast?\nThe operator: (no answer: decide yourself)",
    );
  });

  test("a planner may ask three times and then has to decide", async () => {
    let times = 0;
    const ask = async (): Promise<string[]> => {
      times++;
      return [];
    };
    const { conversation, prompts } = talk([asks("And now?")], { ask });
    expect(await conversation.draft()).toMatchObject({ ok: false, diagnostics: [] });
    expect(times).toBe(3);
    expect(prompts).toHaveLength(8);
    expect(prompts[3]).toContain("Ask nothing");
    expect(prompts[4]).toContain("No question can be asked any more.");
  });

  test("a draft goes back with its diagnostics until it compiles", async () => {
    const { conversation, prompts } = talk([plan("bad-1"), plan("bad-2"), plan("good")]);
    expect(await conversation.draft()).toMatchObject({ ok: true, checked: "good", rounds: 3 });
    expect(prompts[2]).toContain("<<<BEGIN diagnostics>>>\nbad-2: two tasks write a.ts\n");
    expect(prompts[2]).toContain('"key": "bad-2"');
  });

  test("a conversation stops after four corrections, with the last diagnostics", async () => {
    const { conversation, prompts } = talk([plan("bad")]);
    expect(await conversation.draft()).toEqual({
      ok: false,
      reason: "the planner's draft still has errors after 4 fixes",
      diagnostics: [diagnostic],
    });
    expect(prompts).toHaveLength(5);
  });

  test("C10 a name that leaves the plan's folder is never written", async () => {
    const written: PlanDraft[] = [];
    const { conversation, prompts } = talk([plan("../../x"), plan("good")], {
      async check(one) {
        written.push(one);
        return { ok: true, checked: "" };
      },
    });
    expect((await conversation.draft()).ok).toBe(true);
    expect(written).toEqual([draft("good")]);
    expect(prompts[1]).toContain('"../../x" is not a valid task key');
  });

  test("a conversation ends when the planner returns no draft", async () => {
    const { conversation } = talk(["the budget of 50 turns is used up"]);
    expect(await conversation.draft()).toEqual({
      ok: false,
      reason: "the budget of 50 turns is used up",
      diagnostics: [],
    });
  });

  test("an operator's objection goes to the planner and resets the limit of fixes", async () => {
    const { conversation, prompts } = talk([plan("good"), plan("bad"), plan("better")]);
    await conversation.draft();
    conversation.object(draft("good"), "One task more, for the docs.");
    expect(await conversation.draft()).toMatchObject({ ok: true, checked: "better", rounds: 3 });
    expect(prompts[1]).toContain("# The operator wants another plan\nOne task more, for the docs.");
  });

  test("after an objection a planner may fix four times and ask three times again", async () => {
    const round = [...["1", "2", "3", "4"].map((n) => plan(`bad-${n}`)), plan("good")];
    const asked = [asks("a"), asks("b"), asks("c")];
    const { conversation, prompts } = talk([...asked, ...round, ...asked, ...round], {
      ask: async () => ["yes"],
    });
    expect(await conversation.draft()).toMatchObject({ ok: true, rounds: 8 });
    conversation.object(draft("good"), "Smaller.");
    expect(await conversation.draft()).toMatchObject({ ok: true, rounds: 16 });
    expect(prompts[8]).toContain('hand over {"questions"');
  });

  test("a planner's notes are repeated until it gives others", async () => {
    const noted = (notes: string) => ({ ...plan("bad"), notes });
    const { conversation, prompts } = talk([noted("N1"), noted(""), noted("N2"), plan("good")]);
    await conversation.draft();
    const shown = prompts.map((prompt) => /notes from before>>>\n(.*)\n/.exec(prompt)?.[1] ?? "");
    expect(shown).toEqual(["", "N1", "N1", "N2"]);
  });
});
