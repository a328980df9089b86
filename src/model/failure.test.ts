import { describe, expect, test } from "bun:test";
import { classifyFailure } from "./failure.ts";

const of = { baseUrl: "http://llm/v1", usage: null };
const retried = new Set([408, 409, 425, 429]);
const statuses = Array.from({ length: 200 }, (_, i) => 400 + i);

describe("a failure with an HTTP status", () => {
  test("D7 is retriable for 408, 409, 425, 429 and every 5xx, and fatal for every other 4xx", () => {
    const found = statuses.filter(
      (status) => classifyFailure({ status, message: "x" }, of).kind === "retriable",
    );
    expect(found).toEqual(statuses.filter((status) => status >= 500 || retried.has(status)));
  });

  test("D7 blames key, account, address or model for 401 to 405 and 410, the request for other 4xx", () => {
    const refusals = statuses.map((status) => {
      const failure = classifyFailure({ status, message: "x" }, of);
      return failure.kind === "fatal" ? failure.refused : null;
    });
    const always = statuses.filter((_, at) => refusals[at] === "always");
    expect(always).toEqual([401, 402, 403, 404, 405, 410]);
    expect(refusals[statuses.indexOf(400)]).toBe("request");
  });

  test("D7 pauses all workers for a 429, and for others with Retry-After", () => {
    const limited = (status: number, header?: string) => {
      const headers = new Headers(header === undefined ? {} : { "retry-after": header });
      const failure = classifyFailure({ status, message: "x", headers }, of);
      return failure.kind === "retriable" ? [failure.limited, failure.retryAfterMs] : null;
    };
    expect(limited(429)).toEqual([true, null]);
    expect(limited(503)).toEqual([false, null]);
    expect(limited(503, "7")).toEqual([true, 7000]);
    expect(limited(429, "7")).toEqual([true, 7000]);
  });

  test.each<[string, unknown, number | null]>([
    ["its status", { status: 418, message: "x" }, 418],
    ["its status_code", { status_code: 418, message: "x" }, 418],
    ["its code, in a stream", { code: 418, message: "x" }, 418],
    ["its code as text", { code: "418", message: "x" }, 418],
    ["its cause", { message: "x", cause: { status: 418 } }, 418],
    ["no number that is no status", { code: 20_418, message: "x" }, null],
  ])("has it from %s", (_, error, status) => {
    expect(classifyFailure(error, of).status).toBe(status);
  });

  test("is retriable when the model wrote a malformed call, whatever the status", () => {
    const malformed = { status: 400, code: "tool_use_failed", message: "x" };
    expect(classifyFailure(malformed, of).kind).toBe("retriable");
    expect(classifyFailure({ ...malformed, code: "other" }, of).kind).toBe("fatal");
  });

  test.each([
    ["Use 'max_completion_tokens' instead", 'max_tokens_field = "max_completion_tokens"'],
    ["unknown field stream_options", "stream_usage = false"],
    ["include_usage is unknown", "stream_usage = false"],
    ["parallel_tool_calls is not supported", "parallel_tool_calls"],
    ["only single tool-calls are supported", "parallel_tool_calls"],
    ["reasoning_content must be passed back", "return_reasoning = true"],
    ["temperature is deprecated", "temperature"],
    ["missing API version", "query.api-version"],
    ["missing api-version", "query.api-version"],
    ["streaming is not supported", "stream = false"],
    ["'stream' unsupported", "stream = false"],
    ["unsupported value: stream", "stream = false"],
  ])("names the setting that resolves %p", (message, setting) => {
    const { reason } = classifyFailure({ status: 400, message }, of);
    expect(reason).toBe(`the endpoint answered 400: ${message} (see ${setting} in [providers])`);
    expect(classifyFailure({ status: 500, message }, of).reason).not.toContain("[providers]");
  });
});

describe("a failure without a status", () => {
  test.each([
    ["UnexpectedRedirect", "fatal", "http://llm/v1 redirects to another address"],
    ["ERR_INVALID_URL", "fatal", "base_url http://llm/v1 is not a URL"],
    ["ECONNREFUSED", "retriable", "no usable answer: gone (ECONNREFUSED)"],
  ])("of the code %s is %s", (code, kind, reason) => {
    const error = Object.assign(new Error("gone"), { code });
    const failure = classifyFailure(error, of);
    expect([failure.kind, failure.status]).toEqual([kind as "fatal", null]);
    expect(failure.reason).toStartWith(reason);
  });

  test("keeps 500 characters of the message", () => {
    const { reason } = classifyFailure({ message: "x".repeat(600) }, of);
    expect(reason.length).toBeLessThan(600);
    expect(reason).toContain("x".repeat(490));
  });
});
