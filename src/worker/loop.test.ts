import { describe, expect, test } from "bun:test";
import type { ChatMessage, ModelResult } from "../model/message.ts";
import type { TokenUsage } from "../model/usage.ts";
import { type LoopOutcome, type LoopTask, runWorkerLoop } from "./loop.ts";
import type { WorkerMessage } from "./protocol.ts";
import type { ToolResult } from "./tools/tool.ts";

const usage: TokenUsage = { promptTokens: 10, cachedTokens: 0, completionTokens: 2 };

type ScriptedReply =
  | { text?: string; reasoning?: string; calls?: [tool: string, args: unknown][]; finish?: string }
  | { fatal: string; status?: number; refused?: "always" | "request" };

const done = (args: object = {}): ScriptedReply => ({
  calls: [["done", { status: "complete", summary: "ok", ...args }]],
});
const read = (path: string): ScriptedReply => ({ calls: [["read_file", { path }]] });

interface Run {
  outcome: LoopOutcome;
  events: WorkerMessage[];
  requests: { messages: readonly ChatMessage[]; forced: boolean }[];
  ran: string[];
}

/** Runs the loop with replies by turn, of which the last repeats, and with a function for tool results. */
async function run(
  replies: ScriptedReply[] | ((turn: number, forced: boolean) => ScriptedReply),
  o: Partial<LoopTask> & {
    tool?: (name: string, args: unknown, nth: number) => Partial<ToolResult>;
  } = {},
): Promise<Run> {
  const events: WorkerMessage[] = [];
  const requests: Run["requests"] = [];
  const ran: string[] = [];
  const { tool, ...more } = o;
  const task: LoopTask = {
    role: "worker",
    model: "m",
    system: "SYSTEM",
    prompt: "TASK",
    turnsMax: 50,
    contextTokens: 128_000,
    returnReasoning: false,
    ...more,
  };
  const outcome = await runWorkerLoop(task, {
    ask: async ({ messages, toolChoice }) => {
      const forced = toolChoice !== "auto";
      requests.push({ messages, forced });
      const turn = requests.length;
      const scripted =
        typeof replies === "function"
          ? replies(turn, forced)
          : (replies[Math.min(turn, replies.length) - 1] ?? {});
      return resultOf(scripted, turn);
    },
    call: async (name, text) => {
      ran.push(name);
      const args: unknown = JSON.parse(text);
      const answer = tool?.(name, args, ran.length) ?? {};
      return { args, result: { ...fine, text: `${name} ${ran.length}`, ...answer } };
    },
    emit: async (message) => void events.push(message),
    record: async (messages) => messages.map((m) => `${m.role}:${m.content.slice(0, 10)}`),
    now: () => 0,
  });
  return { outcome, events, requests, ran };
}

const fine: ToolResult = {
  ok: true,
  text: "",
  errorKind: null,
  target: null,
  rawBytes: 0,
  clipped: false,
};

function resultOf(
  scripted: ScriptedReply,
  turn: number,
): Exclude<ModelResult, { kind: "retriable" }> {
  if ("fatal" in scripted) {
    const { fatal: reason, status = null, refused = null } = scripted;
    return { kind: "fatal", refused, reason, status, usage };
  }
  const toolCalls = (scripted.calls ?? []).map(([name, args], index) => ({
    id: `c${turn}_${index}`,
    name,
    argumentsText: typeof args === "string" ? args : JSON.stringify(args),
  }));
  const finishReason = scripted.finish ?? (toolCalls.length > 0 ? "tool_calls" : "stop");
  const { text = "", reasoning = "" } = scripted;
  return { kind: "reply", text, reasoning, toolCalls, finishReason, usage };
}

/** Asserts that every tool call in the messages is followed by its result, once. */
function checkPairs(messages: readonly ChatMessage[]): void {
  const open: string[] = [];
  for (const message of messages) {
    if (message.role === "tool") expect(open.shift()).toBe(message.callId);
    else {
      expect(open).toEqual([]);
      if (message.role === "assistant") open.push(...message.toolCalls.map((call) => call.id));
    }
  }
  expect(open).toEqual([]);
}

