/** `compile`, `validate` and `init-plan` on real projects. */
import { describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openProjectLog } from "../../src/app/open-log.ts";
import { Plans } from "../../src/app/plan-summary.ts";
import { startScriptedModel } from "../../src/demo/scripted-model.ts";
import { filesOnDisk } from "../../src/plan/plan-files.ts";
import { type DgovRun, dgov } from "../harness/bin.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";

const provider = `[providers.llm]
base_url = "http://127.0.0.1:9/v1"
api_key_env = "TEST_KEY"
default_agent = "m"
`;
const rootToml = '[plan]\nname = "p"\nsections = ["tasks"]\n';
const task = `[tasks.a]
summary = "Add a Python thing"
prompt = """
Orient
Edit
Verify
"""
commit_message = "feat: a"
files.create = ["a.py"]
`;
const sop = `---
name: python
title: Python
summary: How Python looks
applies_to: [python]
priority: must
---
${["When", "Do", "Do Not", "Verify", "Escalate"].map((name) => `## ${name}\n- x\n`).join("\n")}`;

const plan = ".dgov/plans/p";
const files = {
  ".dgov/project.toml": `[sops]\npicker = "rules"\n\n${provider}`,
  [`${plan}/_root.toml`]: rootToml,
  [`${plan}/tasks/main.toml`]: task,
  "README.md": "x\n",
};

type Run = (...args: string[]) => Promise<DgovRun>;

async function project(more: Record<string, string> = {}): Promise<{ repo: TestRepo; run: Run }> {
  const repo = await testRepo({ ...files, ...more });
  return { repo, run: (...args) => dgov(args, { cwd: repo.path, env: repo.env }) };
}

function document(run: DgovRun): Record<string, unknown> {
  return JSON.parse(run.stdout) as Record<string, unknown>;
}

