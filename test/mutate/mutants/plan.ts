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
    name: "a missing file is charged although a dependency creates it",
    file: "src/plan/rules/claims.ts",
    find: "if (present || byDependency(created, task, claim)) return [];",
    replace: "if (present) return [];",
    killedBy:
      "test/plan/diagnostics.test.ts > An edit claim of a file that a dependency creates is accepted",
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
    name: "a task that is no dependency excuses a missing file",
    file: "src/plan/rules/claims.ts",
    find: "precedence.precedes(owner.task.index, task.index)",
    replace: "owner.task !== task",
    killedBy:
      "src/plan/compile.test.ts > a missing file is excused by a dependency that creates it, and by no other task",
  },
  {
    name: "a prompt of exactly the maximum is too long",
    file: "src/plan/rules/prompts.ts",
    find: "bytes > bytesMax",
    replace: "bytes >= bytesMax",
    killedBy: "src/plan/compile.test.ts > a prompt of exactly 1 MiB compiles",
  },
  {
    name: "one conflicting task fewer is named",
    file: "src/plan/claim-conflicts.ts",
    find: "conflict.others.length < othersMax",
    replace: "conflict.others.length < othersMax - 1",
    killedBy: "src/plan/compile.test.ts > four other tasks with a claim are named",
  },
  {
    name: "a recipe is found among the properties of objects",
    file: "src/plan/rules/environment.ts",
    find: "Object.hasOwn(config.verify, name)",
    replace: "name in config.verify",
    killedBy: "src/plan/compile.test.ts > the recipe toString is unknown",
  },
  {
    name: "a commit message may be blank",
    file: "src/plan/rules/tasks.ts",
    find: '(written.commit_message ?? "").trim()',
    replace: '(written.commit_message ?? "")',
    killedBy: "src/plan/compile.test.ts > a commit message of spaces is missing",
  },
  {
    name: "on_reject of a researcher is accepted",
    file: "src/plan/rules/tasks.ts",
    find: 'role !== "reviewer" && written.on_reject',
    replace: 'role === "worker" && written.on_reject',
    killedBy: "src/plan/compile.test.ts > on_reject of a researcher is an error",
  },
] satisfies Mutant[];
