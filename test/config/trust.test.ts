/** C16: agreements to send a key to an endpoint, as they lie in the user's configuration folder. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isTrusted, recordTrust } from "../../src/config/trust.ts";

const folders: string[] = [];

function user(more: Record<string, string> = {}): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "dgov-trust-"));
  folders.push(folder);
  return { HOME: folder, XDG_CONFIG_HOME: folder, ...more };
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const agreed = { baseUrl: "https://a.example:8443/v1", apiKeyEnv: "A_KEY" };

describe("an agreement", () => {
  test.each([
    ["the pair itself", true, agreed],
    [
      "another path of the same endpoint",
      true,
      { ...agreed, baseUrl: "https://a.example:8443/v2/x" },
    ],
    ["another variable", false, { ...agreed, apiKeyEnv: "AWS_SECRET" }],
    ["another host", false, { ...agreed, baseUrl: "https://b.example:8443/v1" }],
    ["another port", false, { ...agreed, baseUrl: "https://a.example:8444/v1" }],
    ["the default port", false, { ...agreed, baseUrl: "https://a.example/v1" }],
    ["another scheme", false, { ...agreed, baseUrl: "http://a.example:8443/v1" }],
    ["the host as a prefix", false, { ...agreed, baseUrl: "https://a.example.evil:8443/v1" }],
  ])("C16 %s is covered: %p", (_what, expected, pair) => {
    const env = user();
    expect(isTrusted(env, pair)).toBe(false);
    recordTrust(env, agreed);
    expect(isTrusted(env, pair)).toBe(expected);
  });

  test("C16 to two pairs does not agree to one's variable at the other's endpoint", () => {
    const env = user();
    const other = { baseUrl: "https://b.example/v1", apiKeyEnv: "B_KEY" };
    recordTrust(env, agreed);
    recordTrust(env, other);
    recordTrust(env, other);
    expect([agreed, other].map((pair) => isTrusted(env, pair))).toEqual([true, true]);
    expect(isTrusted(env, { ...agreed, apiKeyEnv: "B_KEY" })).toBe(false);
    expect(isTrusted(env, { ...other, apiKeyEnv: "A_KEY" })).toBe(false);
    const file = join(env["XDG_CONFIG_HOME"] ?? "", "dgov/trust.toml");
    expect(readFileSync(file, "utf8").match(/api_key_env/g)).toHaveLength(2);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.each([
    ["1", true],
    ["", false],
    ["0", false],
    ["true", false],
  ])("C16 DGOV_TRUST_PROVIDERS=%s stands for all of them: %p", (value, expected) => {
    expect(isTrusted(user({ DGOV_TRUST_PROVIDERS: value }), agreed)).toBe(expected);
  });
});
