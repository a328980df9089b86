/** Every key of project.toml is documented, and the documented keys are those in force. */
import { expect, test } from "bun:test";
import { parseConfig } from "../../src/config/load.ts";
import { settingsInForce } from "../../src/config/settings.ts";
import { configurationKeys } from "./configuration-page.ts";

const keys = configurationKeys();

test("every key of project.toml has a description", () => {
  expect(keys.filter(({ means }) => means === "").map(({ key }) => key)).toEqual([]);
});

test("the documented keys are those doctor --config prints, plus those accepted only for older files", () => {
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
[[gates]]
name = "y"
command = "true"
`;
  const loaded = parseConfig(text, "/");
  if (!loaded.ok) throw new Error("the text is wrong");
  const printed = settingsInForce(loaded.config, {}).map(({ key }) =>
    key.replace(/^gates\.y/, "gates").replace(/\.x\b/, ".*"),
  );
  const documented = keys.filter((one) => !one.table).map(({ key }) => key);
  expect(printed.filter((key) => !documented.includes(key))).toEqual([]);
  expect(documented.filter((key) => !printed.includes(key))).toEqual([
    "project.worker_iteration_warn_at",
    "project.llm_base_url",
    "project.llm_api_key_env",
    "verify.*.description",
    "verify.*.log_name",
    "verify.*.parser",
    "gates.name",
  ]);
});
