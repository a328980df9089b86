/** `dgov plan create` end to end: a scripted planner on loopback, real git, and a real compile. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { sampleFiles } from "../../src/demo/sample-project.ts";
import { sampleScript } from "../../src/demo/sample-script.ts";
import { call, contentText, done, type ModelRule, type ModelTurn } from "../../src/demo/script.ts";
import { startScriptedModel } from "../../src/demo/scripted-model.ts";
import { dgov } from "../harness/bin.ts";
import { type ProjectOptions, type TestProject, testProject } from "../harness/project.ts";
import { testRepo } from "../harness/repo.ts";
import { dgovOnTerminal, keys, terminalProgram } from "../harness/terminal.ts";

type Task = Record<string, unknown>;

/** A task that compiles. */
function task(key: string, more: Task = {}): Task {
  return {
    key,
    summary: `Do ${key}`,
    prompt: `Orient:\nRead readme.txt.\n\nEdit:\nWrite ${key}.txt.\n\nVerify:\nLook again.\n`,
    commit_message: `feat: ${key}`,
    files: { create: [`${key}.txt`] },
    ...more,
  };
}

function draft(tasks: Task[], more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: "limits", summary: "Limits", sections: [{ name: "tasks", tasks }], ...more };
}

function handsOver(result: unknown): ModelTurn {
  return done("the plan", { result });
}

/** The planner's turns in one of its rounds. */
function round(attempt: number, ...turns: ModelTurn[]): ModelRule {
  return { role: "planner", attempt, turns };
}

/** A planner whose first request is never answered; `onRequest` is called when it arrives. */
function hangs(onRequest: () => void): ModelRule {
  let seen = 0;
  const when = (): boolean => {
    onRequest();
    return seen++ === 0;
  };
  return { role: "planner", when, turns: [{ fault: { kind: "hang_before_headers" } }] };
}

function project(rules: ModelRule[], more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  return testProject({
    tasks: { old: {} },
    script: { rules },
    files: { ".dgov/governor.md": "# Charter\n\nOne task, one purpose.\n" },
    ...more,
  });
}

/** User message of the planner's request in a round. */
function prompt(p: TestProject, attempt: number): string {
  const request = p.model.requests.find(({ conversation }) => conversation.attempt === attempt);
  return contentText(request?.conversation.messages[1]?.content);
}

const plans = (p: TestProject): string[] => readdirSync(join(p.root, ".dgov/plans")).sort();

/** Leftovers of planners: checkouts, their registrations, and drafts. */
function leftovers(p: TestProject): string[] {
  const places = [join(p.root, ".git/worktrees"), join(p.root, ".dgov/runtime/planner")];
  const cache = join(p.env["XDG_CACHE_HOME"] ?? "", "dgov");
  for (const id of existsSync(cache) ? readdirSync(cache) : []) {
    places.push(join(cache, id, "planner"));
  }
  return places.flatMap((place) => (existsSync(place) ? readdirSync(place) : []));
}

