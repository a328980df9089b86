/** `dgov plan create`, end to end: a scripted planner on loopback, real git, a real compile. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelRule, type ModelTurn, textOf } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject } from "../harness/project.ts";

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

function hands(result: unknown): ModelTurn {
  return done("the plan", { result });
}

/** What the planner says in one of its rounds. */
function round(attempt: number, ...turns: ModelTurn[]): ModelRule {
  return { role: "planner", attempt, turns };
}

function project(rules: ModelRule[], more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  return testProject({
    tasks: { old: {} },
    script: { rules },
    files: { ".dgov/governor.md": "# Charter\n\nOne task, one purpose.\n" },
    ...more,
  });
}

/** The user message of the planner's request in a round. */
function prompt(p: TestProject, attempt: number): string {
  const request = p.model.requests.find(({ conversation }) => conversation.attempt === attempt);
  return textOf(request?.conversation.messages[1]?.content);
}

const plans = (p: TestProject): string[] => readdirSync(join(p.root, ".dgov/plans")).sort();

/** What a planner could leave behind: checkouts, registrations of them, drafts. */
function leftovers(p: TestProject): string[] {
  const places = [join(p.root, ".git/worktrees"), join(p.root, ".dgov/runtime/planner")];
  const cache = join(p.env["XDG_CACHE_HOME"] ?? "", "dgov");
  for (const id of existsSync(cache) ? readdirSync(cache) : []) {
    places.push(join(cache, id, "planner"));
  }
  return places.flatMap((place) => (existsSync(place) ? readdirSync(place) : []));
}

describe("plan create --auto", () => {
  test.concurrent("explores a checkout of HEAD, reads the charter, and writes a plan that compiles", async () => {
    await using p = await project([
      round(
        1,
        call("read_file", { path: "readme.txt" }),
        hands(draft([task("a"), task("b", { depends_on: ["a"] })])),
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
    expect(textOf(read?.content)).toContain("hello");
    expect(textOf(read?.content)).not.toContain("not committed");
    expect(plans(p)).toEqual(["limits", "p"]);
    expect(p.repo.read(".dgov/plans/limits/tasks/main.toml")).toContain("[tasks.b]");
    expect(existsSync(join(p.root, ".dgov/plans/limits/_compiled.toml"))).toBe(true);
    expect((await p.dgov(["compile", "limits"])).exitCode).toBe(0);
    expect(leftovers(p)).toEqual([]);
  });
});
