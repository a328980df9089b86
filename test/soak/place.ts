/**
 * The place of a schedule: a repository with a plan, a scripted model, a `git` that can be held or can fail at a call,
 * and gates that can be held.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { contentText, type ModelTurn, type ScriptedConversation } from "../../src/demo/script.ts";
import { type ScriptedModel, startScriptedModel } from "../../src/demo/scripted-model.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";
import { unitId } from "./oracle.ts";
import type { PlannedUnit, Schedule } from "./schedule.ts";

export interface Place {
  repo: TestRepo;
  /** Folder of counters, holds and the shim of git; not on the disk that is filled. */
  control: string;
  /** Environment of dgov's commands, whose `git` is the shim. */
  env: Record<string, string>;
  model: ScriptedModel;
  /** Calls so far: git and gate from their shims, model from the server. */
  calls(of: Held): number;
  /** Holds the n-th call from now until it is released; resolves with the release when it has begun. */
  hold(of: Held, nth: number): Hold;
  /** Lets the n-th call of git from now, and the `times - 1` after it, do something else until released. */
  misdirect(nth: number, times: number, script: string): Hold;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A call that is awaited. After its release no call is held or misdirected. */
export interface Hold {
  begun(): boolean;
  release(): void;
}

export type Held = "git" | "gate" | "model";

/** First number that a shim counts; the width of a number never changes, so that it is overwritten in place. */
const firstCall = 100_000;

/** Files of the first commit besides dgov's. */
const files = {
  "readme.txt": "hello\n",
  "scratch.txt": "notes of the operator\n",
  "conflict.txt": "one\n",
  "list.txt": "# list\n# end\n",
};

