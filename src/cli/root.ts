/**
 * Every command by name, loaded when it is asked for: `dgov version` must not pay for the others.
 *
 * The descriptions repeat those of the commands, so that help loads nothing; a test compares them.
 */
import type { AnyCommand, CommandGroup, LazyCommand } from "./command.ts";

type Loaded = { default: AnyCommand | CommandGroup };

function lazy(description: string, load: () => Promise<Loaded>, hidden = false): LazyCommand {
  return { description, load: async () => (await load()).default, ...(hidden ? { hidden } : {}) };
}

export const root: CommandGroup = {
  name: "dgov",
  description: "Drive AI coding agents through plan, compile, run, review",
  alone: "status",
  subcommands: {
    init: lazy("Set up .dgov in this project", () => import("./commands/init.ts")),
    doctor: lazy("Check everything a run will need", () => import("./commands/doctor.ts")),
    agents: lazy(
      "Manage what agents on this machine know of dgov",
      () => import("./commands/agents.ts"),
    ),
    "init-plan": lazy("Scaffold a plan", () => import("./commands/init-plan.ts")),
    plan: lazy("Manage plans", () => import("./commands/plan.ts")),
    compile: lazy("Compile a plan", () => import("./commands/compile.ts")),
    validate: lazy("Check a plan without writing", () => import("./commands/validate.ts")),
    run: lazy("Compile and execute a plan", () => import("./commands/run.ts")),
    fix: lazy("Make one change by a plan of one task", () => import("./commands/fix.ts")),
    take: lazy("Open a kept attempt as a worktree", () => import("./commands/take.ts")),
    land: lazy("Send a taken attempt through the gates", () => import("./commands/land.ts")),
    undo: lazy("Take back what a run or a unit landed", () => import("./commands/undo.ts")),
    status: lazy(
      "Show what is running and what needs attention",
      () => import("./commands/status.ts"),
    ),
    watch: lazy("Follow a run as it happens", () => import("./commands/watch.ts")),
    explain: lazy(
      "Say why a unit waits, was skipped or rejected",
      () => import("./commands/explain.ts"),
    ),
    runs: lazy("Manage the history of runs", () => import("./commands/runs.ts")),
    tools: lazy("Manage what is known of workers' tools", () => import("./commands/tools.ts")),
    verify: lazy("Manage the named recipes of the project", () => import("./commands/verify.ts")),
    preflight: lazy("Run the gates on the working tree", () => import("./commands/preflight.ts")),
    "coverage-baseline": lazy(
      "Save the coverage baseline",
      () => import("./commands/coverage-baseline.ts"),
    ),
    scope: lazy("Manage claims: preview verdicts", () => import("./commands/scope.ts")),
    sentrux: lazy("Measure the structure of the code", () => import("./commands/sentrux.ts")),
    "archive-plan": lazy("Move a plan to the archive", () => import("./commands/archive-plan.ts")),
    diagnose: lazy(
      "Name known failures and the next command for each",
      () => import("./commands/diagnose.ts"),
    ),
    ledger: lazy("Manage what the project knows of itself", () => import("./commands/ledger.ts")),
    clean: lazy("Remove what finished runs left behind", () => import("./commands/clean.ts")),
    prune: lazy("Forget outputs and telemetry of old runs", () => import("./commands/prune.ts")),
    demo: lazy("Show a complete run without a key or network", () => import("./commands/demo.ts")),
    schema: lazy("Print a JSON Schema", () => import("./commands/schema.ts")),
    completions: lazy(
      "Print the completion script of a shell",
      () => import("./commands/completions.ts"),
    ),
    version: lazy("Print the version", () => import("./commands/version.ts")),
    help: lazy("Print help on a command or a topic", () => import("./commands/help.ts")),
    complete: lazy(
      "Complete a command line (internal)",
      () => import("./commands/complete.ts"),
      true,
    ),
    worker: lazy("Run one worker (internal)", () => import("./commands/worker.ts"), true),
  },
};