describe("plan create --auto", () => {
  test.concurrent("plan create --auto explores a checkout of HEAD, reads governor.md, and writes a compiling plan", async () => {
    await using p = await project([
      round(
        1,
        call("read_file", { path: "readme.txt" }),
        handsOver(draft([task("a"), task("b", { depends_on: ["a"] })])),
      ),
    ]);
    p.repo.write("readme.txt", "not committed\n");
    const made = await p.dgov(["plan", "create", "Add limits", "--auto", "--json"]);
    expect(made.stderr).toContain("planner: > read_file");
    expect(JSON.parse(made.stdout)).toMatchObject({
      schema: "dgov.plan-create/1",
      plan: "limits",
      status: "created",
      units: [{ unit: "tasks/main.a" }, { unit: "tasks/main.b", depends_on: ["tasks/main.a"] }],
      edges: 1,
      rounds: 1,
      run: null,
    });
    expect(made.exitCode).toBe(0);
    expect(prompt(p, 1)).toContain("# Goal\nAdd limits\n");
    expect(prompt(p, 1)).toContain("<<<BEGIN governor.md>>>\n# Charter");
    const read = p.model.requests[1]?.conversation.messages.at(-1);
    expect(contentText(read?.content)).toContain("hello");
    expect(contentText(read?.content)).not.toContain("not committed");
    expect(plans(p)).toEqual(["limits", "p"]);
    expect(p.repo.read(".dgov/plans/limits/tasks/main.toml")).toContain("[tasks.b]");
    expect(existsSync(join(p.root, ".dgov/plans/limits/_compiled.toml"))).toBe(true);
    expect((await p.dgov(["compile", "limits"])).exitCode).toBe(0);
    expect(leftovers(p)).toEqual([]);
  });

  test.concurrent("plan create sends compiler diagnostics back until the draft compiles", async () => {
    const both = { files: { touch: ["shared.txt"] } };
    await using p = await project([
      round(1, handsOver(draft([task("a", both), task("b", both)]))),
      round(2, handsOver(draft([task("a", both), task("b", { ...both, depends_on: ["a"] })]))),
    ]);
    const made = await p.dgov(["plan", "create", "Share", "--auto", "--json"]);
    expect(JSON.parse(made.stdout)).toMatchObject({ status: "created", rounds: 2, edges: 1 });
    expect(prompt(p, 2)).toContain("<<<BEGIN diagnostics>>>");
    expect(prompt(p, 2)).toContain("shared.txt");
    expect(prompt(p, 2)).toContain("--> tasks/main.toml:");
    expect(leftovers(p)).toEqual([]);
  });

  test.concurrent("a warning of plan create names the final file", async () => {
    const absent = task("a", { files: { edit: ["absent.txt"] } });
    await using p = await project([round(1, handsOver(draft([absent])))]);
    const made = await p.dgov(["plan", "create", "Add limits", "--auto", "--json"]);
    const { warnings } = JSON.parse(made.stdout);
    expect(warnings).toContainEqual(
      expect.objectContaining({
        code: "missing-file-claim",
        file: ".dgov/plans/limits/tasks/main.toml",
      }),
    );
    expect(made.stderr).not.toContain(".dgov/runtime/planner");
  });

  test.concurrent("plan create fails with the last diagnostics when no draft compiles", async () => {
    await using p = await project([
      { role: "planner", turns: [handsOver(draft([task("a", { depends_on: ["none"] })]))] },
    ]);
    const made = await p.dgov(["plan", "create", "Fail", "--auto", "--json"]);
    expect(JSON.parse(made.stdout)).toMatchObject({
      schema: "dgov.error/1",
      code: "PLAN_INVALID",
      diagnostics: [{ code: "unknown-dependency", file: "tasks/main.toml", unit: "tasks/main.a" }],
    });
    expect(made.exitCode).toBe(3);
    expect(p.model.requests).toHaveLength(5);
    expect([plans(p), leftovers(p)]).toEqual([["p"], []]);
  });

  test.concurrent("plan create --run lands the plan", async () => {
    await using p = await project([
      round(1, handsOver(draft([task("a"), task("b")]))),
      ...["a", "b"].map(
        (key): ModelRule => ({
          unit: `tasks/main.${key}`,
          turns: [call("write_file", { path: `${key}.txt`, content: "x\n" }), done("written")],
        }),
      ),
    ]);
    const made = await p.dgov(["plan", "create", "Add a and b", "--auto", "--run", "--json"]);
    expect(JSON.parse(made.stdout)).toMatchObject({
      schema: "dgov.plan-create/1",
      plan: "limits",
      run: { schema: "dgov.run/1", status: "complete" },
    });
    expect(made.exitCode).toBe(0);
    expect((await p.landed()).sort()).toEqual(["tasks/main.a", "tasks/main.b"]);
    expect(existsSync(join(p.root, ".dgov/plans/archive/limits"))).toBe(true);
  });

  test.concurrent("C10 names and texts of a draft cannot escape the plans folder or break its files", async () => {
    const text = 'x"\n[plan]\nname = "evil"\u0000\u001b[2J\r';
    const evil = task("good", { summary: text, test_cmd: "true # \"'''" });
    await using p = await project([
      round(
        1,
        handsOver(draft([task("a")], { sections: [{ name: "../../up", tasks: [task("a")] }] })),
      ),
      round(2, handsOver(draft([task("../../../x")]))),
      round(
        3,
        handsOver(
          draft([task("a", { files: { create: [".dgov/governor.md", "../out", "/etc/x"] } })]),
        ),
      ),
      round(4, handsOver(draft([evil], { name: "../../../escape" }))),
    ]);
    const made = await p.dgov(["plan", "create", "Break out", "--auto"]);
    expect(prompt(p, 2)).toContain('"../../up" is not a valid section');
    expect(prompt(p, 3)).toContain('"../../../x" is not a valid task key');
    expect(prompt(p, 4)).toContain("`.dgov` belongs to dgov");
    expect(prompt(p, 4)).toContain("/etc/x");
    expect([made.exitCode, plans(p)]).toEqual([0, ["escape", "p"]]);
    expect(made.stdout + made.stderr).not.toContain("\u001b");
    expect(parse(p.repo.read(".dgov/plans/escape/tasks/main.toml"))).toMatchObject({
      tasks: { good: { summary: text, test_cmd: "true # \"'''" } },
    });
    expect(await p.repo.git("status", "--porcelain")).toBe("?? .dgov/plans/escape/");
    expect(readdirSync(p.repo.root).sort()).toEqual(["home", "repo"]);
  });

  test.concurrent.each([".dgov/plans", ".dgov/runtime"])(
    "C10 plan create does not write through %s when it is a link out of the project",
    async (place) => {
      await using p = await project([round(1, handsOver(draft([task("a")])))]);
      const outside = join(p.repo.root, "outside");
      mkdirSync(outside);
      rmSync(join(p.root, place), { recursive: true, force: true });
      symlinkSync(outside, join(p.root, place));
      const made = await p.dgov(["plan", "create", "x", "--auto"]);
      expect(made.stderr).toContain(`${place} is a link that leaves the project`);
      expect([made.exitCode, readdirSync(outside)]).toEqual([1, []]);
    },
  );

  test.concurrent("plan create numbers a name in use, and rejects a requested name in use", async () => {
    await using p = await project([
      { role: "planner", turns: [handsOver(draft([task("a")], { name: "p" }))] },
    ]);
    const create = ["plan", "create", "Again", "--auto", "--json"];
    const named = async (...more: string[]): Promise<unknown> => {
      const { stdout, exitCode } = await p.dgov([...create, ...more]);
      const { plan, code } = JSON.parse(stdout) as { plan?: string; code?: string };
      return [plan ?? code, exitCode];
    };
    expect(await named()).toEqual(["p-2", 0]);
    expect(await named("--name", "mine")).toEqual(["mine", 0]);
    const requestsBefore = p.model.requests.length;
    expect(await named("--name", "mine")).toEqual(["REFUSED", 1]);
    expect(await named("--name", "../mine")).toEqual(["USAGE", 2]);
    expect(p.model.requests).toHaveLength(requestsBefore);
    expect(plans(p)).toEqual(["mine", "p", "p-2"]);
    // A name that only git has, so that its units would count as landed.
    const trailers = "Dgov-Plan: old\nDgov-Unit: tasks/main.a\nDgov-Digest: 1\nDgov-Run: r";
    await p.repo.git("commit", "-q", "--allow-empty", "-m", `Do it\n\n${trailers}`);
    expect(await named("--name", "old")).toEqual(["REFUSED", 1]);
  });

  test.concurrent("plan create --model accepts an alias", async () => {
    await using p = await project([round(1, handsOver(draft([task("a")])))], {
      config: { agents: { fast: "small-model" } },
    });
    expect((await p.dgov(["plan", "create", "x", "--auto", "--model", "fast"])).exitCode).toBe(0);
    expect(p.model.requests[0]?.body["model"]).toBe("small-model");
  });

  test.concurrent("plan create shows a proposed command for project.toml, and applies it only with --apply-config", async () => {
    const config = { test_cmd: "sh check.sh 'all'" };
    await using p = await project([
      { role: "planner", turns: [handsOver(draft([task("a")], { config }))] },
    ]);
    const line = `test_cmd = "sh check.sh 'all'"`;
    const before = p.repo.read(".dgov/project.toml");
    const shown = await p.dgov(["plan", "create", "x", "--auto"]);
    expect(shown.stderr).toContain(`+${line}`);
    expect(p.repo.read(".dgov/project.toml")).toBe(before);
    const { stdout } = await p.dgov(["plan", "create", "x", "--auto", "--apply-config", "--json"]);
    const { config: change } = JSON.parse(stdout) as { config: Record<string, unknown> };
    expect(change).toEqual({ proposed: config, applied: true, backup: expect.any(String) });
    const after = p.repo.read(".dgov/project.toml").split("\n");
    expect(after.filter((one) => one !== line).join("\n")).toBe(before);
    expect(after).toContain(line);
    expect(p.repo.read(String(change["backup"]))).toBe(before);
  });

  test.concurrent("plan create with a failing provider gives its reason and leaves no file", async () => {
    await using p = await project([
      { role: "planner", turns: [{ fault: { kind: "status", status: 401 } }] },
    ]);
    const made = await p.dgov(["plan", "create", "x", "--auto", "--json"]);
    const { code, message } = JSON.parse(made.stdout) as Record<string, string>;
    expect([made.exitCode, code]).toEqual([1, "REFUSED"]);
    expect(message).toContain("the planner made no plan: refused by provider");
    expect([plans(p), leftovers(p)]).toEqual([["p"], []]);
  });

  test.concurrent("C16 plan create sends no key to an untrusted endpoint", async () => {
    await using p = await project([]);
    const create = ["plan", "create", "x", "--auto"];
    const made = await p.dgov(create, { DGOV_TRUST_PROVIDERS: "" });
    expect(made.stderr).toContain("which you have not agreed to");
    expect((await p.dgov(create, { TEST_KEY: "" })).stderr).toContain("TEST_KEY");
    expect([made.exitCode, p.model.requests]).toEqual([4, []]);
  });

  test.concurrent("an interrupt ends plan create and leaves no file", async () => {
    const requested = Promise.withResolvers<void>();
    await using p = await project([hangs(requested.resolve)]);
    const child = p.spawn(["plan", "create", "x", "--auto", "--json"]);
    await requested.promise;
    expect(leftovers(p).length).toBeGreaterThan(0);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(JSON.parse(await new Response(child.stdout).text())).toMatchObject({
      status: "interrupted",
    });
    expect([plans(p), leftovers(p)]).toEqual([["p"], []]);
  });

  test.concurrent("clean removes the leftovers of a killed plan create", async () => {
    const requested = Promise.withResolvers<void>();
    await using p = await project([hangs(requested.resolve)]);
    const child = p.spawn(["plan", "create", "x", "--auto"]);
    await requested.promise;
    const live = await p.dgov(["clean", "--dry-run"]);
    expect(live.stdout).not.toContain("planner");
    child.kill("SIGKILL");
    await child.exited;
    mkdirSync(join(p.root, ".dgov/runtime/planner", `${child.pid}`, "p"), { recursive: true });
    const before = leftovers(p);
    const dry = await p.dgov(["clean", "--dry-run"]);
    expect(dry.stdout).toContain(`would remove checkout of planner ${child.pid}`);
    expect(leftovers(p)).toEqual(before);
    const cleaned = await p.dgov(["clean"]);
    expect(cleaned.stdout).toContain(`removed draft of planner ${child.pid}`);
    expect(leftovers(p)).toEqual([]);
  });

  test.concurrent("the next plan create removes the leftovers of a killed one", async () => {
    const requested = Promise.withResolvers<void>();
    await using p = await project([
      { ...hangs(requested.resolve), attempt: 1 },
      round(1, handsOver(draft([task("a")]))),
    ]);
    const child = p.spawn(["plan", "create", "x", "--auto"]);
    await requested.promise;
    child.kill("SIGKILL");
    await child.exited;
    expect(leftovers(p).length).toBeGreaterThan(0);
    await p.repo.git("commit", "-q", "--allow-empty", "-m", "moved on");
    expect((await p.dgov(["plan", "create", "x", "--auto"])).exitCode).toBe(0);
    expect(leftovers(p)).toEqual([]);
  });
});

