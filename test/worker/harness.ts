/** Runs a real `dgov worker` subprocess with a scripted model and a minimal parent that grants permits and collects messages. */

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelScript } from "../../src/demo/script.ts";
import { type ScriptedModel, startScriptedModel } from "../../src/demo/scripted-model.ts";
import { ndjsonLine, readNdjson } from "../../src/std/ndjson.ts";
import type {
  ParentMessage,
  WorkerMessage,
  WorkerProvider,
  WorkerRequest,
} from "../../src/worker/protocol.ts";
import { dgovCommand } from "../harness/bin.ts";
import { endpointAt } from "../harness/endpoint.ts";
import { scaled } from "../harness/limits.ts";

export const apiKey = "dgov-test-key-9f8e7d6c5b4a";
export const unit = "tasks/main.a";

export type Outcome = Extract<WorkerMessage, { type: "outcome" }>;

export interface WorkerEnd {
  exitCode: number;
  messages: WorkerMessage[];
  outcome: Outcome | null;
  stdout: string;
  stderr: string;
}

export interface RunningWorker {
  pid: number;
  marker: string;
  /** Resolves with the first message that matches, past or future. */
  waitFor(test: (message: WorkerMessage) => boolean): Promise<WorkerMessage>;
  closeStdin(): void;
  send(message: ParentMessage): void;
  end: Promise<WorkerEnd>;
}

export interface Changes {
  role?: WorkerRequest["role"];
  prompt?: string;
  provider?: Partial<WorkerProvider>;
  limits?: Partial<WorkerRequest["limits"]>;
  /** Grants permits as requested; default true. */
  grant?: boolean;
}

/** Creates a temporary checkout and a scripted model; disposing removes both. */
export async function setUpWorker(script: ModelScript): Promise<WorkerSetup> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "dgov-worker-")));
  await makeCheckout(root);
  return new WorkerSetup(root, await startScriptedModel(script));
}

let workers = 0;

export class WorkerSetup implements AsyncDisposable {
  readonly root: string;
  readonly model: ScriptedModel;

  constructor(root: string, model: ScriptedModel) {
    this.root = root;
    this.model = model;
  }

  /** Runs a worker until it exits. */
  run(changes: Changes = {}): Promise<WorkerEnd> {
    return this.start(changes).end;
  }

  /** Starts a worker; the caller ends it. */
  start(changes: Changes = {}): RunningWorker {
    const marker = `dgov-test-${process.pid}-${++workers}`;
    return startWorker(this.request(marker, changes), changes.grant ?? true);
  }

  request(marker: string, changes: Changes): WorkerRequest {
    return requestOf({ root: this.root, baseUrl: this.model.baseUrl, marker }, changes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.model.stop();
    rmSync(this.root, { recursive: true, force: true });
  }
}

function startWorker(request: WorkerRequest, grant: boolean): RunningWorker {
  const child = Bun.spawn([...dgovCommand(), "worker"], {
    cwd: request.worktree,
    env: { PATH: process.env["PATH"] ?? "", HOME: request.worktree, DGOV_ATTEMPT: request.marker },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const write = (message: unknown): void => {
    child.stdin.write(ndjsonLine(message));
    Promise.resolve(child.stdin.flush()).catch(() => {});
  };
  write(request);
  const messages: WorkerMessage[] = [];
  const watchers = new Set<() => void>();
  const tell = (): void => {
    for (const watcher of watchers) watcher();
  };

  async function listen(): Promise<WorkerEnd> {
    let stdout = "";
    const [forUs, forText] = child.stdout.tee();
    const text = new Response(forText).text();
    const stderr = new Response(child.stderr).text();
    for await (const item of readNdjson(forUs)) {
      if (item.kind !== "message") throw new Error(`bad line from the worker: ${item.kind}`);
      const message = item.value as WorkerMessage;
      messages.push(message);
      if (message.type === "permit.requested" && grant) {
        write({ type: "permit.granted", id: message.id });
      }
      tell();
    }
    const exitCode = await child.exited;
    stdout = await text;
    const last = messages.at(-1);
    const outcome = last?.type === "outcome" ? last : null;
    return { exitCode, messages, outcome, stdout, stderr: await stderr };
  }

  return {
    pid: child.pid,
    marker: request.marker,
    send: write,
    closeStdin: () => void child.stdin.end(),
    end: listen(),
    waitFor: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = messages.find(wanted);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
  };
}

async function makeCheckout(root: string): Promise<void> {
  writeFileSync(join(root, "a.txt"), "one\ntwo\n");
  writeFileSync(join(root, "logo.bin"), new Uint8Array([0, 255, 254, 0, 128]));
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: root,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "t",
    GIT_AUTHOR_EMAIL: "t@example.com",
    GIT_COMMITTER_NAME: "t",
    GIT_COMMITTER_EMAIL: "t@example.com",
  };
  for (const args of [
    ["init", "-q"],
    ["add", "-A"],
    ["commit", "-q", "-m", "first"],
  ]) {
    const git = Bun.spawn(["git", ...args], {
      cwd: root,
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if ((await git.exited) !== 0) throw new Error(`git ${args[0]} failed`);
  }
}

function requestOf(
  at: { root: string; baseUrl: string; marker: string },
  changes: Changes,
): WorkerRequest {
  return {
    schema: "dgov.worker-request/1",
    role: changes.role ?? "worker",
    run: "run-1",
    plan: "plan",
    unit,
    summary: "",
    attempt: 1,
    fork: 0,
    marker: at.marker,
    worktree: at.root,
    projectDir: "",
    base: "HEAD",
    offersDone: false,
    prompt: changes.prompt ?? `Unit: ${unit}\nAttempt: 1\n\nChange a.txt.`,
    claims: { create: ["new"], edit: ["a.txt"], delete: [], touch: [], read: [] },
    model: "scripted",
    provider: {
      ...endpointAt(at.baseUrl, {
        apiKey,
        requestTimeoutMs: scaled(20_000),
        idleTimeoutMs: scaled(20_000),
      }),
      name: "scripted",
      retriesMax: 2,
      retryAfterMaxMs: 20,
      contextTokens: 4_000_000,
      backoffMinMs: 2,
      backoffMaxMs: 8,
      ...changes.provider,
    },
    limits: {
      iterationBudget: 12,
      toolOutputBytes: 2 * 1024 * 1024,
      bashTimeoutMs: scaled(20_000),
      bashTimeoutMaxMs: 20_000,
      commandTimeoutMs: scaled(20_000),
      treeMaxLines: 80,
      ...changes.limits,
    },
    commands: {
      test: null,
      lint: null,
      lintFix: null,
      format: null,
      typeCheck: null,
      verify: {},
      gates: {},
    },
    operatorPaths: ["/operator/repo"],
    toolPolicy: {
      restrictRunBash: false,
      denyShellCommands: [],
      denyShellFileMutations: false,
      requireWrappedVerifyTools: false,
      requireUvRun: false,
    },
    scope: { allow: [], deny: [], ignore: [], allowGitControl: false },
    departments: [],
    confine: null,
    toolEnvironment: { PATH: process.env["PATH"] ?? "", HOME: at.root, LANG: "C.UTF-8" },
    project: {
      language: "text",
      srcDir: "",
      testDir: "",
      sourceExtensions: [".txt"],
      lineLength: 100,
      conventions: { tone: "plain" },
    },
  };
}
