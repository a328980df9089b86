/** P5: keys are sent only to endpoints that the user has trusted. */
import { expect, test } from "bun:test";
import { done } from "../../src/demo/script.ts";
import { testProject, unit } from "../harness/project.ts";

const script = {
  rules: [{ unit: unit("a"), turns: [done("no", { status: "blocked" as const })] }],
};

test.concurrent("C16 the key is not sent to an untrusted endpoint of a cloned repository", async () => {
  await using p = await testProject({ tasks: { a: {} }, script });
  const refused = await p.dgov(["run", "p", "--json"], { DGOV_TRUST_PROVIDERS: "" });
  expect(JSON.parse(refused.stdout)).toMatchObject({ code: "PROVIDER_UNTRUSTED", exit_code: 4 });
  expect(p.model.requests).toEqual([]);
  // Trust given with -y is stored in the user's own folder.
  await p.dgov(["run", "p", "-y"], { DGOV_TRUST_PROVIDERS: "" });
  expect(p.model.requests.length).toBeGreaterThan(0);
  const requestsBefore = p.model.requests.length;
  await p.dgov(["run", "p", "--restart"], { DGOV_TRUST_PROVIDERS: "" });
  expect(p.model.requests.length).toBeGreaterThan(requestsBefore);
});

test.concurrent("a missing key and the placeholders of init are reported before the run starts", async () => {
  await using p = await testProject({ tasks: { a: {} }, script });
  const missing = await p.dgov(["run", "p", "--json"], { TEST_KEY: "" });
  expect(JSON.parse(missing.stdout)).toMatchObject({ code: "KEY_MISSING", exit_code: 4 });
  const fresh = await p.dgov(["init", "--force", "-y"]);
  expect(fresh.exitCode).toBe(0);
  const placeholder = await p.dgov(["run", "p", "--json"]);
  expect(JSON.parse(placeholder.stdout)).toMatchObject({ exit_code: 4 });
  expect(p.model.requests).toEqual([]);
});

test.concurrent("B7 E9 init adds missing files, keeps a backup with --force, and can be repeated", async () => {
  await using p = await testProject({ tasks: { a: {} }, script });
  const before = p.repo.read(".dgov/project.toml");
  const first = JSON.parse((await p.dgov(["init", "-y", "--json"])).stdout);
  expect(first.created).toContain(".dgov/governor.md");
  expect(p.repo.read(".dgov/project.toml")).toBe(before);
  const again = await p.dgov(["init", "-y", "--json"]);
  expect([again.exitCode, JSON.parse(again.stdout).created]).toEqual([0, []]);
  const forced = JSON.parse((await p.dgov(["init", "-y", "--force", "--json"])).stdout);
  expect(p.repo.read(forced.backed_up[0])).toBe(before);
});
