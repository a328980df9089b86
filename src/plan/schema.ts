/** The shape of plan files as people write them. Loaded lazily: arktype costs start-up time. */
import { configure } from "arktype/config";

configure({ jitless: true });
const { type } = await import("arktype");

/** `_root.toml`. */
export const rootSchema = type({
  "+": "reject",
  plan: {
    "+": "reject",
    name: "string > 0",
    "summary?": "string",
    sections: "string[]",
    "default_agent?": "string > 0",
    "default_provider?": "string > 0",
    "max_retries?": "number.integer >= 0",
  },
});

const claims = type({
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
  summary: "string > 0",
  "prompt?": "string",
  "prompt_file?": "string > 0",
  "commit_message?": "string > 0",
  "role?": "'worker' | 'researcher' | 'reviewer'",
  "on_reject?": "'fail' | 'fix'",
  "depends_on?": "string[]",
  "files?": claims.or("string[]"),
  "agent?": "string > 0",
  "provider?": "string > 0",
  "timeout_s?": "number.integer > 0",
  "iteration_budget?": "number.integer > 0",
  "test_cmd?": "string > 0",
  "sop_mapping?": "string[]",
  "self_review?": "boolean",
  "max_fork_depth?": "number.integer >= 0",
});

export type WrittenRoot = typeof rootSchema.infer;
export type WrittenTask = typeof taskSchema.infer;

export const rootKeys = [
  "name",
  "summary",
  "sections",
  "default_agent",
  "default_provider",
  "max_retries",
];
export const claimKeys = ["create", "edit", "delete", "touch", "read"];
export const taskKeys = [
  "summary",
  "prompt",
  "prompt_file",
  "commit_message",
  "role",
  "on_reject",
  "depends_on",
  "files",
  "agent",
  "provider",
  "timeout_s",
  "iteration_budget",
  "test_cmd",
  "sop_mapping",
  "self_review",
  "max_fork_depth",
];

export { type };
