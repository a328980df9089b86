/**
 * dgov with an independent server: the LiteLLM proxy, which translates between dgov and a scripted
 * server in the dialects of several vendors.
 *
 * `test/toolchains/install.sh DIR` installs it, and `DGOV_TOOLCHAINS=DIR` names its folder; without it
 * the suite is skipped.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { type ScriptedModel, startScriptedModel } from "../../src/demo/scripted-model.ts";
import { scaled } from "../harness/limits.ts";
import { type TaskSpec, testProject, unit } from "../harness/project.ts";
import { type LiteLlm, masterKey, startLiteLlm } from "./litellm.ts";

const program = join(process.env["DGOV_TOOLCHAINS"] ?? "", "litellm/bin/litellm");
const missing = process.env["DGOV_TOOLCHAINS"] === undefined || !existsSync(program);

/** Vendors in whose dialects LiteLLM talks to the scripted server. */
const vendors = ["openai", "mistral", "deepseek", "openrouter", "hosted_vllm"];

const script: ModelScript = {
  rules: vendors.map((name) => ({
    unit: unit(name),
    turns: [
      { text: "I look first.", ...call("read_file", { path: "readme.txt" }) },
      {
        calls: ["1", "2"].map((n) => ({
          tool: "write_file",
          args: { path: `${name}${n}.txt`, content: "Grüße 🙂\n" },
        })),
      },
      done("ok"),
    ],
  })),
};

describe.skipIf(missing)("LiteLLM proxy (skipped without DGOV_TOOLCHAINS)", () => {
  let upstream: ScriptedModel;
  let proxy: LiteLlm;

  beforeAll(async () => {
    upstream = await startScriptedModel(script);
    const at = { api_base: upstream.baseUrl, api_key: "sk-upstream" };
    proxy = await startLiteLlm(program, [
      ...vendors.map((name): [string, object] => [name, { model: `${name}/scripted`, ...at }]),
      ["words", { model: "openai/none", api_key: "x", mock_response: "All done!" }],
      ["busy", { model: "openai/none", api_key: "x", mock_response: "litellm.RateLimitError" }],
    ] as [string, Record<string, unknown>][]);
  }, scaled(120_000));

  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await upstream.stop();
  });

  /** Runs a plan with one task per model; returns the landed units and the reasons of failed ones. */
  async function run(models: string[], settings: object, key: string) {
    const tasks = models.map((name): [string, TaskSpec] => [
      name,
      { agent: name, files: { create: [`${name}1.txt`, `${name}2.txt`] } },
    ]);
    await using p = await testProject({
      tasks: Object.fromEntries(tasks),
      plan: { max_retries: 0 },
      config: { providers: { test: { base_url: proxy.baseUrl, retries: 1, ...settings } } },
      script: { rules: [] },
      env: { TEST_KEY: key },
    });
    const ended = await p.dgov(["run", "p", "--json"]);
    if (!ended.stdout.includes('"units"')) throw new Error(ended.stdout + ended.stderr);
    const { units, prompt_tokens } = JSON.parse(ended.stdout) as {
      units: { unit: string; phase: string; reason: string | null }[];
      prompt_tokens: number;
    };
    const failed = units.filter(({ phase }) => phase !== "landed").map(({ reason }) => reason);
    return { landed: (await p.landed()).toSorted(), failed, tokens: prompt_tokens };
  }

  test.each([
    ["with streaming", {}],
    ["without streaming", { stream: false }],
    [
      "with one tool call at a time",
      { parallel_tool_calls: false, max_tokens: 4096, temperature: 0 },
    ],
  ])(
    "work lands through the LiteLLM proxy in every dialect, %s",
    async (_, settings) => {
      const ended = await run(vendors, settings, masterKey);
      expect(ended.failed).toEqual([]);
      expect(ended.landed).toEqual(vendors.map(unit).toSorted());
      expect(ended.tokens).toBeGreaterThan(1000);
    },
    scaled(240_000),
  );

  test.each<[string, string, RegExp, string]>([
    ["an answer without a tool call", "words", /replied without calling a tool/, masterKey],
    ["a persistent 429", "busy", /429.*gave up after 2 tries/, masterKey],
    ["an unknown model", "absent", /answered 40\d: .*absent/, masterKey],
    ["a wrong key", "openai", /answered 40[01]: /, "sk-wrong"],
  ])(
    "%s of the LiteLLM proxy fails the unit with its message",
    async (_, model, words, key) => {
      const ended = await run([model], { retry_after_max_s: 1 }, key);
      expect(ended.landed).toEqual([]);
      expect(ended.failed).toEqual([expect.stringMatching(words)]);
    },
    scaled(240_000),
  );
});
