/** `dgov land --accept`: a person's way past a finding of the semantic gate. */
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { dgovOnTerminal, keys, terminalProgram } from "../harness/terminal.ts";

/** A unit whose only attempt calls a function with an argument too many, twice; the semantic gate rejects it. */
async function rejected(
  uses = 'export const text = load("a");\n',
): Promise<{ p: TestProject; findings: string[] }> {
  const write = (path: string, content: string) => call("write_file", { path, content });
  const p = await testProject({
    files: {
      "src/store.ts": "export function load(path: string): string {\n  return path;\n}\n",
      "src/show.ts": `import { load } from "./store.ts";\n\n${uses}`,
    },
    tasks: { a: { files: ["src/store.ts"] } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [
            write(
              "src/store.ts",
              "export function load(path: string, limit: number): string {\n  return path.slice(0, limit);\n}\n",
            ),
            done("ok"),
          ],
        },
      ],
    },
  });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  const gates = p.events().filter((e) => e.type === "gate.finished");
  const verdict = gates.findLast(({ data }) => data["gate"] === "semantic");
  const diagnostics = verdict?.data["diagnostics"] as { severity: string; fingerprint: string }[];
  return { p, findings: diagnostics.map(({ fingerprint }) => fingerprint) };
}

describe("accepted findings", () => {
  test.concurrent("review names the command, and the accepted finding lands with a record of it", async () => {
    const { p, findings } = await rejected();
    await using _ = p;
    const [finding = ""] = findings;
    expect(finding).toMatch(/^[0-9a-f]{12}$/);
    const review = await p.dgov(["plan", "review", "p"]);
    expect(review.stdout).toContain(`dgov land ${unit("a")} --accept ${finding}`);

    const requests = p.model.requests.length;
    const landed = await p.dgov(["land", "a", ...findings.flatMap((f) => ["--accept", f]), "-y"]);
    expect(landed).toMatchObject({ exitCode: 0 });
    expect(p.model.requests).toHaveLength(requests);
    expect(await p.landed()).toEqual([unit("a")]);
    expect(await p.repo.git("log", "--format=%B", "-n", "2")).toContain(
      `Dgov-Accepted: signature_drift ${finding}`,
    );
    const accepted = p.events().filter((e) => e.type === "finding.accepted");
    expect(accepted.map(({ data }) => data["fingerprint"])).toEqual(findings);
    const after = await p.dgov(["plan", "review", "p"]);
    expect(after.stdout).toContain("accepted by the operator: src/show.ts:3: signature_drift");
    expect(after.stdout).toContain("final branch: passed");
  });

  test.concurrent("without a yes nothing lands: no terminal, a process of an attempt, an unknown finding", async () => {
    const { p, findings } = await rejected();
    await using _ = p;
    expect(findings.length).toBeGreaterThan(0);
    const args = ["land", "a", ...findings.flatMap((f) => ["--accept", f])];
    const tip = await p.repo.git("rev-parse", "HEAD");

    const alone = await p.dgov(args);
    expect(alone).toMatchObject({ exitCode: 1 });
    expect(alone.stderr).toContain("answer yes on a terminal, or add -y");
    const inAttempt = await p.dgov([...args, "-y"], { DGOV_ATTEMPT: "r/p/a/1" });
    expect(inAttempt).toMatchObject({ exitCode: 1 });
    expect(inAttempt.stderr).toContain("a process of an attempt cannot accept a finding");
    const unknown = await p.dgov(["land", "a", "--accept", "000000000000", "-y"]);
    expect(unknown).toMatchObject({ exitCode: 1 });
    expect(unknown.stderr).toContain(findings[0] ?? "none");

    expect(await p.repo.git("rev-parse", "HEAD")).toBe(tip);
  });

  test.concurrent("a taken worktree that is not the rejected work is judged first", async () => {
    const { p, findings } = await rejected();
    await using _ = p;
    const args = ["land", "a", ...findings.flatMap((f) => ["--accept", f]), "-y"];
    const taken = JSON.parse((await p.dgov(["take", "a", "--json"])).stdout) as { path: string };
    const store = join(taken.path, "src/store.ts");
    const text = readFileSync(store, "utf8");
    writeFileSync(store, `${text}\nexport const more = 1;\n`);
    const refused = await p.dgov(args);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.stderr).toContain("is not the work that was rejected");
    expect(await p.landed()).toEqual([]);
    writeFileSync(store, text);
    expect(await p.dgov(args)).toMatchObject({ exitCode: 0 });
    expect(await p.landed()).toEqual([unit("a")]);
  });

  test.concurrent("one fingerprint for two findings shows and records both", async () => {
    const { p, findings } = await rejected(
      'export const text = load("a");\nexport const two = load("b");\n',
    );
    await using _ = p;
    expect(findings).toHaveLength(2);
    expect(new Set(findings).size).toBe(1);
    const landed = await p.dgov(["land", "a", "--accept", findings[0] ?? "", "-y"]);
    expect(landed).toMatchObject({ exitCode: 0 });
    const review = (await p.dgov(["plan", "review", "p"])).stdout;
    expect(review).toContain("accepted by the operator: src/show.ts:3:");
    expect(review).toContain("accepted by the operator: src/show.ts:4:");
  });

  test.skipIf(terminalProgram === null).each([
    ["y", 0, [unit("a")]],
    [`n${keys.enter}`, 1, []],
  ])(
    "on a terminal the finding is shown and asked about; answer %j",
    async (typed, exitCode, units) => {
      const { p, findings } = await rejected();
      await using _ = p;
      const answered = await dgovOnTerminal(["land", "a", "--accept", findings[0] ?? ""], {
        cwd: p.repo.path,
        env: p.env,
        steps: [["Land it all the same?", typed]],
      });
      expect(answered.stdout).toContain("signature_drift");
      expect(answered.exitCode).toBe(exitCode);
      expect(await p.landed()).toEqual(units);
    },
  );
});