test.concurrent("plan create without a terminal and without --auto is a usage error", async () => {
  await using p = await project([]);
  const made = await p.dgov(["plan", "create", "Add limits", "--json"]);
  expect(JSON.parse(made.stdout)).toMatchObject({ code: "USAGE", hint: "--auto does not prompt" });
  expect([made.exitCode, p.model.requests]).toEqual([2, []]);
});

test.concurrent("the model of dgov demo --serve plans on the sample repository, and its plan lands", async () => {
  const model = await startScriptedModel(sampleScript);
  const testCommand = `BUN_BE_BUN=1 '${process.execPath}' test`;
  await using repo = await testRepo(sampleFiles({ testCommand, baseUrl: model.baseUrl }));
  await repo.git("config", "user.name", "Test Author");
  await repo.git("config", "user.email", "author@example.com");
  const env = { ...repo.env, DGOV_DEMO_KEY: "none", DGOV_TRUST_PROVIDERS: "1" };
  const goal = "Add a function that reverses a text";
  const made = await dgov(["plan", "create", goal, "--auto", "--run", "--json"], {
    cwd: repo.path,
    env,
  });
  await model.stop();
  expect(JSON.parse(made.stdout)).toMatchObject({
    plan: "reverse",
    summary: goal,
    warnings: [],
    run: { status: "complete", units: [{ phase: "landed" }, { phase: "landed" }] },
  });
  expect(repo.read("src/index.ts")).toContain("reverse");
});

