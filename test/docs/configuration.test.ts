/** Every key of project.toml is documented, and in force as documented. */
import { expect, test } from "bun:test";
import { parseConfig } from "../../src/config/load.ts";
import { settingsInForce } from "../../src/config/settings.ts";
import { configurationKeys } from "./configuration-page.ts";

const keys = await configurationKeys();

test("every key says what it means", () => {
  expect(keys.filter(({ means }) => means === "").map(({ key }) => key)).toEqual([]);
});

test("the keys are those doctor --config prints, and a few that older files have", () => {
  const text = `[providers.x]
base_url = "http://localhost"
api_key_env = "X"
[agents]
x = "m"
[conventions]
x = "m"
[departments]
x = ["src/**"]
[verify.x]
command = "true"
`;
  const loaded = parseConfig(text, "/");
  if (!loaded.ok) throw new Error("the text is wrong");
  const printed = settingsInForce(loaded.config, {}).map(({ key }) => key.replace(/\.x\b/, ".*"));
  const documented = keys.filter((one) => !one.table).map(({ key }) => key);
  expect(printed.filter((key) => !documented.includes(key))).toEqual([]);
  expect(documented.filter((key) => !printed.includes(key))).toEqual([
    "project.llm_api_key_env",
    "project.llm_base_url",
    "project.worker_iteration_warn_at",
    "verify.*.description",
    "verify.*.log_name",
    "verify.*.parser",
  ]);
});