describe("compile", () => {
  test("P6 compile writes the same bytes each time", async () => {
    const { repo, run } = await project();
    await using _ = repo;
    const first = await run("compile", "p", "--json");
    const bytes = repo.read(`${plan}/_compiled.toml`);
    const second = await run("compile", plan);
    expect(repo.read(`${plan}/_compiled.toml`)).toBe(bytes);
    expect(document(first)).toMatchObject({
      schema: "dgov.compile/1",
      plan: "p",
      status: "compiled",
      dry_run: false,
      edges: 0,
      warnings: [],
      units: [{ unit: "tasks/main.a", role: "worker", sops: [], sops_picked_by: "none" }],
    });
    expect(second.stdout).toBe(`compiled 1 unit, 0 edges -> ${plan}/_compiled.toml\n`);
    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
  });

  test("F7 compile warns of a manifest without the lockfile that git tracks", async () => {
    const claims = task.replace("files.create", 'files.edit = ["lib/Cargo.toml"]\nfiles.create');
    const { repo, run } = await project({
      [`${plan}/tasks/main.toml`]: claims,
      "lib/Cargo.toml": "x\n",
      "Cargo.lock": "x\n",
    });
    await using _ = repo;
    const warning = "`lib/Cargo.toml` is claimed without its lockfile `Cargo.lock`";
    expect(await run("compile", "p")).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining(warning),
    });
    await repo.git("rm", "-q", "--cached", "Cargo.lock");
    await repo.git("commit", "-q", "-m", "no lockfile");
    expect((await run("compile", "p")).stderr).not.toContain(warning);
  });

  test("B6 a failed or dry compile keeps the compiled file", async () => {
    const { repo, run } = await project();
    await using _ = repo;
    expect((await run("compile", "p")).exitCode).toBe(0);
    const bytes = repo.read(`${plan}/_compiled.toml`);
    repo.write(`${plan}/tasks/main.toml`, task.replace("Add a", "Add another"));
    expect((await run("compile", "p", "--dry-run")).exitCode).toBe(0);
    expect(repo.read(`${plan}/_compiled.toml`)).toBe(bytes);
    repo.write(`${plan}/tasks/main.toml`, task.replace('"feat: a"', '""'));
    expect((await run("compile", "p")).exitCode).toBe(3);
    expect(repo.read(`${plan}/_compiled.toml`)).toBe(bytes);
    expect(readdirSync(join(repo.path, plan)).sort()).toEqual([
      "_compiled.toml",
      "_root.toml",
      "tasks",
    ]);
  });

  test("a dry compile creates no file", async () => {
    const { repo, run } = await project();
    await using _ = repo;
    expect((await run("compile", "p", "--dry-run", "--graph")).exitCode).toBe(0);
    expect(await repo.git("status", "--porcelain", "--ignored")).toBe("");
  });

  test("E3 E8 compile errors name file, line and task, in text and in one JSON document", async () => {
    const broken = task.replace("summary", "sumary").replace('["a.py"]', '["../a.py"]');
    const { repo, run } = await project({ [`${plan}/tasks/main.toml`]: broken });
    await using _ = repo;
    const text = await run("compile", "p");
    const json = await run("compile", "p", "--json");
    expect(text.stdout).toBe("");
    expect(text.stderr).toContain(`--> ${plan}/tasks/main.toml:2:1 (tasks/main.a)`);
    expect(document(json)).toMatchObject({
      schema: "dgov.error/1",
      code: "PLAN_INVALID",
      exit_code: 3,
      diagnostics: [
        { code: "missing-key" },
        { code: "unknown-key", line: 2 },
        { code: "bad-claim", line: 9, unit: "tasks/main.a" },
      ],
    });
    expect([text.exitCode, json.exitCode]).toEqual([3, 3]);
  });

  test("a claim that git ignores is an error, unless the file is tracked", async () => {
    const { repo, run } = await project({ ".gitignore": "*.py\n/out/\n" });
    await using _ = repo;
    const refused = await run("compile", "p", "--json");
    repo.write("a.py", "x\n");
    await repo.git("add", "-f", "a.py");
    await repo.git("commit", "-qm", "tracked although ignored");
    const accepted = await run("compile", "p", "--json");
    repo.write(`${plan}/tasks/main.toml`, task.replace("a.py", "out/"));
    const folder = await run("compile", "p", "--json");
    const codes = [refused, folder].map((r) =>
      (document(r)["diagnostics"] as { code: string }[]).map(({ code }) => code),
    );
    expect(codes).toEqual([["ignored-claim"], ["ignored-claim"]]);
    expect(accepted.exitCode).toBe(0);
  });

  test("E15 claims in a project below the repository's root are relative to the project", async () => {
    const below = Object.fromEntries(
      Object.entries(files).map(([path, text]) => [`sub dir/${path}`, text]),
    );
    const repo = await testRepo({ ...below, ".gitignore": "/sub dir/a.py\n" });
    await using _ = repo;
    const run = await dgov(["compile", "p", "--json"], {
      cwd: join(repo.path, "sub dir"),
      env: repo.env,
    });
    expect(document(run)).toMatchObject({
      diagnostics: [{ code: "ignored-claim", file: `${plan}/tasks/main.toml` }],
    });
  });

  test("C10 a prompt file that is a link out of the project is not read", async () => {
    const { repo, run } = await project({
      [`${plan}/tasks/main.toml`]: task.replace(
        /prompt = """[\s\S]*"""/,
        'prompt_file = "link.md"',
      ),
    });
    await using _ = repo;
    writeFileSync(join(repo.root, "secret.md"), "secret");
    symlinkSync(join(repo.root, "secret.md"), join(repo.path, plan, "tasks/link.md"));
    const result = await run("compile", "p");
    expect(result.stderr).toContain("the prompt file `link.md` is a link that leaves the project");
    expect(result.exitCode).toBe(3);
  });

  test("placeholders of init are reported by file and line, and nothing is compiled", async () => {
    const { repo, run } = await project({
      ".dgov/project.toml": provider.replace(
        "http://127.0.0.1:9/v1",
        "https://provider.example.com/v1",
      ),
    });
    await using _ = repo;
    const refused = await run("compile", "p");
    expect(refused.stderr).toContain(
      ".dgov/project.toml:1: [providers.llm] still holds the placeholders",
    );
    expect(refused.exitCode).toBe(4);
    expect(existsSync(join(repo.path, plan, "_compiled.toml"))).toBe(false);
    expect((await run("compile", "p", "--dry-run")).exitCode).toBe(0);
  });

  test("compile --show prints the worker's first request, with sizes", async () => {
    const { repo, run } = await project({ ".dgov/sops/python.md": sop });
    await using _ = repo;
    const shown = await run("compile", "p", "--show", "a");
    expect(shown.stdout).toContain("Unit: tasks/main.a");
    expect(shown.stdout).toContain("SOP: Python (must)");
    expect(shown.stdout).toMatch(
      /\nuser message: \d+ bytes\n {2}sop python: \d+ bytes\n {2}task: \d+ bytes\n2\d tools /,
    );
    const json = document(await run("compile", "p", "--show=a", "--json"));
    const { prompt, bytes } = json["show"] as { prompt: string; bytes: number };
    expect(Buffer.byteLength(prompt)).toBe(bytes);
  });

  test("compile --explain-sops prints the picker and the reasons", async () => {
    const { repo, run } = await project({ ".dgov/sops/python.md": sop });
    await using _ = repo;
    const explained = await run("compile", "p", "--dry-run", "--explain-sops");
    expect(explained.stdout).toContain("  tasks/main.a: chosen by rules\n    python (python)\n");
  });

  test("E8 compile rejects an unknown graph format, unit and plan", async () => {
    const { repo, run } = await project();
    await using _ = repo;
    const graph = await run("compile", "p", "--graph=ascii", "--json");
    const unit = await run("compile", "p", "--show", "b", "--json");
    const none = await run("compile", "q", "--json");
    expect([graph, unit, none].map((r) => [r.exitCode, document(r)["code"]])).toEqual([
      [2, "USAGE"],
      [1, "NOT_FOUND"],
      [1, "NOT_FOUND"],
    ]);
  });
});

