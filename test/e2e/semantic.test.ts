/** The semantic gate on two units whose changes merge as text. */
import { describe, expect, test } from "bun:test";
import { done, type ModelTurn } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

type Edit = [path: string, old: string, now: string];

function edits(...list: Edit[]): ModelTurn {
  return {
    calls: list.map(([path, old_text, new_text]) =>
      old_text === ""
        ? { tool: "write_file", args: { path, content: new_text } }
        : { tool: "edit_file", args: { path, old_text, new_text } },
    ),
  };
}

const jobs2 = { run: { jobs: 2 } };

/** Two units with the same base: `first` lands, then `second` is done. The retry of `second` makes the edits `again`. */
async function race(o: {
  files: Record<string, string>;
  first: Edit[];
  second: Edit[];
  again: Edit[];
}): Promise<TestProject> {
  const bothStarted = Promise.withResolvers<void>();
  const landed = Promise.withResolvers<void>();
  const claim = (list: Edit[]): string[] => [...new Set(list.map(([path]) => path))];
  const p = await testProject({
    files: o.files,
    tasks: {
      first: { files: claim(o.first) },
      second: { files: claim([...o.second, ...o.again]) },
    },
    plan: { max_retries: 1 },
    config: jobs2,
    script: {
      rules: [
        {
          unit: unit("first"),
          turns: [{ ...edits(...o.first), until: () => bothStarted.promise }, done("ok")],
        },
        {
          unit: unit("second"),
          attempt: 1,
          turns: [edits(...o.second), { ...done("ok"), until: () => landed.promise }],
        },
        { unit: unit("second"), turns: [edits(...o.again), done("ok")] },
      ],
    },
  });
  const secondStarted = (): boolean =>
    p.model.requests.some(({ conversation }) => conversation.unit === unit("second"));
  void until(secondStarted).then(bothStarted.resolve);
  void until(() => p.events().some((e) => e.type === "landing.finished")).then(landed.resolve);
  return p;
}

/** One unit, and a commit of the operator's that lands while it works. */
async function overtaken(o: {
  files: Record<string, string>;
  operator: Record<string, string>;
  unit: Edit[];
}): Promise<TestProject> {
  const overtake = async (): Promise<void> => {
    for (const [path, text] of Object.entries(o.operator)) p.repo.write(path, text);
    await p.repo.git("commit", "-aqm", "the operator's own");
  };
  const p: TestProject = await testProject({
    files: o.files,
    tasks: { a: { files: [...new Set(o.unit.map(([path]) => path))] } },
    plan: { max_retries: 0 },
    script: {
      rules: [{ unit: unit("a"), turns: [edits(...o.unit), { ...done("ok"), until: overtake }] }],
    },
  });
  return p;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(10);
}

const store = `LIMIT = 10


def load(path):
    with open(path) as file:
        return file.read()


def keep(path, text):
    with open(path, "w") as file:
        file.write(text)
`;

describe("semantic gate", () => {
  test.concurrent("A1 A11 a new caller of a renamed function is rejected with the reason and retried", async () => {
    const caller = "from store import load\n\n\ndef show(path):\n    print(load(path))\n";
    await using p = await race({
      files: { "src/store.py": store },
      first: [["src/store.py", "def load(path):", "def read_all(path):"]],
      second: [["src/show.py", "", caller]],
      again: [["src/show.py", "", caller.replaceAll("load", "read_all")]],
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("first"), unit("second")]);
    const rejected = p.events().find((e) => e.type === "attempt.rejected");
    expect(rejected).toMatchObject({ unit: unit("second"), attempt: 1 });
    const retry = p.model.requests.find((r) => r.conversation.attempt === 2);
    const prompt = JSON.stringify(retry?.body);
    for (const text of [
      "stale_reference",
      "src/show.py:1",
      "a concurrent change removed or renamed it",
    ]) {
      expect(prompt).toContain(text);
      expect(run.stdout).toContain("stale_reference");
    }
    expect(await p.repo.git("show", "main:src/show.py")).toContain("read_all(path)");
  });

  test.concurrent("A12 a new caller with the old arguments does not land with the new signature", async () => {
    const caller = 'import { load } from "./store.ts";\n\nexport const text = load("a");\n';
    await using p = await race({
      files: {
        "src/store.ts": "export function load(path: string): string {\n  return path;\n}\n",
      },
      first: [["src/store.ts", "(path: string)", "(path: string, limit: number)"]],
      second: [["src/show.ts", "", caller]],
      again: [["src/show.ts", "", caller.replace('"a"', '"a", 1')]],
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(0);
    const retry = p.model.requests.find((r) => r.conversation.attempt === 2);
    expect(JSON.stringify(retry?.body)).toContain("signature_drift");
    expect(await p.landed()).toEqual([unit("first"), unit("second")]);
  });

  test.concurrent("A11 one symbol edited in adjacent lines on both sides does not land", async () => {
    await using p = await overtaken({
      files: { "src/store.py": store },
      operator: { "src/store.py": store.replace("def load(path):", "def load(path: str):") },
      unit: [["src/store.py", "with open(path) as file:", 'with open(path, "r") as file:']],
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("A11 one symbol edited on both sides with an unchanged line between lands with a note in review", async () => {
    await using p = await overtaken({
      files: { "src/store.py": store },
      operator: { "src/store.py": store.replace("def load(path):", "def load(path: str):") },
      unit: [["src/store.py", "return file.read()", "return file.read().strip()"]],
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("a")]);
    const review = await p.dgov(["plan", "review", "p", "--json"]);
    expect(review.stdout).toContain("same_symbol_edit");
    const text = await p.dgov(["plan", "review", "p"]);
    expect(text.stdout).toContain("same_symbol_edit");
  });

  test.concurrent.each([
    ["a deliberate change of a signature", "def load(path):", "def load(path, limit=None, /):"],
    ["an edit next to lines of the other side", "LIMIT = 10\n", "LIMIT = 20\n"],
  ])("A11 %s lands", async (_what, from, to) => {
    await using p = await overtaken({
      files: { "src/store.py": store },
      operator: {
        "src/store.py": store.replace(
          "\n\n\ndef keep",
          "\n\n\ndef name():\n    return 1\n\n\ndef keep",
        ),
      },
      unit: [["src/store.py", from, to]],
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("a")]);
    const gates = p.events().filter((e) => e.type === "gate.finished" && e.unit === unit("a"));
    const semantic = gates.findLast(({ data }) => data["gate"] === "semantic");
    expect(semantic?.data).toMatchObject({ status: "passed" });
  });

  test.concurrent("A11 two new modules with their own main land", async () => {
    const main = "def main():\n    return 0\n\n\nif __name__ == '__main__':\n    main()\n";
    await using p = await race({
      files: { "src/store.py": store },
      first: [["src/one.py", "", main]],
      second: [["src/two.py", "", main]],
      again: [["src/two.py", "", "never = 1\n"]],
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.events().filter((e) => e.type === "attempt.rejected")).toEqual([]);
    expect(await p.landed()).toEqual([unit("first"), unit("second")]);
  });
});