describe("reasoning", () => {
  const thinking = { ...read("a"), reasoning: "hm" };
  const answers = (requests: Run["requests"]) =>
    requests[1]?.messages.filter((message) => message.role === "assistant");

  test("reasoning is reported as a thought and not sent back", async () => {
    const { events, requests } = await run([thinking, done()]);
    expect(events).toContainEqual({ type: "thought", turn: 1, text: "hm" });
    expect(answers(requests)).toMatchObject([{ content: "" }]);
    expect(answers(requests)?.[0]).not.toHaveProperty("reasoning");
  });

  test("reasoning is sent back to an endpoint with return_reasoning", async () => {
    const { requests } = await run([thinking, done()], { returnReasoning: true });
    expect(answers(requests)).toMatchObject([{ content: "", reasoning: "hm" }]);
  });
});

describe("a complete run", () => {
  test("a run ends with the arguments of done and reports every step", async () => {
    const { outcome, events } = await run([{ ...read("a"), text: "Looking." }, done()]);
    expect(outcome).toEqual({ verdict: "complete", reason: "ok", result: "ok" });
    expect(events.map((event) => event.type)).toEqual([
      "turn.started",
      "turn.finished",
      "thought",
      "call",
      "result",
      "turn.started",
      "turn.finished",
      "call",
      "result",
    ]);
  });

  test.each(["incomplete", "blocked"] as const)(
    "A15 done with status %s gives that verdict",
    async (status) => {
      expect((await run([done({ status })])).outcome.verdict).toBe(status);
    },
  );

  test("calls of one reply run in order; calls after done are answered without being run", async () => {
    const reply = {
      calls: [
        ["glob", {}],
        ["done", { status: "complete", summary: "s" }],
        ["write_file", {}],
      ],
    } as ScriptedReply;
    const { ran, events } = await run([reply]);
    expect(ran).toEqual(["glob", "done"]);
    expect(events.filter((event) => event.type === "result").at(-1)).toMatchObject({
      tool: "write_file",
      ok: false,
      text: "not run: done has already ended the work",
    });
  });

  test("a refused done does not end the run, and the calls after it are run", async () => {
    const reply = {
      calls: [
        ["done", { status: "complete", summary: "s" }],
        ["run_tests", {}],
      ],
    } as ScriptedReply;
    const tool = (name: string, _: unknown, nth: number) =>
      name === "done" && nth === 1 ? { ok: false, text: "run the tests first" } : {};
    const { ran, outcome } = await run([reply, done()], { tool });
    expect([ran, outcome.verdict]).toEqual([["done", "run_tests", "done"], "complete"]);
  });

  test("D11 the tokens of every turn are reported, including a failed one", async () => {
    const { outcome, events } = await run([read("a"), { fatal: "no such model", status: 404 }]);
    expect(outcome).toMatchObject({ verdict: "provider_failed", reason: "no such model" });
    const finished = events.filter((event) => event.type === "turn.finished");
    expect(finished.map((event) => [event.usage, event.finishReason])).toEqual([
      [usage, "tool_calls"],
      [usage, "fatal"],
    ]);
  });
});