describe("SOPs picked by the model", () => {
  test("E5 SOPs are picked once, cached by content, and picked again with --recompile-sops", async () => {
    let sops: string[] = ["python"];
    await using model = await startScriptedModel({
      rules: [
        {
          when: ({ tools }) => tools.includes("assign_sops"),
          turns: [
            () => ({
              calls: [
                { tool: "assign_sops", args: { assignments: [{ unit: "tasks/main.a", sops }] } },
              ],
            }),
          ],
        },
      ],
    }).then((m) => ({ ...m, requests: m.requests, [Symbol.asyncDispose]: () => m.stop() }));
    const { repo } = await project({
      ".dgov/project.toml": provider.replace("http://127.0.0.1:9/v1", model.baseUrl),
      ".dgov/sops/python.md": sop,
      ".dgov/sops/other.md": sop
        .replace("name: python", "name: other")
        .replace("[python]", "[other]"),
    });
    await using _ = repo;
    const env = { ...repo.env, TEST_KEY: "k", DGOV_TRUST_PROVIDERS: "1" };
    const compile = async (...args: string[]): Promise<unknown> => {
      const run = await dgov(["compile", "p", "--json", ...args], { cwd: repo.path, env });
      if (run.exitCode !== 0) return document(run)["code"];
      const [unit] = document(run)["units"] as { sops: string[]; sops_picked_by: string }[];
      return [unit?.sops, unit?.sops_picked_by];
    };
    expect(await compile("--dry-run")).toEqual([["python"], "rules"]);
    expect(model.requests.length).toBe(0);
    expect(await compile()).toEqual([["python"], "model"]);
    sops = ["other"];
    expect(await compile()).toEqual([["python"], "model"]);
    expect(model.requests.length).toBe(1);
    expect(await compile("--recompile-sops")).toEqual([["other"], "model"]);
    repo.write(`${plan}/tasks/main.toml`, task.replace("thing", "parser"));
    sops = [];
    expect(await compile()).toEqual([[], "model"]);
    expect(model.requests.length).toBe(3);
    sops = ["nothing-of-the-kind"];
    expect(await compile("--recompile-sops")).toBe("PLAN_INVALID");
  });

  test("C16 SOPs are picked by rules, with a warning, where no key may be sent", async () => {
    const { repo, run } = await project({
      ".dgov/project.toml": provider,
      ".dgov/sops/python.md": sop,
    });
    await using _ = repo;
    const unset = await run("compile", "p");
    expect(unset.stderr).toContain("warning: SOPs are chosen by the rules: TEST_KEY is not set");
    const env = { ...repo.env, TEST_KEY: "k" };
    const untrusted = await dgov(["compile", "p"], { cwd: repo.path, env });
    expect(untrusted.stderr).toContain(
      "you have not agreed yet to send TEST_KEY to http://127.0.0.1:9/v1",
    );
    expect([unset.exitCode, untrusted.exitCode]).toEqual([0, 0]);
    const [toml, trust] = [".dgov/project.toml", { ...env, DGOV_TRUST_PROVIDERS: "1" }];
    repo.write(toml, provider.replace('"m"', '"provider/model-name"'));
    const unedited = await dgov(["compile", "p"], { cwd: repo.path, env: trust });
    expect(unedited.stderr).toContain("[providers.llm] still holds placeholders");
    repo.write(toml, provider);
    const { notes } = JSON.parse((await run("compile", "p", "--json")).stdout);
    expect(notes).toEqual(["SOPs are chosen by the rules: TEST_KEY is not set"]);
  });
});

