/**
 * A project with a plan and a scripted model, and functions that run the program under test in it.
 *
 * Gates are short shell scripts in the repository: they need no toolchain, and each test defines what
 * passes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "smol-toml";
import { ownPath } from "../../src/config/find.ts";
import type { ModelScript } from "../../src/demo/script.ts";
import { type ScriptedModel, startScriptedModel } from "../../src/demo/scripted-model.ts";
import { openEventLogForReading, type RecordedEvent } from "../../src/log/event-log.ts";
import { type DgovRun, dgov, spawnDgov } from "./bin.ts";
import { unexplainedIn, unlistedIn } from "./event-check.ts";
import { type TestRepo, testRepo } from "./repo.ts";
import { defaultSandbox } from "./sandbox.ts";

export const testKey = "sk-test-7c1f0e9d2b";

export interface TaskSpec {
  /** Claims; a list means `touch`. */
  files?: string[] | Partial<Record<"create" | "edit" | "delete" | "touch" | "read", string[]>>;
  depends_on?: string[];
  [key: string]: unknown;
}

export interface ProjectOptions {
  /** Files of the first commit besides `.dgov`. */
  files?: Record<string, string>;
  /** Tasks of `tasks/main.toml` by key; missing keys get defaults. */
  tasks: Record<string, TaskSpec>;
  /** Additional keys of `[plan]`. */
  plan?: Record<string, unknown>;
  /** Tables of project.toml. `[project]` and `[providers.test]` are merged with the defaults. */
  config?: Record<string, Record<string, unknown>>;
  /** Tables `[[gates]]` of project.toml. */
  gates?: Record<string, unknown>[];
  script: ModelScript;
  /** Folder of the project in the repository; default its root. */
  dir?: string;
  /** Keeps dgov's own files below the git dir, as `dgov init --local` does. */
  local?: boolean;
  /** Name of the repository's folder. */
  name?: string;
  env?: Record<string, string>;
  /** First words of the command line that starts the program under test. */
  prefix?: readonly string[];
}

