/** Mutants of `src/plan`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a task that runs after another conflicts with it",
    file: "src/plan/claim-conflicts.ts",
    find: "if (!precedence.precedes(owned.task.index, from.task.index)) yield owned;",
    replace: "if (true) yield owned;",
    killedBy: "src/plan/compile.test.ts > E7 3,000 units of a chain that shares one file compile",
  },
  {
    name: "the fourth other claim of a conflict is only counted",
    file: "src/plan/claim-conflicts.ts",
    find: "conflict.others.length < othersMax",
    replace: "conflict.others.length < othersMax - 1",
    killedBy:
      "test/plan/sop-picker.test.ts > E5 only a change of units or of a SOP's text, name or application asks the model again",
  },
  {
    name: "a missing file is charged although a dependency creates it",
    file: "src/plan/rules/claims.ts",
    find: "if (present || byDependency(created, task, claim)) return [];",
    replace: "if (present) return [];",
    killedBy:
      "test/plan/diagnostics.test.ts > An edit claim of a file that a dependency creates is accepted",
  },
  {
    name: "any task that creates a file excuses its absence",
    file: "src/plan/rules/claims.ts",
    find: "owners.some((owner) => precedence.precedes(owner.task.index, task.index))",
    replace: "owners.length > 0",
    killedBy:
      "test/plan/sop-picker.test.ts > the model picks SOPs by default, with one request for all units",
  },
  {
    name: "a prompt of 1 MiB is too long",
    file: "src/plan/rules/prompts.ts",
    find: "bytes > bytesMax",
    replace: "bytes >= bytesMax",
    killedBy: "src/plan/compile.test.ts > a compiled task has every default",
  },
  {
    name: "a reviewer needs a prompt",
    file: "src/plan/rules/prompts.ts",
    find: 'role === "reviewer" || (prompt',
    replace: "(prompt",
    killedBy:
      "test/plan/original-format.test.ts > every documented key and form of the original plan format compiles to the same units",
  },
  {
    name: "a task with test_cmd needs a Verify heading",
    file: "src/plan/rules/prompts.ts",
    find: 'task.written.test_cmd ? "Verify" : null',
    replace: "null",
    killedBy: "test/plan/diagnostics.test.ts > A task with a test command needs no Verify heading",
  },
  {
    name: "two tasks without a model are reported twice",
    file: "src/plan/rules/environment.ts",
    find: "    if (reported.has(resolved.problem)) return [];\n",
    replace: "",
    killedBy:
      "test/plan/diagnostics.test.ts > A missing provider is reported once per plan (environment/no-provider.toml)",
  },
  {
    name: "a recipe is found among the properties of objects",
    file: "src/plan/rules/environment.ts",
    find: "name === undefined || Object.hasOwn(config.verify, name)",
    replace: "name === undefined || config.verify[name] !== undefined",
    killedBy:
      "test/plan/sop-picker.test.ts > the model picks SOPs by default, with one request for all units",
  },
  {
    name: "a blank commit message is one",
    file: "src/plan/rules/tasks.ts",
    find: '(written.commit_message ?? "").trim()',
    replace: '(written.commit_message ?? "")',
    killedBy: "src/plan/compile.test.ts > a compiled task has every default",
  },
  {
    name: "a researcher may have on_reject",
    file: "src/plan/rules/tasks.ts",
    find: 'role !== "reviewer" && written.on_reject !== undefined',
    replace: 'role === "worker" && written.on_reject !== undefined',
    killedBy:
      "test/plan/imports.test.ts > compile warns about an import of an independent task's file in TypeScript, in a project",
  },
] satisfies Mutant[];
