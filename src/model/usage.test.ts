import { describe, expect, test } from "bun:test";
import { costOf, usageOf } from "./usage.ts";

const usage = { promptTokens: 1_000_000, cachedTokens: 400_000, completionTokens: 100_000 };

test("cached tokens are charged at the cached price only", () => {
  expect(costOf(usage, { input: 2, cached: 0.5, output: 10 })).toBeCloseTo(1.2 + 0.2 + 1);
});

test("more cached than prompt tokens cost no more than the prompt", () => {
  const odd = { promptTokens: 1_000_000, cachedTokens: 3_000_000, completionTokens: 0 };
  expect(costOf(odd, { input: 2, cached: 0.5, output: 10 })).toBeCloseTo(0.5);
});

test("the cost is null without a price", () => {
  expect(costOf(usage, null)).toBeNull();
});

const anthropic = { cache_creation_input_tokens: 300, cache_read_input_tokens: 600 };

describe("usageOf", () => {
  // Objects as servers send them: [server, usage, prompt, cached and completion tokens].
  test.each<[string, object, [number, number, number]]>([
    [
      "OpenAI",
      {
        prompt_tokens: 1000,
        completion_tokens: 50,
        total_tokens: 1050,
        prompt_tokens_details: { cached_tokens: 640, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 20 },
      },
      [1000, 640, 50],
    ],
    [
      "DeepSeek",
      {
        prompt_tokens: 1000,
        completion_tokens: 50,
        total_tokens: 1050,
        prompt_cache_hit_tokens: 896,
        prompt_cache_miss_tokens: 104,
      },
      [1000, 896, 50],
    ],
    [
      "LiteLLM before Anthropic, whose prompt tokens include the cache",
      { prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1050, ...anthropic },
      [1000, 600, 50],
    ],
    [
      "a proxy whose prompt tokens exclude the cache, by the total",
      { prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1950, ...anthropic },
      [1900, 600, 50],
    ],
    [
      "a proxy whose prompt tokens exclude the cache, without a total",
      { prompt_tokens: 12, completion_tokens: 50, ...anthropic },
      [912, 600, 50],
    ],
    [
      "a proxy that passes on Anthropic's names",
      { input_tokens: 1000, output_tokens: 50, ...anthropic },
      [1900, 600, 50],
    ],
    [
      "a proxy that passes on the names of OpenAI's responses",
      { input_tokens: 1000, input_tokens_details: { cached_tokens: 640 }, output_tokens: 50 },
      [1000, 640, 50],
    ],
    [
      "Moonshot",
      { prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1050, cached_tokens: 512 },
      [1000, 512, 50],
    ],
    [
      "Gemini, whose total includes thoughts that the completion tokens lack",
      { prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1350 },
      [1000, 0, 350],
    ],
    [
      "xAI, whose total includes reasoning that the completion tokens lack",
      {
        prompt_tokens: 1000,
        completion_tokens: 50,
        total_tokens: 1250,
        prompt_tokens_details: { cached_tokens: 320 },
        completion_tokens_details: { reasoning_tokens: 200 },
      },
      [1000, 320, 250],
    ],
    ["Ollama, with the two counts alone", { prompt_tokens: 7, completion_tokens: 3 }, [7, 0, 3]],
    [
      "vLLM, with null for what it does not count",
      { prompt_tokens: 7, total_tokens: 10, completion_tokens: 3, prompt_tokens_details: null },
      [7, 0, 3],
    ],
  ])("E18 tokens are read from the usage of %s", (_, usage, [prompt, cached, completion]) => {
    expect(usageOf(usage)).toEqual({
      promptTokens: prompt,
      cachedTokens: cached,
      completionTokens: completion,
    });
  });

  test.each([[undefined], [null], [{}], [{ prompt_tokens: 0, completion_tokens: 0 }], ["7"]])(
    "E18 usage without counts is unknown, not 0: %j",
    (usage) => {
      expect(usageOf(usage)).toBeNull();
    },
  );
});
