import { expect, test } from "bun:test";
import { childVariables } from "./execution-policy.ts";
import { parseConfig } from "./load.ts";

test("C6 the key variables of every provider are denied to children, used or not", () => {
  const provider = (name: string): string =>
    `[providers.${name}]\nbase_url = "https://${name}.example/v1"\napi_key_env = "${name.toUpperCase()}_KEY"\n`;
  const loaded = parseConfig(
    `[project]\nprovider = "b"\n${provider("a")}${provider("b")}[run]\nenv = ["CI", "A_KEY", "B_KEY"]\n`,
    "/project",
  );
  if (!loaded.ok) throw new Error("valid");
  expect(childVariables(loaded.config)).toEqual({
    extra: ["CI", "A_KEY", "B_KEY"],
    deny: ["A_KEY", "B_KEY"],
  });
});
