/** Researchers: answers with evidence, passed to dependents and reused for the same question. */
import { expect, test } from "bun:test";
import { call, contentText, done, type ModelScript } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const evidence = [{ file: "readme.txt", line: 1, text: "it says hello" }];
const answer = { answer: "It greets.", evidence, open_questions: ["Whom?"] };

/** First user message of each conversation of a unit. */
function messages(p: TestProject, key: string): string[] {
  return p.model.requests
    .filter(({ conversation: c }) => c.unit === unit(key) && c.turn === 1)
    .map(({ conversation: c }) => contentText(c.messages.find((m) => m.role === "user")?.content));
}

/** A project in which `r` answers, and `w` depends on it. */
function projectWithAnswer(
  result: unknown,
  w: ModelScript["rules"][number]["turns"],
): Promise<TestProject> {
  return testProject({
    tasks: { r: { role: "researcher" }, w: { depends_on: ["r"] } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        {
          unit: unit("r"),
          turns: [call("read_file", { path: "readme.txt" }), done("read", { result })],
        },
        { unit: unit("w"), turns: w },
      ],
    },
  });
}

const write = call("write_file", { path: "w.txt", content: "w\n" });

test.concurrent("E2 a dependent's first attempt gets the researcher's answer with evidence, fenced", async () => {
  await using p = await projectWithAnswer(answer, [write, done("ok")]);
  expect((await p.dgov(["run", "p", "--json"])).exitCode).toBe(0);
  const resultText = JSON.stringify({ answer: "It greets.", evidence, open_questions: ["Whom?"] });
  const title = `result of ${unit("r")}`;
  expect(messages(p, "w")[0]).toContain(`<<<BEGIN ${title}>>>\n${resultText}\n<<<END ${title}>>>`);
  const recorded = p.events().find((e) => e.type === "unit.result")?.data;
  expect(recorded).toMatchObject({ outcome: "complete", result: resultText, inputs: {} });
});

test.concurrent("C13 a researcher's answer is limited to 32 KiB for its dependents", async () => {
  const huge = { answer: "\u{1F600}".repeat(50_000), evidence: Array(100).fill(evidence[0]) };
  await using p = await projectWithAnswer(huge, [write, done("ok")]);
  expect((await p.dgov(["run", "p", "--json"])).exitCode).toBe(0);
  const recorded = String(p.events().find((e) => e.type === "unit.result")?.data["result"]);
  expect(Buffer.byteLength(recorded)).toBeLessThanOrEqual(32 * 1024);
  expect(Object.keys(JSON.parse(recorded))).toEqual(["answer", "evidence", "open_questions"]);
  expect(messages(p, "w")[0]).toContain(recorded);
});

test.concurrent("an answer is reused in the next run, until its question changes", async () => {
  let tries = 0;
  await using p = await projectWithAnswer(answer, [
    () => (tries++ < 2 ? done("cannot", { status: "blocked" }) : write),
    done("ok"),
  ]);
  const codes = [
    (await p.dgov(["run", "p", "--json"])).exitCode,
    (await p.dgov(["run", "p", "--continue", "--json"])).exitCode,
  ];
  expect([codes, messages(p, "r").length, messages(p, "w").length]).toEqual([[1, 1], 1, 2]);
  expect(messages(p, "w")[1]).toContain("It greets.");
  p.writePlan({
    r: { role: "researcher", summary: "Ask something else" },
    w: { depends_on: ["r"] },
  });
  expect((await p.dgov(["run", "p", "--continue", "--json"])).exitCode).toBe(0);
  expect([messages(p, "r").length, messages(p, "w").length]).toEqual([2, 3]);
});

test.concurrent("A15 a researcher that gives up fails, and its dependents are skipped", async () => {
  await using p = await testProject({
    tasks: { r: { role: "researcher" }, w: { depends_on: ["r"] } },
    script: { rules: [{ unit: unit("r"), turns: [done("no idea", { status: "incomplete" })] }] },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  const { units } = JSON.parse(run.stdout) as { units: { unit: string; phase: string }[] };
  expect([run.exitCode, units.map(({ phase }) => phase)]).toEqual([1, ["failed", "skipped"]]);
});
