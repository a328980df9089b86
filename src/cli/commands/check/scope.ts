/** `dgov scope status`: the verdict that review would reach on the working tree. */
import { judgeScope } from "../../../app/working-tree.ts";
import { usageError } from "../../args.ts";
import { command, group } from "../../command.ts";
import { requireProject } from "../../project.ts";

const status = command({
  name: "status",
  description: "Preview the scope verdict on the working tree",
  args: {
    task: { type: "string", valueHint: "U", description: "Use the claims of this unit" },
    plan: { type: "string", valueHint: "PLAN", description: "Plan of the unit" },
    claim: {
      type: "string",
      repeated: true,
      valueHint: "F",
      description: "A write claim, in addition to those of --task",
    },
    read: {
      type: "string",
      repeated: true,
      valueHint: "F",
      description: "A read claim, in addition to those of --task",
    },
  },
  examples: [
    "dgov scope status --task add-feature",
    "dgov scope status --task add-feature --claim src/more.ts",
    "dgov scope status --claim src/** --read README.md",
  ],
  async run(context, args) {
    const claims = args.claim ?? [];
    const { task } = args;
    if (task === undefined && claims.length === 0)
      throw usageError("scope status needs --task U or --claim F");
    const scope = await judgeScope({
      projectRoot: requireProject(context),
      env: context.env,
      unit: task,
      plan: args.plan,
      write: claims,
      read: args.read ?? [],
      warn: (text) => context.output.log.warn(text),
    });
    const { unit, claims: about, changes, verdict } = scope;
    const lines = [
      `scope: ${verdict.passed ? "pass" : `fail: ${verdict.verdict}`}`,
      ...changes.map((change) => `  ${change.status} ${change.path}`),
      ...(verdict.passed ? [] : [verdict.reason]),
    ];
    context.output.answer(
      {
        schema: "dgov.scope-status/1",
        unit,
        passed: verdict.passed,
        verdict: verdict.verdict,
        retriable: verdict.retriable,
        reason: verdict.reason,
        claimed_writable: [...about.create, ...about.edit, ...about.delete, ...about.touch],
        claimed_readonly: about.read,
        modified_files: changes.map((change) => change.path),
        claimed: verdict.claimed,
        ignored: verdict.ignored,
        offending: verdict.paths,
      },
      lines.join("\n"),
    );
    return verdict.passed ? 0 : 1;
  },
});

export default group({
  name: "scope",
  description: "Preview scope verdicts",
  subcommands: { status },
});