describe("validate", () => {
  const mistakes: Record<string, string> = {
    "a cycle": `${task}depends_on = ["a"]\n`,
    "a dangling dependency": `${task}depends_on = ["zz"]\n`,
    "an unknown key": `${task}sumary = "x"\n`,
    "a claim outside": task.replace("a.py", "../a.py"),
    "no commit message": task.replace("feat: a", ""),
    "an unknown SOP": `${task}sop_mapping = ["x"]\n`,
    "a syntax error": `${task}]`,
  };

  test.each(Object.entries(mistakes))(
    "E6 validate rejects %s with the diagnostics of compile",
    async (_name, text) => {
      const { repo, run } = await project({ [`${plan}/tasks/main.toml`]: text });
      await using _ = repo;
      const validated = await run("validate", "p", "--json");
      const compiled = await run("compile", "p", "--json");
      expect(document(validated)["diagnostics"]).toEqual(document(compiled)["diagnostics"]);
      expect(document(validated)["valid"]).toBe(false);
      expect([validated.exitCode, compiled.exitCode]).toEqual([1, 3]);
    },
  );

  test("E6 validate accepts a valid plan and its compiled file, and writes nothing", async () => {
    const { repo, run } = await project();
    await using _ = repo;
    const source = await run("validate");
    expect(source.stdout).toBe("p is valid: 1 unit, 0 warnings\n");
    expect(await repo.git("status", "--porcelain", "--ignored")).toBe("");
    await run("compile", "p");
    const compiled = await run("validate", `${plan}/_compiled.toml`, "--json");
    expect(document(compiled)).toEqual({
      schema: "dgov.validate/1",
      plan: "p",
      valid: true,
      units: 1,
      diagnostics: [],
    });
    expect([source.exitCode, compiled.exitCode]).toEqual([0, 0]);
    const file = await run("validate", `${plan}/tasks/main.toml`);
    expect([file.stdout, file.exitCode]).toEqual([source.stdout, 0]);
  });

  test("E6 validate finds the cycle and the unknown dependency of a handwritten compiled file", async () => {
    const byHand = (id: string, deps: string): string =>
      `${task.replace("[tasks.a]", `[tasks."${id}"]`).replace("a.py", `${id}.py`)}depends_on = ${deps}\n`;
    const { repo, run } = await project({
      "by-hand.toml": `[plan]\nname = "x"\nsource_mtime_max = "2026"\n\n${byHand("x", '["y"]')}\n${byHand("y", '["x", "z"]')}`,
    });
    await using _ = repo;
    const result = await run("validate", "by-hand.toml", "--json");
    const found = document(result)["diagnostics"] as { message: string; line: number }[];
    expect(found.map(({ message, line }) => [line, message])).toEqual([
      [14, "dependency cycle: x -> y -> x"],
      [25, "`depends_on` names the task `z`, which does not exist"],
    ]);
    expect(result.exitCode).toBe(1);
  });
});