export interface TestProject {
  repo: TestRepo;
  /** Absolute path of the project root. */
  root: string;
  model: ScriptedModel;
  env: Record<string, string>;
  /** Runs the program under test in the project. */
  dgov(args: string[], env?: Record<string, string>): Promise<DgovRun>;
  /** Starts the program under test in the project; the caller ends it. */
  spawn(args: string[], env?: Record<string, string>): ReturnType<typeof spawnDgov>;
  /** Every lifecycle event of the log, oldest first. */
  events(): RecordedEvent[];
  telemetry(): RecordedEvent[];
  /** Unit ids by the trailers of the commits on a branch, oldest first. */
  landed(branch?: string): Promise<string[]>;
  /** Writes the tasks of a plan; default `p`. */
  writePlan(tasks: Record<string, TaskSpec>, name?: string): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Creates the project. Its plan `p` has one task file, so unit ids are `tasks/main.<key>`. */
export async function testProject(options: ProjectOptions): Promise<TestProject> {
  const model = await startScriptedModel(options.script);
  const { dir = "", prefix = [] } = options;
  const at = (path: string): string => (dir === "" ? path : `${dir}/${path}`);
  const { project, providers, merge, ...tables } = options.config ?? {};
  const endpoint = { base_url: model.baseUrl, api_key_env: "TEST_KEY", default_agent: "scripted" };
  const config = {
    project: { provider: "test", source_extensions: [".txt", ".ts"], ...project },
    providers: { ...providers, test: { ...endpoint, ...Object(providers?.["test"]) } },
    sops: { picker: "rules" },
    // No test waits for a checkout that it does not change, unless that is its subject.
    merge: { checkout_wait_s: 0, ...merge },
    sandbox: { mode: defaultSandbox },
    ...tables,
    ...(options.gates && { gates: options.gates }),
  };
  const own = {
    [at(".dgov/.gitignore")]: "state.db*\nruntime/\nout/\nplans/*/_compiled.toml\n",
    [at(".dgov/project.toml")]: stringify(config),
    [at(".dgov/plans/p/_root.toml")]: rootToml("p", options.plan),
    [at(".dgov/plans/p/tasks/main.toml")]: tasksToml(options.tasks),
  };
  const files = { "readme.txt": "hello\n", ...options.files, ...(options.local ? {} : own) };
  const repo = await testRepo(files, options.name === undefined ? {} : { name: options.name });
  await repo.git("config", "user.name", "Test Author");
  await repo.git("config", "user.email", "author@example.com");
  const root = join(repo.path, dir);
  for (const [path, text] of Object.entries(options.local ? own : {})) {
    const file = join(repo.path, ".git/dgov/project", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const env = { ...repo.env, TEST_KEY: testKey, DGOV_TRUST_PROVIDERS: "1", ...options.env };
  const log = (): ReturnType<typeof openEventLogForReading> => openEventLogForReading(root);
  const events = (): RecordedEvent[] => {
    using opened = log();
    return opened?.lifecycle({}) ?? [];
  };
  const telemetry = (): RecordedEvent[] => {
    using opened = log();
    return opened?.runs({ limit: 100 }).flatMap(({ run }) => opened.telemetry({ run })) ?? [];
  };
  return {
    repo,
    root,
    model,
    env,
    dgov: (args, more) =>
      dgov(args, {
        cwd: root,
        env: { ...env, ...more },
        prefix,
        detached: more?.["DGOV_FAULT_GROUP"] === "1",
      }),
    spawn: (args, more) => spawnDgov(args, { cwd: root, env: { ...env, ...more }, prefix }),
    events,
    telemetry,
    async landed(branch = "main") {
      const log = ["log", "--reverse", "--notes=refs/notes/dgov", "--format=%B%n%N", branch];
      return [...(await repo.git(...log)).matchAll(/^Dgov-Unit: (.*)$/gm)].map(
        ([, unit]) => unit ?? "",
      );
    },
    writePlan(tasks, name = "p") {
      const path = ownPath(root, `.dgov/plans/${name}/tasks/main.toml`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, tasksToml(tasks));
      if (name === "p") return;
      writeFileSync(join(dirname(path), "../_root.toml"), rootToml(name, options.plan));
    },
    async [Symbol.asyncDispose]() {
      const recorded = [...readable(events), ...readable(telemetry)];
      const unlisted = [...unlistedIn(recorded), ...unexplainedIn(recorded)];
      await model.stop();
      await repo[Symbol.asyncDispose]();
      // New types of events are added to src/log/event-catalog.ts, new words to src/views/catalog/words.ts.
      if (unlisted.length > 0) throw new Error(unlisted.join("\n"));
    },
  };
}

/** Events of a log; none when the test has made the log unreadable. */
function readable(read: () => RecordedEvent[]): RecordedEvent[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** Waits until the log holds an event of this type, optionally of one unit and with these data fields. */
export async function untilEvent(
  p: TestProject,
  type: string,
  of?: string,
  data: Record<string, unknown> = {},
): Promise<void> {
  const wanted = Object.entries(data);
  const found = (e: RecordedEvent): boolean =>
    e.type === type &&
    (of === undefined || e.unit === of) &&
    wanted.every(([key, value]) => e.data[key] === value);
  while (!p.events().some(found)) await Bun.sleep(10);
}

function rootToml(name: string, more: Record<string, unknown> = {}): string {
  return stringify({ plan: { name, sections: ["tasks"], ...more } });
}

function tasksToml(tasks: Record<string, TaskSpec>): string {
  const filled = Object.entries(tasks).map(([key, task]) => [
    key,
    {
      summary: `Do ${key}`,
      prompt: `Orient:\nRead the files.\n\nEdit:\nDo ${key}.\n\nVerify:\nLook again.\n`,
      ...(task["role"] === undefined || task["role"] === "worker"
        ? { commit_message: `feat: ${key}`, files: { create: [`${key}.txt`] } }
        : {}),
      ...task,
    },
  ]);
  return stringify({ tasks: Object.fromEntries(filled) });
}

/** Id of a unit of the plan `p`. */
export function unit(key: string): string {
  return `tasks/main.${key}`;
}
