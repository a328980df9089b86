import { expect, test } from "bun:test";
import { redactorFor } from "./redact.ts";

const key = "fw-Very/Secret+Key=123";
const redactor = redactorFor(key);

test.each([
  ["plain text", key],
  ["base64", Buffer.from(key).toString("base64")],
  ["percent-encoding", encodeURIComponent(key)],
  ["hexadecimal", Buffer.from(key).toString("hex")],
])("C6 the key is redacted in %s", (_, spelling) => {
  expect(redactor.key(`a ${spelling} b`)).toStartWith("a [redacted]");
  expect(redactor.value({ [spelling]: [`x${spelling}`] })).not.toEqual({
    [spelling]: [`x${spelling}`],
  });
});

test.each([
  `sk-proj-${"a1B2".repeat(10)}`,
  `ghp_${"a1B2".repeat(9)}`,
  `AKIA${"ABCD".repeat(4)}`,
  `-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----`,
  `eyJ${"a".repeat(20)}.eyJ${"b".repeat(20)}.${"c".repeat(20)}`,
])("a credential is redacted in recorded values, not in the model's text: %p", (secret) => {
  expect(redactor.value(`a ${secret} b`)).toBe("a [redacted] b");
  expect(redactor.key(secret)).toBe(secret);
});

test("ordinary text and numbers are not redacted", () => {
  const value = { text: "task-based skip-list sk-1", n: 3, list: [null, true] };
  expect(redactor.value(value)).toEqual(value);
});

test("a short placeholder key of a local server is not redacted", () => {
  expect(redactorFor("none").key("none of these")).toBe("none of these");
});

test("C6 a key of eight characters is redacted, one of seven is not", () => {
  expect(redactorFor("12345678").key("a 12345678 b")).toBe("a [redacted] b");
  expect(redactorFor("1234567").key("a 1234567 b")).toBe("a 1234567 b");
});

test("C6 the key is redacted in the names of fields, at every depth", () => {
  expect(redactor.value<object>({ [key]: [{ [`x ${key}`]: 1 }] })).toEqual({
    "[redacted]": [{ "x [redacted]": 1 }],
  });
});
