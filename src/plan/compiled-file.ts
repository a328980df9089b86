/** `_compiled.toml`: rendering, reading and writing a compiled plan. */
import { join } from "node:path";
import { parseToml, renderTomlTable, type TomlTableValues, tomlString } from "../config/toml.ts";
import { sha256 } from "../std/digest.ts";
import { replaceFile } from "../std/files.ts";
import { type CompiledPlan, type CompiledTask, unitDigest } from "./compiled.ts";
import { planTableKeys, taskKeys } from "./plan-keys.ts";

export const compiledName = "_compiled.toml";

/** The text of a compiled plan. Same plan, same bytes. */
export function renderCompiled(plan: Omit<CompiledPlan, "digest">): string {
  const head = renderTomlTable("plan", {
    name: plan.name,
    summary: plan.summary,
    default_agent: plan.defaultAgent,
    default_provider: plan.defaultProvider,
    max_retries: plan.maxRetries,
  });
  const sops = Object.keys(plan.sops).length === 0 ? [] : [renderTomlTable("sops", plan.sops)];
  const tasks = plan.tasks.map((task) =>
    renderTomlTable(`tasks.${tomlString(task.id)}`, writtenTask(task)),
  );
  return `${["# Made by dgov compile; edits are lost.\n", head, ...sops, ...tasks].join("\n")}`;
}

function writtenTask(task: CompiledTask): TomlTableValues {
  const { create, edit, delete: remove, touch, read } = task.claims;
  return {
    summary: task.summary,
    prompt: task.prompt,
    commit_message: task.commitMessage,
    role: task.role,
    on_reject: task.role === "reviewer" ? task.onReject : null,
    agent: task.agent,
    provider: task.provider,
    depends_on: task.dependsOn,
    "files.create": nonEmpty(create),
    "files.edit": nonEmpty(edit),
    "files.delete": nonEmpty(remove),
    "files.touch": nonEmpty(touch),
    "files.read": nonEmpty(read),
    timeout_s: task.timeoutS,
    iteration_budget: task.iterationBudget,
    test_cmd: task.testCmd,
    network: task.network,
    self_review: task.selfReview,
    max_fork_depth: task.maxForkDepth,
    sops: task.sops,
    sops_picked_by: task.sopsPickedBy,
  };
}

function nonEmpty(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}

/** The plan of a compiled file; null when the text is not one. */
export function readCompiled(text: string): CompiledPlan | null {
  const parsed = parseToml(text);
  if (!parsed.ok) return null;
  try {
    const plan = new Fields(parsed.value["plan"]);
    const sops = new Fields(parsed.value["sops"] ?? {});
    const tasks = new Fields(parsed.value["tasks"]);
    return {
      name: plan.text("name"),
      summary: plan.text("summary", ""),
      defaultAgent: plan.optional("default_agent"),
      defaultProvider: plan.optional("default_provider"),
      maxRetries: plan.number("max_retries", planTableKeys.max_retries.default),
      tasks: tasks.keys().map((id) => readTask(id, new Fields(tasks.raw(id)))),
      sops: Object.fromEntries(sops.keys().map((name) => [name, sops.text(name)])),
      digest: sha256(text),
    };
  } catch (error) {
    if (error instanceof WrongShape) return null;
    throw error;
  }
}

function readTask(id: string, fields: Fields): CompiledTask {
  const files = new Fields(fields.raw("files") ?? {});
  const task: Omit<CompiledTask, "digest"> = {
    id,
    summary: fields.text("summary"),
    prompt: fields.text("prompt", ""),
    commitMessage: fields.text("commit_message", ""),
    role: fields.oneOf("role", ["worker", "researcher", "reviewer"]),
    onReject: fields.oneOf("on_reject", ["fail", "fix"]),
    agent: fields.optional("agent"),
    provider: fields.optional("provider"),
    dependsOn: fields.list("depends_on"),
    claims: {
      create: files.list("create"),
      edit: files.list("edit"),
      delete: files.list("delete"),
      touch: files.list("touch"),
      read: files.list("read"),
    },
    timeoutS: fields.number("timeout_s", taskKeys.timeout_s.default),
    iterationBudget:
      fields.raw("iteration_budget") === undefined ? null : fields.number("iteration_budget", 0),
    testCmd: fields.optional("test_cmd"),
    network: fields.raw("network") === undefined ? null : fields.oneOf("network", ["none", "host"]),
    selfReview: fields.raw("self_review") === true,
    maxForkDepth: fields.number("max_fork_depth", taskKeys.max_fork_depth.default),
    sops: fields.list("sops"),
    sopsPickedBy: fields.oneOf("sops_picked_by", ["none", "pin", "rules", "model"]),
  };
  return { ...task, digest: unitDigest(task) };
}

/** Thrown while reading a file that is not a compiled plan. */
class WrongShape extends Error {}

/** A table with typed access to its keys. Throws WrongShape for a value of another type. */
class Fields {
  readonly #table: Record<string, unknown>;

  constructor(table: unknown) {
    if (typeof table !== "object" || table === null || Array.isArray(table)) throw new WrongShape();
    this.#table = table as Record<string, unknown>;
  }

  keys(): string[] {
    return Object.keys(this.#table);
  }

  raw(key: string): unknown {
    return Object.hasOwn(this.#table, key) ? this.#table[key] : undefined;
  }

  text(key: string, fallback?: string): string {
    const value = this.raw(key) ?? fallback;
    if (typeof value !== "string") throw new WrongShape();
    return value;
  }

  optional(key: string): string | null {
    return this.raw(key) === undefined ? null : this.text(key);
  }

  number(key: string, fallback: number): number {
    const value = this.raw(key) ?? fallback;
    if (typeof value !== "number") throw new WrongShape();
    return value;
  }

  list(key: string): string[] {
    const value = this.raw(key) ?? [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
      throw new WrongShape();
    }
    return value;
  }

  /** One of the allowed values; the first when the key is missing. */
  oneOf<const T extends string>(key: string, allowed: readonly [T, ...T[]]): T {
    const value = this.text(key, allowed[0]);
    const known = allowed.find((each) => each === value);
    if (known === undefined) throw new WrongShape();
    return known;
  }
}

/** Replaces the compiled file of a plan folder, atomically and durably. */
export function writeCompiled(planDir: string, bytes: string): void {
  replaceFile(join(planDir, compiledName), bytes, { durable: true });
}
