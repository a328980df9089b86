/** `run` and `preflight` as a step of GitHub Actions: annotations on stderr, and the step summary. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { testProject } from "../harness/project.ts";

const script: ModelScript = {
  rules: [
    {
      unit: "tasks/main.good",
      turns: [call("write_file", { path: "good.txt", content: "good\n" }), done("ok")],
    },
    {
      unit: "tasks/main.bad",
      turns: [call("write_file", { path: "bad.txt", content: "bad\n" }), done("ok")],
    },
    {
      unit: "tasks/main.wide",
      turns: [
        call("write_file", { path: "wide.txt", content: "wide\n" }),
        call("run_bash", { command: "echo x > other.txt" }),
        done("ok"),
      ],
    },
  ],
};

/** Prints the position of every line that is "bad". */
const lint = `for f in *.txt; do grep -n '^bad$' "$f" | while IFS=: read -r n _; do echo "$f:$n:1: 100% bad, really"; done; done; ! grep -q '^bad$' *.txt`;

function step(root: string): { env: Record<string, string>; summary(): string } {
  const path = join(root, ".dgov/runtime-summary.md");
  return {
    env: { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: path, GITHUB_WORKSPACE: join(root, "..") },
    summary: () => (existsSync(path) ? readFileSync(path, "utf8") : ""),
  };
}

test.concurrent("a run in GitHub Actions annotates diagnostics and rejections, and writes a summary", async () => {
  await using p = await testProject({
    dir: "app",
    tasks: { good: {}, bad: {}, wide: {} },
    plan: { max_retries: 0 },
    config: { project: { lint_cmd: lint } },
    script,
  });
  const github = step(p.root);
  const run = await p.dgov(["run", "p", "--json", "--quiet"], github.env);
  expect(run.exitCode).toBe(1);
  expect(JSON.parse(run.stdout)).toMatchObject({ schema: "dgov.run/1", exit_code: 1 });
  const lines = run.stderr.split("\n").filter((line) => line.startsWith("::"));
  expect(lines).toContain(
    "::error file=app/bad.txt,line=1,col=1,title=lint%3A tasks/main.bad::100%25 bad, really",
  );
  expect(lines.filter((line) => line.startsWith("::error title=tasks/main.wide::"))).toHaveLength(
    1,
  );
  expect(lines.join("\n")).not.toContain("tasks/main.good");
  const summary = github.summary();
  expect(summary).toContain("## dgov: p\n");
  expect(summary).toMatch(
    /\| tasks\/main\.good \| landed \| 1 \| .*lint passed.* \| [0-9a-f]{10} \| {2}\|/,
  );
  expect(summary).toMatch(/\| tasks\/main\.bad \| failed \| 1 \| .*lint failed/);
  expect(summary).toContain("dgov run p --continue");
});

test.concurrent("an invalid plan is annotated at its line in GitHub Actions, and only there", async () => {
  await using p = await testProject({ tasks: { a: { depends_on: ["b"] } }, script });
  const github = step(p.root);
  const args = ["run", "p", "--json", "--quiet"];
  const annotated = await p.dgov(args, { ...github.env, GITHUB_WORKSPACE: p.root });
  expect(annotated.exitCode).toBe(3);
  expect(annotated.stderr).toMatch(/^::error file=\.dgov\/plans\/p\/tasks\/main\.toml,line=\d+,/m);
  expect(github.summary()).toBe("");
  expect((await p.dgov(args)).stderr).not.toContain("::");
});

test.concurrent("preflight in GitHub Actions annotates the diagnostics of its gates", async () => {
  await using p = await testProject({
    files: { "old.txt": "fine\n" },
    tasks: { good: {} },
    config: { project: { lint_cmd: lint } },
    script,
  });
  const github = step(p.root);
  const passed = await p.dgov(["preflight", "--json"], github.env);
  expect([passed.exitCode, passed.stderr.includes("::error")]).toEqual([0, false]);
  await Bun.write(join(p.root, "new.txt"), "fine\nbad\n");
  const failed = await p.dgov(["preflight", "--json"], { ...github.env, GITHUB_WORKSPACE: p.root });
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toContain(
    "::error file=new.txt,line=2,col=1,title=lint::100%25 bad, really\n",
  );
  expect(github.summary()).toMatch(
    /## dgov preflight: passed\n[\s\S]*## dgov preflight: failed\n[\s\S]*\| lint \| failed \|/,
  );
});
