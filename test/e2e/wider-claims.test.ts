/** A rejection that wider claims would avoid: the change of the plan, and `dgov land --claim`. */
import { expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { present } from "../../src/std/assert.ts";
import { testProject, unit } from "../harness/project.ts";

/** Turns of a worker that also writes a file that its task does not claim. */
const turns = (key: string) => [
  call("run_bash", {
    command: `echo new > ${key}.txt; mkdir -p more; echo new > 'more/${key} 1.txt'`,
  }),
  done("ok"),
];

test("E21 a rejected path lands with the printed command, or after the printed change of the plan", async () => {
  await using p = await testProject({
    files: { "a.txt": "old\n", "b.txt": "old\n" },
    tasks: { a: { files: { edit: ["a.txt"] } }, b: { files: ["b.txt"] } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        { unit: unit("a"), turns: turns("a") },
        { unit: unit("b"), turns: turns("b") },
      ],
    },
  });
  const run = await p.dgov(["run", "p"]);
  expect(run.exitCode).toBe(1);
  expect(run.stderr).toContain(`
  to allow it: .dgov/plans/p/tasks/main.toml, [tasks.a]
    files.touch = ["more/a 1.txt"]
  to land it as it is: dgov land ${unit("a")} --claim 'more/a 1.txt'
`);
  expect(run.stderr).toContain(`[tasks.b]\n    files = ["b.txt", "more/b 1.txt"]\n`);
  expect((await p.dgov(["plan", "review", "p"])).stdout).toContain(
    `to land it as it is: dgov land ${unit("b")} --claim 'more/b 1.txt'`,
  );

  const claim = ["land", "a", "--claim", "more/a 1.txt"];
  const asked = await p.dgov(claim);
  expect([asked.exitCode, asked.stderr]).toEqual([
    1,
    "error: claims are widened only by a person\nhint: answer yes on a terminal, or add -y\n",
  ]);
  const inAttempt = await p.dgov([...claim, "-y"], { DGOV_ATTEMPT: "r/p/a/1" });
  expect([inAttempt.exitCode, inAttempt.stderr]).toEqual([
    1,
    expect.stringContaining("a process of an attempt cannot accept a finding or widen claims"),
  ]);
  const reserved = await p.dgov([...claim, "--claim", ".dgov/project.toml", "-y"]);
  expect([reserved.exitCode, reserved.stderr]).toEqual([
    1,
    "error: .dgov/project.toml is reserved: `.dgov` belongs to dgov\nhint: edit the file yourself and commit\n",
  ]);
  const other = await p.dgov(["land", "a", "--claim", "more/b 1.txt", "-y"]);
  expect([other.exitCode, await p.landed()]).toEqual([1, []]);

  expect(await p.dgov([...claim, "-y"])).toMatchObject({ exitCode: 0 });
  expect(await p.landed()).toEqual([unit("a")]);
  expect(await p.repo.git("show", "HEAD:more/a 1.txt")).toBe("new");
  expect(await p.repo.git("log", "--format=%B", "-n", "3")).toContain("Dgov-Claimed: more/a 1.txt");
  const widened = p.events().filter(({ type }) => type === "claims.widened");
  expect(widened.at(-1)?.data["claims"]).toEqual(["more/a 1.txt"]);
  expect((await p.dgov(["plan", "review", "p"])).stdout).toContain(
    "claimed by the operator: more/a 1.txt",
  );

  const rejected = p
    .events()
    .findLast(({ type, unit: of }) => type === "attempt.rejected" && of === unit("b"));
  const { value } = present(rejected, "b was rejected").data["wider_claims"] as { value: string[] };
  p.writePlan({ a: { files: { edit: ["a.txt"] } }, b: { files: value } });
  expect(await p.dgov(["run", "p", "--continue", "--allow-dirty"])).toMatchObject({ exitCode: 0 });
  expect(await p.landed()).toEqual([unit("a"), unit("b")]);
});

test("F10 land of work outside its claims is rejected before any gate runs", async () => {
  await using p = await testProject({
    files: { "a.txt": "old\n" },
    tasks: { a: { files: { edit: ["a.txt"] } } },
    plan: { max_retries: 0 },
    config: { project: { test_cmd: "true", setup_cmd: "true" } },
    script: { rules: [{ unit: unit("a"), turns: turns("a") }] },
  });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  const gatesOf = (run: string): string[] =>
    p
      .events()
      .filter((e) => e.run === run)
      .flatMap(({ type, data }) => {
        const checked = (data["gates"] ?? []) as { gate: string }[];
        if (type === "base.checked") return checked.map(({ gate }) => gate);
        return type === "gate.started" ? [String(data["gate"])] : [];
      });
  const first = p.events().at(-1)?.run ?? "";
  expect(gatesOf(first)).toContain("tests");
  const land = await p.dgov(["land", "a"]);
  const second = p.events().at(-1)?.run ?? "";
  expect([land.exitCode, gatesOf(second)]).toEqual([1, []]);
  expect(land.stderr).toContain("--claim 'more/a 1.txt'");
  expect(land.stderr).not.toContain("judging the base");
  // Within the claims, the base is judged.
  expect((await p.dgov(["land", "a", "--claim", "more/a 1.txt", "-y"])).exitCode).toBe(0);
  expect(gatesOf(p.events().at(-1)?.run ?? "")).toContain("tests");
});
