import { describe, expect, test } from "bun:test";
import { failureTexts, settingHint, troubles } from "./troubles.ts";

const url = "https://a.example/v1";
const samples: Record<keyof typeof failureTexts, string> = {
  redirect: failureTexts.redirect(url),
  badUrl: failureTexts.badUrl("nowhere"),
  noCompletion: failureTexts.noCompletion(url, "text/html"),
  requestTimeout: failureTexts.requestTimeout(120),
  idleTimeout: failureTexts.idleTimeout(0.5),
  tooLarge: failureTexts.tooLarge(),
  noChoices: failureTexts.noChoices(),
  incomplete: failureTexts.incomplete(),
  aborted: failureTexts.aborted(),
  noConnection: failureTexts.noConnection("Connection error. (ECONNREFUSED)"),
  status: failureTexts.status(418, "teapot"),
  failed: failureTexts.failed("Model unloaded."),
};

describe("troubles", () => {
  test.each(Object.entries(samples))("D7 the failure %s has a row: %s", (_, text) => {
    expect(troubles.filter(({ pattern }) => pattern.test(text))).toHaveLength(1);
  });

  test.each(Array.from({ length: 200 }, (_, i) => 400 + i))(
    "D7 the status %d has a row",
    (status) => {
      const text = failureTexts.status(status, "x");
      expect(troubles.some(({ pattern }) => pattern.test(text))).toBe(true);
    },
  );

  test.each([
    [failureTexts.status(401, "bad key"), "api_key_env and auth"],
    [failureTexts.status(402, "no credit"), null],
    [failureTexts.status(404, "no such model"), "base_url and default_agent"],
    [`${failureTexts.status(429, "slow down")}; gave up after 7 tries`, "max_concurrent,"],
    [failureTexts.status(400, "This model's maximum context length is 8192"), "context_tokens"],
    [failureTexts.status(400, '"auto" tool choice requires --enable-auto-tool-choice'), null],
    [failureTexts.status(400, "'temperature' does not support 0"), "temperature"],
    [failureTexts.requestTimeout(120), "request_timeout_s"],
    [failureTexts.incomplete(), "stream = false"],
    [failureTexts.status(400, "teapot"), null],
  ])("D7 a reason names the setting that may help: %s", (reason, setting) => {
    const hint = settingHint(reason);
    if (setting === null) expect(hint).toBe("");
    else expect(hint).toStartWith(` (see ${setting}`);
  });
});