// The pseudo-terminal needs Python's pty module.
describe.skipIf(terminalProgram === null)("plan create at a terminal", () => {
  const create = ["plan", "create", "Add limits"];

  test.concurrent("plan create asks the planner's questions, shows the draft, and writes the accepted one", async () => {
    await using p = await project([
      round(1, handsOver({ questions: ["Which\u001b file?"], notes: "readme seen" })),
      round(2, handsOver(draft([task("a"), task("b", { depends_on: ["a"] })]))),
    ]);
    const made = await dgovOnTerminal(create, {
      cwd: p.root,
      env: p.env,
      steps: [
        ["Which\\u{1b} file?", `a.txt please${keys.enter}`],
        ["Accept this plan?", keys.enter],
      ],
    });
    expect(made.stdout).toContain("└─ tasks/main.b");
    expect(made.stdout).toMatch(/a\.txt {2}create {2}tasks\/main\.a/);
    expect(made.stdout).toContain("wrote .dgov/plans/limits");
    expect(made.exitCode).toBe(0);
    expect(prompt(p, 2)).toContain("The operator: a.txt please");
    expect(prompt(p, 2)).toContain("readme seen");
    expect(plans(p)).toEqual(["limits", "p"]);
  });

  test.concurrent("plan create sends the operator's request to the planner, and takes manually edited files", async () => {
    await using p = await project([
      round(1, handsOver(draft([task("a")]))),
      round(2, handsOver(draft([task("b")]))),
    ]);
    const edit = join(p.repo.root, "edit.sh");
    writeFileSync(edit, '#!/bin/sh\nsed -i.old "s/Do b/Do b by hand/" "$2"\n', { mode: 0o755 });
    const made = await dgovOnTerminal(create, {
      cwd: p.root,
      env: { ...p.env, EDITOR: edit },
      steps: [
        ["Accept this plan?", keys.down + keys.down + keys.enter],
        ["What should be different?", `call it b${keys.enter}`],
        ["Accept this plan?", keys.down + keys.enter],
        ["Do b by hand", ""],
        ["Accept this plan?", keys.enter],
      ],
    });
    expect(made.exitCode).toBe(0);
    expect(prompt(p, 2)).toContain("# The operator wants another plan\ncall it b\n");
    const written = p.repo.read(".dgov/plans/limits/tasks/main.toml");
    expect(parse(written)).toMatchObject({ tasks: { b: { summary: "Do b by hand" } } });
  });

  test.concurrent("plan create changes project.toml only after confirmation", async () => {
    const config = { lint_cmd: "true" };
    await using p = await project([round(1, handsOver(draft([task("a")], { config })))]);
    const made = await dgovOnTerminal([...create, "--apply-config"], {
      cwd: p.root,
      env: p.env,
      steps: [
        ["Accept this plan?", keys.enter],
        ['+lint_cmd = "true"', ""],
        ["Change .dgov/project.toml like this?", "y"],
      ],
    });
    expect(made.exitCode).toBe(0);
    expect(p.repo.read(".dgov/project.toml")).toContain('lint_cmd = "true"\n');
  });

  test.concurrent("Ctrl-C at a question of plan create leaves no file", async () => {
    await using p = await project([round(1, handsOver(draft([task("a")])))]);
    const made = await dgovOnTerminal(create, {
      cwd: p.root,
      env: p.env,
      steps: [["Accept this plan?", keys.interrupt]],
    });
    expect(made.exitCode).not.toBe(0);
    expect([plans(p), leftovers(p)]).toEqual([["p"], []]);
  });
});
