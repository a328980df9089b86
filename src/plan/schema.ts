/** The shape of plan files as people write them. Loaded lazily: arktype costs start-up time. */
import { configure } from "arktype/config";

configure({ jitless: true });
const { type } = await import("arktype");

/** The table `[plan]`. */
export const planSchema = type({
  "+": "reject",
  name: "string",
  "summary?": "string",
  "sections?": "string[]",
  "default_agent?": "string",
  "default_provider?": "string",
  "max_retries?": "0 <= number.integer <= 100",
});

/** `_root.toml`. */
export const rootSchema = type({ "+": "reject", plan: planSchema });

/** `files` as a table. */
export const claimsSchema = type({
  "+": "reject",
  "create?": "string[]",
  "edit?": "string[]",
  "delete?": "string[]",
  "touch?": "string[]",
  "read?": "string[]",
});

/** One table `[tasks.<key>]`. */
export const taskSchema = type({
  "+": "reject",
  summary: "string",
  "prompt?": "string",
  "prompt_file?": "string",
  "commit_message?": "string",
  "role?": "'worker' | 'researcher' | 'reviewer'",
  "on_reject?": "'fail' | 'fix'",
  "depends_on?": "string[]",
  "files?": claimsSchema.or("string[]"),
  "agent?": "string",
  "provider?": "string",
  "timeout_s?": "0 <= number.integer <= 604800",
  "iteration_budget?": "1 <= number.integer <= 10000",
  "test_cmd?": "string",
  "sop_mapping?": "string[]",
  "self_review?": "boolean",
  "max_fork_depth?": "0 <= number.integer <= 100",
});

/** A task file. */
export const taskFileSchema = type({ "+": "reject", "tasks?": { "[string]": taskSchema } });

export type WrittenPlan = typeof planSchema.infer;
export type WrittenTask = typeof taskSchema.infer;

export { type };