describe("D7 irregular replies", () => {
  // [refused, replies before it, verdict]
  test.each([
    ["always", 0, "refused_by_provider"],
    ["always", 3, "refused_by_provider"],
    ["request", 0, "refused_by_provider"],
    ["request", 1, "provider_failed"],
    [undefined, 0, "provider_failed"],
  ] as const)(
    "a failure that refuses %p after %d replies ends the run as %s",
    async (refused, before, verdict) => {
      const fatal = { fatal: "no", ...(refused === undefined ? {} : { refused }) };
      const { outcome } = await run((turn) => (turn <= before ? read(`f${turn}`) : fatal));
      expect(outcome.verdict).toBe(verdict);
    },
  );

  test("three replies in a row without a call end the run; a call resets the count", async () => {
    const { requests, outcome } = await run([
      { text: "hm" },
      { text: "hm" },
      read("a"),
      { text: "hm" },
    ]);
    expect(requests).toHaveLength(6);
    expect(outcome.verdict).toBe("no_progress");
    expect(outcome.reason).toContain("3 times in a row");
  });

  test("three replies cut by the output limit end the run with that reason", async () => {
    const { requests, outcome } = await run([{ text: "long", finish: "length" }]);
    expect(requests).toHaveLength(3);
    expect(outcome).toMatchObject({ verdict: "no_progress" });
    expect(outcome.reason).toContain("output limit");
  });

  test("the result of a call cut by the output limit states the cause", async () => {
    const reply = {
      calls: [["write_file", '{"path":"a","con']],
      finish: "length",
    } as ScriptedReply;
    const { requests } = await runBroken([reply, done()]);
    const result = requests[1]?.messages.find((message) => message.role === "tool");
    expect(result?.content).toContain("cut by the provider's output limit");
  });

  test("two filtered replies end the run as refused_by_provider", async () => {
    const { outcome, requests } = await run([{ finish: "content_filter" }]);
    expect([outcome.verdict, requests.length]).toEqual(["refused_by_provider", 2]);
  });

  test("invalid call names and arguments are replaced by valid ones in the history", async () => {
    const { requests } = await runBroken([{ calls: [["bad name!", "{oops"]] }, done()]);
    const answer = requests[1]?.messages.find((message) => message.role === "assistant");
    expect(answer).toMatchObject({
      toolCalls: [{ name: "unknown_tool", argumentsText: '{"broken_arguments":"{oops"}' }],
    });
  });

  test("calls beyond the limit of a reply are answered without being run", async () => {
    for (const [count, wanted] of [
      [31, 31],
      [32, 32],
      [33, 32],
      [40, 32],
    ] as const) {
      const calls = Array.from({ length: count }, (_, i) => ["glob", { i }]);
      const { ran, requests } = await run([{ calls } as ScriptedReply, done()]);
      expect([count, ran.length - 1]).toEqual([count, wanted]);
      checkPairs(requests[1]?.messages ?? []);
    }
  });

  /** Runs the loop with tools that reject every call but done as invalid_arguments. */
  async function runBroken(replies: ScriptedReply[]): Promise<Run> {
    const requests: Run["requests"] = [];
    const outcome = await runWorkerLoop(
      {
        role: "worker",
        model: "m",
        system: "",
        prompt: "",
        turnsMax: 9,
        contextTokens: 9000,
        returnReasoning: false,
      },
      {
        ask: async ({ messages }) => {
          requests.push({ messages, forced: false });
          return resultOf(replies[requests.length - 1] ?? {}, requests.length);
        },
        call: async (name, text) =>
          name === "done"
            ? { args: JSON.parse(text), result: fine }
            : {
                args: {},
                result: { ...fine, ok: false, text: "bad", errorKind: "invalid_arguments" },
              },
        emit: async () => {},
        record: async () => [""],
        now: () => 0,
      },
    );
    return { outcome, events: [], requests, ran: [] };
  }
});

describe("the turn budget", () => {
  test("a used-up budget ends the run as exhausted, after notes that scale with the budget", async () => {
    for (const [turnsMax, notesExpected] of [
      [3, 0],
      [6, 2],
      [20, 3],
      [50, 3],
    ] as const) {
      const { outcome, requests } = await run((turn) => read(`file ${turn}`), {
        turnsMax,
        role: "researcher",
      });
      expect(outcome).toMatchObject({ verdict: "exhausted" });
      expect(requests).toHaveLength(turnsMax);
      const notes =
        requests
          .at(-1)
          ?.messages.filter((m) => m.role === "user")
          .slice(1) ?? [];
      expect(notes).toHaveLength(notesExpected);
    }
  });

  test("the last two turns of a long budget force done", async () => {
    const { requests } = await run((turn, forced) => (forced ? done() : read(`f${turn}`)), {
      turnsMax: 20,
      role: "researcher",
    });
    expect(requests.map((request) => request.forced).indexOf(true)).toBe(18);
  });

  test("the turn after a refused forced done is not forced", async () => {
    const tool = (name: string) => (name === "done" ? { ok: false, text: "run the tests" } : {});
    const { requests, outcome } = await run(
      (turn, forced) => (forced ? done() : read(`f${turn}`)),
      {
        turnsMax: 20,
        role: "researcher",
        tool,
      },
    );
    expect(requests.slice(-2).map((request) => request.forced)).toEqual([true, false]);
    expect(outcome.verdict).toBe("exhausted");
  });

  test("a request that fails with a forced tool is sent again without it", async () => {
    const { outcome, requests } = await run(
      (turn, forced) =>
        forced ? { fatal: "no tool_choice", status: 400 } : turn < 10 ? read(`f${turn}`) : done(),
      { turnsMax: 10, role: "researcher" },
    );
    expect(outcome.verdict).toBe("complete");
    expect(requests.filter((request) => request.forced)).toHaveLength(1);
  });

  test.each([401, 402, 403, 404, 413, 422, null])(
    "a forced request that fails with status %p is not sent again",
    async (status) => {
      const fatal = { fatal: "refused", ...(status === null ? {} : { status }) };
      const { outcome, requests } = await run(
        (turn, forced) => (forced ? fatal : read(`f${turn}`)),
        { turnsMax: 10, role: "researcher" },
      );
      expect(outcome).toMatchObject({ verdict: "provider_failed", reason: "refused" });
      expect(requests.filter((request) => request.forced)).toHaveLength(1);
      expect(requests.at(-1)?.forced).toBe(true);
    },
  );

  test("a request that is not forced is not sent again for a 400", async () => {
    const { outcome, requests } = await run([{ fatal: "unknown field", status: 400 }]);
    expect([outcome.verdict, requests.length]).toEqual(["provider_failed", 1]);
  });

  test.each([
    [1, 0],
    [3, 0],
    [4, 1],
    [9, 1],
    [10, 2],
    [50, 2],
  ])("of a budget of %i turns the last %i force done", async (turnsMax, forcedTurns) => {
    const { requests } = await run((turn) => read(`f${turn}`), { turnsMax, role: "researcher" });
    const forced = requests.map((request, at) => (request.forced ? at + 1 : 0)).filter(Boolean);
    expect(forced).toEqual(
      Array.from({ length: forcedTurns }, (_, i) => turnsMax - forcedTurns + 1 + i),
    );
  });

  test.each([
    [4, [3, 4]],
    [10, [8, 9]],
    [20, [15, 18, 19]],
    [50, [36, 43, 49]],
    [100, [71, 93, 99]],
  ])("the notes of a budget of %i turns come before the turns %j", async (turnsMax, turns) => {
    const { requests } = await run((turn) => read(`f${turn}`), { turnsMax, role: "researcher" });
    const notesBefore = requests.map(
      ({ messages }) => messages.filter(({ role }) => role === "user").length - 1,
    );
    const added = notesBefore.map((count, at) => count - (notesBefore[at - 1] ?? 0));
    expect(added.flatMap((count, at) => (count > 0 ? [at + 1] : []))).toEqual(turns);
  });

  test("a request that fails with and without the forced tool ends the run as provider_failed", async () => {
    const refused = { fatal: "tool_use_failed; gave up after 4 tries", status: 400 };
    const { outcome, requests } = await run((turn) => (turn < 9 ? read(`f${turn}`) : refused), {
      turnsMax: 10,
      role: "researcher",
    });
    expect(requests.slice(-2).map((request) => request.forced)).toEqual([true, false]);
    expect([outcome.verdict, outcome.reason]).toEqual(["provider_failed", refused.fatal]);
  });
});

