/** The keys of `_root.toml` and of task files, in the order in which they are documented. */
import {
  anyText,
  fixedTable,
  flag,
  integerBetween,
  key,
  map,
  oneOf,
  requiredKey,
  tableOr,
  textList,
  type Written,
} from "../config/keys.ts";

const plan = fixedTable("The plan; in _root.toml", {
  name: requiredKey(anyText, "Name of the plan in runs, status and commit trailers"),
  summary: key(anyText, "One sentence that describes the plan"),
  sections: requiredKey(textList, "Directories of task files beside this file, in order"),
  default_agent: key(anyText, "Model or alias of tasks that name none"),
  default_provider: key(anyText, "Provider of tasks that name none"),
  max_retries: key(integerBetween(0, 100), "Attempts after a rejection", { default: 3 }),
});

const files = tableOr(
  {
    type: textList,
    name: "a list of paths, or a table of create, edit, delete, touch and read",
  },
  "Claims of the task; a list is the same as touch",
  {
    create: key(textList, "Files the task creates"),
    edit: key(textList, "Files the task changes"),
    delete: key(textList, "Files the task deletes"),
    touch: key(textList, "Files the task may create, change or delete"),
    read: key(textList, "Files the task reads"),
  },
);

const task = fixedTable("", {
  summary: requiredKey(anyText, "One sentence that describes the task"),
  prompt: key(
    anyText,
    "Instructions for the worker, under the headings Orient, Edit and Verify, each alone on a line",
  ),
  prompt_file: key(anyText, "File that contains the prompt, relative to this file"),
  commit_message: key(anyText, "Message of the commit that lands"),
  role: key(
    oneOf("worker", "researcher", "reviewer"),
    "Workers change files; researchers and reviewers only read",
    { default: "worker" },
  ),
  on_reject: key(
    oneOf("fail", "fix"),
    "Effect of a reviewer's rejection: the unit fails, or a fix attempt follows",
    { default: "fail" },
  ),
  depends_on: key(textList, "Keys of tasks in this file, or full ids like section/file.key"),
  files,
  agent: key(anyText, "Model, or an alias from [agents]"),
  provider: key(anyText, "Name of a [providers.*] table"),
  timeout_s: key(integerBetween(0, 604_800), "Time limit of an attempt", {
    default: 900,
    unit: "seconds",
  }),
  iteration_budget: key(integerBetween(1, 10_000), "Model turns an attempt may take", {
    derivedDefault: "`project.worker_iteration_budget`",
  }),
  test_cmd: key(
    anyText,
    "Test command that must pass in addition to the project's; verify:NAME refers to [verify.NAME]",
  ),
  network: key(
    oneOf("none", "host"),
    "Network of the worker's commands: a loopback of their own, or the machine's",
    { derivedDefault: "that of [sandbox]" },
  ),
  sop_mapping: key(textList, "Names of the SOPs for the task; disables automatic selection"),
  self_review: key(flag, "Have a second model conversation review the change before the gates", {
    default: false,
  }),
  max_fork_depth: key(
    integerBetween(0, 100),
    "Forks: new conversations after an attempt used all its turns",
    { default: 1 },
  ),
});

/** Keys of the table `[plan]`. */
export const planTableKeys = plan.keys;
/** Keys of a table `[tasks.<key>]`. */
export const taskKeys = task.keys;
/** Tables of `_root.toml` and of task files. */
export const planFileTables = { plan, tasks: map("Tasks of this file by key", task) };

/** Valid keys of `[plan]` as parsed; invalid ones are left out, required ones included. */
export type WrittenPlan = Partial<Written<typeof plan>>;
/** Valid keys of `[tasks.<key>]` as parsed; invalid ones are left out, required ones included. */
export type WrittenTask = Partial<Written<typeof task>>;
