/** Gates that disturb each other when they run at once, and the lock by which a gate runs alone. */
import { expect, test } from "bun:test";
import { statuses, type TestSettlement, testSettlement, verdict } from "./harness.ts";

/** Refuses to run twice at once, as a server on a fixed port does; holds on until another run was refused. */
const bindsPort = [
  'mkdir "$HOME/port" 2>/dev/null || { echo "port in use"; touch "$HOME/refused"; exit 1; }',
  'until [ -e "$HOME/refused" ]; do sleep 0.02; done',
  'rmdir "$HOME/port"',
].join("\n");

/** Judges two changes at once. */
function judgeTwo(c: TestSettlement) {
  return Promise.all([c.judge({ "a.txt": "a\n" }), c.judge({ "b.txt": "b\n" })]);
}

test.each([
  ["tests", "test_cmd", "pass"],
  ["tests", "test_cmd", "fail"],
  ["lint", "lint_cmd", "pass"],
])(
  "A29 two %s gates that need the same port (%s, flaky = %s) both pass: the refused one is repeated alone",
  async (gate, key, flaky) => {
    await using c = await testSettlement({
      project: { [key]: bindsPort },
      config: { merge: { flaky } },
    });
    const results = await judgeTwo(c);
    expect(results.map(({ passed }) => passed)).toEqual([true, true]);
    expect(results.map((one) => statuses(one)[gate]).sort()).toEqual(["flaky", "passed"]);
    const refused = results.map((one) => verdict(one, gate)).find((v) => v.status === "flaky");
    expect(refused).toMatchObject({
      reason: "failed while other gates ran (exit code 1), then passed with no other gate running",
      blame: null,
    });
  },
);

test("A23 a tests gate that fails beside another gate and alone is charged with its second run", async () => {
  await using c = await testSettlement({
    project: {
      test_cmd: `if [ -e b.txt ]; then\n${bindsPort}\nfi\n[ ! -e bad.txt ] || { echo bad; exit 3; }`,
    },
  });
  const [good, bad] = await Promise.all([
    c.judge({ "a.txt": "a\n", "b.txt": "b\n" }),
    c.judge({ "bad.txt": "x\n", "b.txt": "b\n" }),
  ]);
  expect(good.passed).toBe(true);
  expect(bad.passed).toBe(false);
  expect(verdict(bad, "tests")).toMatchObject({
    status: "failed",
    reason: "exit code 3",
    blame: "attempt",
    tail: expect.stringContaining("bad"),
  });
});

test.each([
  [
    "the target's tip",
    undefined,
    "base",
    "base is red: it fails in the same way without the change (exit code 1)",
  ],
  [
    "a candidate that has not landed",
    "tasks/main.a",
    "other_base",
    "the candidate of tasks/main.a is red: it fails in the same way without the change (exit code 1)",
  ],
])("A23 a failure that the base has, too, names the base: %s", async (_, behind, blame, reason) => {
  await using c = await testSettlement({
    project: { test_cmd: "[ ! -e bad.txt ] || { echo broken; exit 1; }" },
  });
  const base = await c.change({ "bad.txt": "x\n" });
  const result = await c.judge(
    { "bad.txt": "x\n", "b.txt": "b\n" },
    { base, ...(behind === undefined ? {} : { behind }) },
  );
  expect(verdict(result, "tests")).toMatchObject({ status: "failed", blame, reason });
  expect(result.blame).toBe(blame as "base");
});

test("A29 a gate of exclusive_gates runs while no other gate command does", async () => {
  const busy = 'mkdir "$HOME/busy" || exit 1; sleep 0.1; rmdir "$HOME/busy"';
  await using c = await testSettlement({
    project: { lint_cmd: busy, test_cmd: busy, exclusive_gates: ["lint", "tests"] },
  });
  for (const result of await judgeTwo(c)) {
    expect(statuses(result)).toEqual({ lint: "passed", tests: "passed" });
  }
});