describe("D8 no progress", () => {
  const sameResult = { tool: () => ({ text: "the same, after 12 ms" }) };

  test("repeating a call with the same result gives a warning, then ends the run", async () => {
    const { outcome, requests, events } = await run([read("a")], sameResult);
    expect(requests).toHaveLength(5);
    expect(outcome.verdict).toBe("no_progress");
    expect(outcome.reason).toContain("read_file was called 5 times in a row");
    expect(events.filter((event) => event.type === "warning")).toHaveLength(1);
  });

  test("results that differ only in numbers count as the same", async () => {
    const tool = (_: string, __: unknown, nth: number) => ({ text: `1 failed in ${nth * 1.5} ms` });
    expect((await run([read("a")], { tool })).requests).toHaveLength(5);
  });

  test("a cycle of calls without a new result ends the run", async () => {
    const cycle = ["a", "b", "c"];
    const { outcome, requests } = await run((turn) => read(cycle[turn % 3] ?? ""), sameResult);
    expect(requests).toHaveLength(3 + 8);
    expect(outcome.reason).toContain("only repeated");
  });

  test("many turns without a file change end the run of a worker, not of a researcher", async () => {
    const reading = (turn: number) => read(`file ${turn}`);
    const { outcome, requests } = await run(reading);
    expect([outcome.verdict, requests.length]).toEqual(["no_progress", 35]);
    expect((await run(reading, { role: "researcher" })).outcome.verdict).toBe("exhausted");
  });

  test("alternating edits and failing tests count as progress", async () => {
    const steps = (turn: number): ScriptedReply =>
      turn % 2 === 0 ? { calls: [["run_tests", {}]] } : { calls: [["edit_file", { turn }]] };
    const { outcome } = await run(steps, { tool: () => ({ text: "1 failed" }) });
    expect(outcome.verdict).toBe("exhausted");
  });
});

