/**
 * The table of commands. A command's module loads when it is called, completed or printed as help.
 *
 * The descriptions repeat those of the commands, so that `dgov --help` loads none; a test compares
 * them.
 */
import type { AnyCommand, CommandGroup, LazyCommand } from "../command.ts";

type Loaded = { default: AnyCommand | CommandGroup };

function lazy(description: string, load: () => Promise<Loaded>, hidden = false): LazyCommand {
  return { description, load: async () => (await load()).default, ...(hidden ? { hidden } : {}) };
}

export const commands: CommandGroup = {
  name: "dgov",
  description: "Drive AI coding agents through plan, compile, run, review",
  alone: "status",
  subcommands: {
    init: lazy("Set up .dgov in this project", () => import("./setup/init.ts")),
    doctor: lazy("Check everything that a run needs", () => import("./setup/doctor.ts")),
    agents: lazy("Install dgov skills for coding agents", () => import("./setup/agents.ts")),
    "init-plan": lazy("Scaffold a plan", () => import("./plan/init-plan.ts")),
    plan: lazy("Manage plans", () => import("./plan/plan.ts")),
    compile: lazy("Compile a plan", () => import("./plan/compile.ts")),
    validate: lazy("Check a plan without writing", () => import("./plan/validate.ts")),
    run: lazy("Compile and execute a plan", () => import("./run/run.ts")),
    fix: lazy("Make one change with a plan of one task", () => import("./run/fix.ts")),
    take: lazy("Open a kept attempt as a worktree", () => import("./run/take.ts")),
    land: lazy(
      "Land a taken attempt, or kept work as it is, through the gates",
      () => import("./run/land.ts"),
    ),
    undo: lazy("Revert what a run or a unit landed", () => import("./run/undo.ts")),
    status: lazy(
      "Show what is running and what needs attention",
      () => import("./history/status.ts"),
    ),
    watch: lazy("Follow the events of a run", () => import("./history/watch.ts")),
    explain: lazy(
      "Explain why a unit waits, was skipped or was rejected, or what a word means",
      () => import("./history/explain.ts"),
    ),
    runs: lazy("Show past runs, or cancel the live one", () => import("./history/runs.ts")),
    tools: lazy("Show tool-call statistics", () => import("./history/tools.ts")),
    verify: lazy("Run the verification recipes of the project", () => import("./check/verify.ts")),
    preflight: lazy("Run the gates on the working tree", () => import("./check/preflight.ts")),
    "coverage-baseline": lazy(
      "Save the coverage baseline",
      () => import("./check/coverage-baseline.ts"),
    ),
    scope: lazy("Preview scope verdicts", () => import("./check/scope.ts")),
    sentrux: lazy("Measure the structure of the code", () => import("./check/sentrux.ts")),
    "archive-plan": lazy("Move a plan to the archive", () => import("./plan/archive-plan.ts")),
    diagnose: lazy(
      "Show known failures and the next command for each",
      () => import("./history/diagnose.ts"),
    ),
    ledger: lazy(
      "Manage the project ledger (rules, bugs, debt, decisions)",
      () => import("./project/ledger.ts"),
    ),
    clean: lazy("Remove leftovers of finished runs", () => import("./project/clean.ts")),
    prune: lazy("Delete outputs and telemetry of old runs", () => import("./project/prune.ts")),
    demo: lazy("Run a sample plan without an API key or network", () => import("./setup/demo.ts")),
    schema: lazy("Print a JSON Schema", () => import("./program/schema.ts")),
    completions: lazy(
      "Print the completion script of a shell",
      () => import("./program/completions.ts"),
    ),
    version: lazy("Print the version", () => import("./program/version.ts")),
    help: lazy("Print help on a command or a topic", () => import("./program/help.ts")),
    complete: lazy(
      "Complete a command line (internal)",
      () => import("./program/complete.ts"),
      true,
    ),
    worker: lazy("Run one worker (internal)", () => import("./program/worker.ts"), true),
  },
};