/** Makes the place of a schedule in `disk`, with its controls in `control`. */
export async function makePlace(
  s: Schedule,
  o: { disk: string; control: string; clock: string | null },
): Promise<Place> {
  const { control } = o;
  for (const folder of ["git", "gate", "bin"])
    mkdirSync(join(control, folder), { recursive: true });
  for (const count of ["git.count", "gate.count"]) {
    writeFileSync(join(control, count), `${firstCall}\n`);
  }
  const real = Bun.which("git") ?? "/usr/bin/git";
  writeFileSync(join(control, "bin/git"), shim(control, "git", `exec '${real}' "$@"`), {
    mode: 0o755,
  });
  const modelHolds = new Map<number, { begun: boolean; released: Promise<void> }>();
  let modelCalls = 0;
  let serial = 0;
  const turn = async (): Promise<void> => {
    const held = modelHolds.get(++modelCalls);
    if (held === undefined) return;
    held.begun = true;
    await held.released;
  };
  const model = await startScriptedModel({
    rules: s.units.map((unit) => ({
      unit: unitId(unit.key),
      turns: [
        (c) => ({ ...firstReply(unit, c, ++serial), until: turn }),
        // A model that sees its write fail repeats it.
        (c) => ({ ...(failed(c) ? firstReply(unit, c, ++serial) : lastReply(unit)), until: turn }),
      ],
    })),
  });
  const repo = await testRepo(
    {
      ...files,
      "check.sh": shim(control, "gate", "! grep -q BAD *.txt"),
      ".dgov/.gitignore": "state.db*\nruntime/\nout/\nplans/*/_compiled.toml\n",
      ".dgov/project.toml": stringify(configuration(s, model.baseUrl)),
      ".dgov/plans/p/_root.toml": stringify({
        plan: { name: "p", sections: ["tasks"], max_retries: 1 },
      }),
      ".dgov/plans/p/tasks/main.toml": stringify({ tasks: tasks(s.units) }),
    },
    { tmp: o.disk },
  );
  await repo.git("config", "user.name", "Test Author");
  await repo.git("config", "user.email", "author@example.com");
  await makeUpstream(repo);
  const count = (of: "git" | "gate"): number =>
    Number(readFileSync(join(control, `${of}.count`), "utf8")) - firstCall;
  const clock =
    o.clock === null ? {} : { LD_PRELOAD: o.clock, DGOV_TEST_CLOCK: join(control, "clock") };
  const env = {
    ...repo.env,
    PATH: `${join(control, "bin")}:${repo.env["PATH"]}`,
    TEST_KEY: "sk-soak",
    DGOV_TRUST_PROVIDERS: "1",
    ...clock,
  };
  writeFileSync(join(control, "clock"), Buffer.alloc(8));
  return {
    repo,
    control,
    env,
    model,
    calls: (of) => (of === "model" ? modelCalls : count(of)),
    hold(of, nth) {
      if (of === "model") {
        const gate = Promise.withResolvers<void>();
        const held = { begun: false, released: gate.promise };
        const nthCall = modelCalls + nth;
        modelHolds.set(nthCall, held);
        const release = (): void => {
          modelHolds.delete(nthCall);
          gate.resolve();
        };
        return { begun: () => held.begun, release };
      }
      const name = join(control, of, String(firstCall + count(of) + nth));
      const wait = `echo $$ > '${name}.begun'; while [ ! -e '${name}.go' ]; do sleep 0.01; done`;
      writeScript(name, wait);
      return {
        begun: () => existsSync(`${name}.begun`),
        release() {
          rmSync(name, { force: true });
          writeFileSync(`${name}.go`, "");
        },
      };
    },
    misdirect(nth, times, script) {
      const first = firstCall + count("git") + nth;
      const names = Array.from({ length: times }, (_, at) =>
        join(control, "git", String(first + at)),
      );
      for (const name of names) writeScript(name, `: > '${name}.begun'; ${script}`);
      return {
        begun: () => names.some((name) => existsSync(`${name}.begun`)),
        release() {
          for (const name of names) rmSync(name, { force: true });
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await model.stop();
      await repo[Symbol.asyncDispose]();
    },
  };
}

/** Writes a script that a shim finds at once or not at all. */
function writeScript(name: string, text: string): void {
  writeFileSync(`${name}.new`, text);
  renameSync(`${name}.new`, name);
}

/** A command that counts its calls, does what is asked of this call, and then its work. */
function shim(control: string, name: string, work: string): string {
  return `#!/bin/sh
read n < '${control}/${name}.count' || n=${firstCall}
n=$((n + 1))
echo "$n" 1<> '${control}/${name}.count'
call='${control}/${name}/'$n
if [ -e "$call" ] && mv "$call" "$call.taken" 2>/dev/null; then . "$call.taken"; fi
${work}
`;
}

/** Branches with commits that the target lacks: one that conflicts with the operator's changes, one that does not. */
async function makeUpstream(repo: TestRepo): Promise<void> {
  for (const [branch, path] of [
    ["upstream", "conflict.txt"],
    ["upstream2", "up.txt"],
  ] as const) {
    await repo.git("switch", "-q", "-c", branch, "main");
    repo.write(path, "from upstream\n");
    await repo.git("add", path);
    await repo.git("commit", "-q", "-m", `operator ${branch}`);
  }
  await repo.git("switch", "-q", "main");
}

function configuration(s: Schedule, baseUrl: string): Record<string, Record<string, unknown>> {
  return {
    project: {
      provider: "test",
      source_extensions: [".txt"],
      test_cmd: "sh check.sh",
      settlement_timeout: 60,
    },
    providers: {
      test: { base_url: baseUrl, api_key_env: "TEST_KEY", default_agent: "scripted", retries: 2 },
    },
    sops: { picker: "rules" },
    run: { jobs: s.jobs },
    merge: { speculation: s.speculation, checkout_wait_s: 1 },
  };
}

function tasks(units: readonly PlannedUnit[]): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    units.map(({ key, kind, dependsOn }) => [
      key,
      {
        summary: `Do ${key}`,
        prompt: `Orient:\nRead the files.\n\nEdit:\nDo ${key}.\n\nVerify:\nLook again.\n`,
        commit_message: `feat: ${key}`,
        files: kind === "file" ? { create: [`${key}.txt`] } : { edit: ["list.txt"] },
        depends_on: dependsOn,
      },
    ]),
  );
}

/** Writes the unit's file, with a number that no other reply has. */
function firstReply(unit: PlannedUnit, c: ScriptedConversation, serial: number): ModelTurn {
  const { key, kind, fate } = unit;
  const bad = fate === "never" || (fate === "second" && c.attempt === 1);
  const text = `${key} ${bad ? "BAD" : "good"} ${serial}`;
  if (kind === "file") {
    return { calls: [{ tool: "write_file", args: { path: `${key}.txt`, content: `${text}\n` } }] };
  }
  // A retry finds the line of the attempt before it, and replaces it.
  const command = `sed -i -e '/^- ${key} /d' -e 's/^# end$/- ${text}\\n# end/' list.txt`;
  return { calls: [{ tool: "run_bash", args: { command } }] };
}

/** True when the last call of a tool failed. */
function failed({ messages }: ScriptedConversation): boolean {
  const last = messages.findLast((message) => message.role === "tool");
  return /failed|exit code [1-9]/.test(contentText(last?.content));
}

function lastReply({ fate }: PlannedUnit): ModelTurn {
  const status = fate === "blocked" ? "blocked" : "complete";
  return { calls: [{ tool: "done", args: { status, summary: "done" } }] };
}