describe("the history", () => {
  test("the history stays within 60 % of the context and keeps system prompt, task and whole turns", async () => {
    const contextTokens = 4000;
    const { requests, events } = await run(
      (turn) =>
        turn < 30
          ? {
              calls: [
                ["edit_file", { turn }],
                ["grep", { turn }],
              ],
            }
          : done(),
      { contextTokens, tool: () => ({ text: "x".repeat(900) }) },
    );
    expect(requests).toHaveLength(30);
    for (const { messages } of requests) {
      checkPairs(messages);
      expect(messages.slice(0, 2).map((message) => message.content)).toEqual(["SYSTEM", "TASK"]);
      expect(JSON.stringify(messages).length / 4).toBeLessThan(contextTokens * 0.75);
    }
    expect(events.filter((event) => event.type === "history.cut").length).toBeGreaterThan(2);
  });
});

test("a conversation that the endpoint rejects as too long is halved and sent again, at most twice", async () => {
  const tooLong = { fatal: "maximum context length exceeded", status: 400 };
  const replies: ScriptedReply[] = [read("a"), read("b"), read("c"), tooLong, done()];
  const tool = () => ({ text: "x".repeat(2000) });
  const { outcome, requests } = await run(replies, { tool });
  const [before, after] = requests
    .slice(-2)
    .map((request) => JSON.stringify(request.messages).length);
  expect(outcome.verdict).toBe("complete");
  expect(after ?? 0).toBeLessThan((before ?? 0) / 1.5);
  const stuck = await run([read("a"), tooLong]);
  expect([stuck.outcome.verdict, stuck.requests.length]).toEqual(["provider_failed", 4]);
});

test.each([
  [400, "maximum context length exceeded", true],
  [413, "maximum context length exceeded", true],
  [400, "the context window is full", true],
  [400, "prompt is too long", true],
  [400, "too many tokens", true],
  [400, "input is too large", true],
  [400, "context size exceeded", true],
  [400, "unknown field", false],
  [401, "context length", false],
  [422, "context length", false],
])("a request that fails with %i %p is cut and sent again: %p", async (status, fatal, again) => {
  const tool = () => ({ text: "x".repeat(2000) });
  const { requests } = await run([read("a"), read("b"), { fatal, status }, done()], { tool });
  expect(requests).toHaveLength(again ? 4 : 3);
});

describe("reviewers", () => {
  test("A16 an unreadable verdict is requested again twice, then recorded as not approved", async () => {
    const { outcome, requests } = await run([done({ summary: "looks good to me I guess" })], {
      role: "reviewer",
    });
    expect(requests).toHaveLength(3);
    expect(outcome).toMatchObject({ verdict: "complete", result: { approved: false } });
  });

  test("A16 a verdict given as text instead of with done is accepted", async () => {
    const { outcome } = await run(
      [{ text: '```json\n{"approved": false, "issues": ["x"]}\n```' }],
      {
        role: "reviewer",
      },
    );
    expect(outcome).toMatchObject({ verdict: "complete", result: { approved: false } });
  });

  const approval = '{"status":"complete","summary":"ok","result":{"approved":true}}';
  const rejection = approval.replace("true", "false");
  test.each<[string, ScriptedReply[]]>([
    [
      "done twice in one reply",
      [
        {
          calls: [
            ["done", approval],
            ["done", rejection],
          ],
        },
      ],
    ],
    ["a result twice", [{ calls: [["done", `${rejection.slice(0, -1)},${approval.slice(1)}`]] }]],
    ["approved twice", [{ calls: [["done", approval.replace("{", '{"x":{"a":1,"a":2},')]] }]],
    ["a result that is no verdict", [done({ result: {}, summary: '{"approved": true}' })]],
    [
      "a summary that is a rejection",
      [done({ result: { approved: true }, summary: '{"approved": false}' })],
    ],
    ["text, then nothing", [{ text: '{"approved": true}' }, { text: "" }]],
    ["text, then a refusal", [{ text: '{"approved": true}' }, { text: "I refuse." }]],
    ["a status of incomplete", [done({ status: "incomplete", result: { approved: true } })]],
  ])("A26 a reviewer whose approval comes with %s does not approve", async (_, replies) => {
    const { outcome } = await run(replies, { role: "reviewer" });
    const { approved } = Object(outcome.result) as { approved?: unknown };
    expect(outcome.verdict === "complete" && approved === true).toBe(false);
  });

  test("A26 the arguments of done, and a last text that is the verdict, approve", async () => {
    const answers: ScriptedReply[] = [
      { calls: [["done", approval]] },
      { text: '{"approved": true}' },
    ];
    for (const answer of answers) {
      const { outcome } = await run([answer], { role: "reviewer" });
      expect(outcome).toMatchObject({ verdict: "complete", result: { approved: true } });
    }
  });
});