describe("init-plan", () => {
  test("init-plan scaffolds a plan, and its example compiles after copying", async () => {
    const { repo, run } = await project();
    await using _ = repo;
    const made = await run("init-plan", "mine", "--sections", "back,front", "--json");
    expect(document(made)).toMatchObject({
      schema: "dgov.init-plan/1",
      name: "mine",
      sections: ["back", "front"],
      created: [
        ".dgov/plans/mine/_root.toml",
        ".dgov/plans/mine/back/_example.toml",
        ".dgov/plans/mine/front/_example.toml",
      ],
    });
    const empty = await run("compile", "mine", "--json");
    expect(document(empty)).toMatchObject({ diagnostics: [{ code: "no-units" }] });
    const folder = join(repo.path, ".dgov/plans/mine/back");
    writeFileSync(join(folder, "main.toml"), readFileSync(join(folder, "_example.toml")));
    expect((await run("compile", "mine")).exitCode).toBe(0);
  });

  test("init-plan keeps an existing plan, unless forced", async () => {
    const { repo, run } = await project();
    await using _ = repo;
    const refused = await run("init-plan", "p", "--json");
    expect([refused.exitCode, document(refused)["code"]]).toEqual([1, "REFUSED"]);
    expect(repo.read(`${plan}/_root.toml`)).toBe(rootToml);
    expect((await run("init-plan", "p", "--force")).exitCode).toBe(0);
    expect(repo.read(`${plan}/tasks/main.toml`)).toBe(task);
  });

  test.each(["../evil", "a/b", "/abs", "..", ".hidden", "a b", "archive", "-x", ""])(
    "C10 init-plan rejects the name %j",
    async (name) => {
      const { repo, run } = await project();
      await using _ = repo;
      expect((await run("init-plan", "--", name)).exitCode).toBe(2);
      expect((await run("init-plan", "fine", `--sections=${name}`)).exitCode).toBe(2);
      expect(readdirSync(join(repo.path, ".dgov/plans"))).toEqual(["p"]);
      expect(readdirSync(repo.root).sort()).toEqual(["home", "repo"]);
    },
  );
});

describe("plan names", () => {
  test("a plan is found by name, folder and declared name, and the only plan without a name", async () => {
    const { repo, run } = await project({
      ".dgov/plans/other/_root.toml": rootToml.replace('"p"', '"Its own name"'),
      ".dgov/plans/other/tasks/main.toml": task,
    });
    await using _ = repo;
    const plans = await Promise.all(
      ["p", plan, join(repo.path, plan), "other", "Its own name"].map((name) =>
        run("validate", name),
      ),
    );
    expect(plans.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0]);
    const several = await run("validate");
    expect([several.exitCode, several.stderr]).toEqual([
      2,
      expect.stringContaining("there are several live plans: other, p"),
    ]);
    rmSync(join(repo.path, ".dgov/plans/other"), { recursive: true });
    cpSync(join(repo.path, plan), join(repo.path, ".dgov/runtime/fix-plans/f"), {
      recursive: true,
    });
    const [only, fix] = [await run("validate"), await run("validate", "f")];
    expect([only.exitCode, only.stdout, fix.exitCode]).toEqual([
      0,
      expect.stringContaining("p is valid"),
      0,
    ]);
    rmSync(join(repo.path, plan), { recursive: true });
    expect((await run("validate")).stderr).toContain("there is no live plan");
  });

  test("C10 a plan outside the project is rejected", async () => {
    const { repo, run } = await project();
    await using _ = repo;
    const outside = join(repo.root, "outside");
    mkdirSync(join(outside, "tasks"), { recursive: true });
    writeFileSync(join(outside, "_root.toml"), rootToml);
    expect((await run("compile", outside)).exitCode).toBe(2);
    expect(existsSync(join(outside, "_compiled.toml"))).toBe(false);
  });
});

test("a plan that is moved to the archive and back while it is read has all tasks or none", async () => {
  await using repo = await testRepo(files);
  const location = {
    dir: join(repo.path, plan),
    name: "p",
    archived: false,
    kind: "plan",
  } as const;
  const moves = "while :; do mv p q; mv q p; done";
  const child = Bun.spawn(["sh", "-c", moves], {
    cwd: join(repo.path, plan, ".."),
    stderr: "ignore",
  });
  try {
    using seen = openProjectLog(repo.path);
    for (let n = 0; n < 1000; n++) {
      const { units } = await new Plans(seen, null).at(location);
      if (units.length > 0) expect(units.map(({ unit }) => unit)).toEqual(["tasks/main.a"]);
      const read = filesOnDisk(repo.path).read(`${plan}/tasks/main.toml`);
      expect(read).toEqual(
        read.ok ? { ok: true, text: task } : { ok: false, problem: "does not exist" },
      );
      filesOnDisk(repo.path).list(`${plan}/tasks`);
    }
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
});
