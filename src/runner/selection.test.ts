import { describe, expect, test } from "bun:test";
import type { CompiledPlan } from "../plan/compiled.ts";
import { settledUnits } from "./selection.ts";

/** `ask` is a researcher, `work` builds on it, `judge` reviews that, `sum` reads the verdict. */
function plan(
  digests: Partial<Record<"ask" | "work" | "judge" | "sum", string>> = {},
): CompiledPlan {
  const task = (
    id: "ask" | "work" | "judge" | "sum",
    role: string,
    dependsOn: string[],
  ): object => ({
    id,
    role,
    dependsOn,
    digest: digests[id] ?? "1",
  });
  const tasks = [
    task("ask", "researcher", []),
    task("work", "worker", ["ask"]),
    task("judge", "reviewer", ["work"]),
    task("sum", "researcher", ["judge", "ask"]),
  ];
  return { tasks } as unknown as CompiledPlan;
}

const landed = [{ unit: "work", digest: "1", commit: "c1" }];
const answered = (inputs: Record<string, string> = {}): object => ({
  digest: "1",
  result: { text: "said", inputs },
});
const history = new Map(
  Object.entries({ ask: answered(), judge: answered({ work: "c1" }), sum: answered() }),
) as unknown as Parameters<typeof settledUnits>[2];

function settled(of: CompiledPlan, commits = landed, known = history): string[] {
  return settledUnits(of, commits, known, "bare").map(({ unit, as }) => `${unit} ${as}`);
}

describe("settledUnits", () => {
  test("an answer for the same digest and input commits stands", () => {
    expect(settled(plan())).toEqual(["ask done", "work landed", "judge done", "sum done"]);
  });

  test("nothing stands when everything is to run again", () => {
    expect(settledUnits(plan(), landed, history, "restart")).toEqual([]);
  });

  test.each<[string, string[], string[]]>([
    ["its own text changed", settled(plan({ judge: "2" })), ["ask done", "work landed"]],
    [
      "what it judged landed anew",
      settled(plan(), [{ unit: "work", digest: "1", commit: "c2" }]),
      ["ask done", "work landed"],
    ],
    ["what it judged is to be done again", settled(plan({ work: "2" })), ["ask done"]],
    ["what it judged was undone", settled(plan(), []), ["ask done"]],
    [
      "an answer it was given is asked for anew",
      settled(plan({ ask: "2" })),
      ["work landed", "judge done"],
    ],
    [
      "it never answered",
      settled(plan(), landed, new Map([...history].filter(([unit]) => unit !== "judge"))),
      ["ask done", "work landed"],
    ],
  ])("an answer does not stand when %s", (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});
