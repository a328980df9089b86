/** The setup gate: `setup_cmd`, which the gates that run commands depend on. They do not run when it fails. */
import type { Config } from "../../config/config.ts";
import type { GateTreeLease } from "../trees/lease.ts";
import { failureTailOf, verdictOf } from "../verdict.ts";
import type { Applies, GateInput, TreeGate } from "./gate.ts";

export const setupGate = {
  name: "setup",
  reads: "gate_tree",
  isFlaky: false,
  templates: () => [],
  configured: ({ worktree }: Config) => worktree.setup !== null,
  applies: ({ context }: GateInput): Applies =>
    context.config.worktree.setup === null
      ? { runs: false, reason: "no setup_cmd is configured" }
      : { runs: true },
  commands: ({ context }: GateInput) => {
    const { setup } = context.config.worktree;
    return setup === null ? [] : [setup];
  },
  async run(input: GateInput, lease: GateTreeLease) {
    const { context: c } = input;
    const done = await lease.prepare();
    const common = {
      command: c.config.worktree.setup,
      durationMs: done.durationMs,
      tail: failureTailOf(done.output),
      output: done.output === "" ? null : c.putOutput(done.output),
      cached: done.warm,
    };
    if (done.ok) return verdictOf("setup", common);
    return verdictOf("setup", {
      ...common,
      status: done.unrunnable ? "errored" : "failed",
      reason: done.reason,
      exit: done.reason.split(":")[0] ?? null,
      // The base was prepared successfully before the run began.
      blame: done.unrunnable || input.request.tree === input.baseTree ? "environment" : "attempt",
    });
  },
} satisfies TreeGate;
