/** Mutants of `src/views`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a prediction is false when one of its units landed",
    file: "src/views/radar.ts",
    find: "about.every((unit) => unit === null ||",
    replace: "about.some((unit) => unit === null ||",
    killedBy: "src/views/radar.test.ts > a prediction when only one landed",
  },
  {
    name: "a unit that fails alone stays a conflict",
    file: "src/views/radar.ts",
    find: "refused.delete(attemptOf(event));",
    replace: "refused.size;",
    killedBy:
      "src/views/radar.test.ts > a prediction when the unit fails alone as it does on top of others",
  },
  {
    name: "a stale refusal counts",
    file: "src/views/radar.ts",
    find: 'if (data["stale"] === true) return false;',
    replace: "",
    killedBy: "src/views/radar.test.ts > a prediction when a refusal is stale",
  },
  {
    name: "an attempt without a verdict on its work counts as rejected",
    file: "src/views/unit-state.ts",
    find: "(crashed|provider_failed|timed_out)",
    replace: "(crashed|provider_failed)",
    killedBy:
      'src/views/unit-state.test.ts > E17 a unit that is waiting with {"from":"working","reason":"retry 1 of 1: timed_out: 900 s"} is waiting',
  },
  {
    name: "an outcome that begins like a crash counts as one",
    file: "src/views/unit-state.ts",
    find: "timed_out)\\b/",
    replace: "timed_out)/",
    killedBy:
      'src/views/unit-state.test.ts > E17 a unit that is waiting with {"from":"working","reason":"retry 10 of 20: crashedness"} is rejected',
  },
  {
    name: "a fix of a reviewer counts as a blocked landing",
    file: "src/views/unit-state.ts",
    find: ' && !reason.startsWith("fix ")',
    replace: "",
    killedBy:
      'src/views/unit-state.test.ts > E17 a unit that is waiting with {"from":"landing","reason":"fix landed as aaaaaaaaaa; waiting"} is waiting',
  },
  {
    name: "a unit that a live run stopped is shown as working",
    file: "src/views/unit-state.ts",
    find: 'if (!isKnown(phase)) return live ? "working" : stopped(of);',
    replace: 'if (!isKnown(phase)) return "working";',
    killedBy:
      "src/views/unit-state.test.ts > E17 a phase that this version does not know is working in a live run, else stopped",
  },
  {
    name: "a phase is looked up in the prototype",
    file: "src/views/unit-state.ts",
    find: "return Object.hasOwn(states, phase);",
    replace: "return phase in states;",
    killedBy:
      "src/views/unit-state.test.ts > E17 a phase that this version does not know is working in a live run, else stopped",
  },
  {
    name: "a limit of the list shortens the totals",
    file: "src/views/tools.ts",
    find: "total: totalsOf([...byTool.values()].flatMap",
    replace: "total: totalsOf([...byTool.values()].slice(0, o.limit).flatMap",
    killedBy: "src/views/tools.test.ts > a limit shortens the list of tools but not the totals",
  },
  {
    name: "every failed call counts as refused",
    file: "src/views/tools.ts",
    find: "one.errorKind === refused ? one.failed : 0",
    replace: "one.failed",
    killedBy:
      "src/views/tools.test.ts > tool calls are summed over runs, units and outcomes, most calls first",
  },
  {
    name: "a call after done counts as a correction",
    file: "src/views/recovered-tool-errors.ts",
    find: "if (done.has(attempt)) continue;",
    replace: "",
    killedBy:
      "test/views/views.test.ts > the number of self-corrections is right for success after done",
  },
  {
    name: "a call of another target corrects a failed one",
    file: "src/views/recovered-tool-errors.ts",
    find: "JSON.stringify([attempt, tool, target])",
    replace: "JSON.stringify([attempt, tool])",
    killedBy:
      "test/views/views.test.ts > the number of self-corrections is right for success on another target",
  },
  {
    name: "a call of a later attempt corrects one of an earlier attempt",
    file: "src/views/recovered-tool-errors.ts",
    find: "JSON.stringify([attempt, tool, target])",
    replace: "JSON.stringify([tool, target])",
    killedBy:
      "test/views/views.test.ts > the number of self-corrections is right for success in another attempt",
  },
  {
    name: "a refused done ends the corrections",
    file: "src/views/recovered-tool-errors.ts",
    find: "if (ok) done.add(attempt);",
    replace: "done.add(attempt);",
    killedBy:
      "test/views/views.test.ts > the number of self-corrections is right for success after a rejected done",
  },
  {
    name: "a unit that git finds landed is diagnosed",
    file: "src/views/diagnose.ts",
    find: "if (facts.landed.has(landedKey({ plan, unit: unit.unit, digest: unit.digest }))) return [];",
    replace: "",
    killedBy:
      "test/views/diagnose.test.ts > a failed unit is not a finding when git has its landing commit",
  },
  {
    name: "a landing of another text of the unit resolves its failure",
    file: "src/views/diagnose.ts",
    find: 'return [of.plan, of.unit, of.digest].join("\\n");',
    replace: 'return [of.plan, of.unit].join("\\n");',
    killedBy:
      "test/views/diagnose.test.ts > a failed unit is still a finding when another version of it landed",
  },
  {
    name: "a stale event proves a failure",
    file: "src/views/diagnose.ts",
    find: 'data["stale"] !== true &&',
    replace: "",
    killedBy: "test/views/diagnose.test.ts > a stale event is not a finding",
  },
  {
    name: "a unit that the plan dropped is diagnosed",
    file: "src/views/diagnose.ts",
    find: "newest >= 0 && at > newest && !planned.has(unit.unit)",
    replace: "false",
    killedBy:
      "test/views/diagnose.test.ts > a failed unit is not a finding when the newest complete run does not have it",
  },
  {
    name: "a gate that passed later is still flaky",
    file: "src/views/diagnose.ts",
    find: "if (!judged.has(key) && (flaky || !last.has(key)))",
    replace: "if (flaky || !last.has(key))",
    killedBy: "test/views/diagnose.test.ts > a gate that passed in a later run is not a finding",
  },
  {
    name: "forgotten work is reported when its ref is gone",
    file: "src/views/diagnose.ts",
    find: "ref !== null && facts.keepRefs.has(ref)",
    replace: "ref !== null",
    killedBy:
      "test/views/diagnose.test.ts > kept work of a deleted plan is a finding while its ref exists",
  },
  {
    name: "a skipped verification clears a failed branch",
    file: "src/views/diagnose.ts",
    find: 'view.verification === null || view.verification.status === "skipped"',
    replace: "view.verification === null",
    killedBy: "test/views/diagnose.test.ts > a run without landings does not clear a failed branch",
  },
  {
    name: "a base gate is remediated once per rejection",
    file: "src/views/remediation-needs.ts",
    find: "return [...new Map(found.map((gate) => [gate.gate, gate])).values()];",
    replace: "return found;",
    killedBy:
      "test/views/remediation-needs.test.ts > each gate that failed on the base needs remediation once",
  },
  {
    name: "a failure of the attempt is remediated as one of the base",
    file: "src/views/remediation-needs.ts",
    find: 'return gate["blame"] === "base";',
    replace: 'return gate["blame"] !== null;',
    killedBy:
      "test/views/remediation-needs.test.ts > a run that left no problem needs no remediation",
  },
  {
    name: "a base that a run fixed is remediated",
    file: "src/views/remediation-needs.ts",
    find: "!o.checked) return []",
    replace: "o.checked === null) return []",
    killedBy:
      "test/views/remediation-needs.test.ts > a base that failed its check needs remediation unless the run fixed it",
  },
  {
    name: "a landing that git no longer has is landed",
    file: "src/views/plan-view.ts",
    find: 'return { ...known, state: "undone", reason };',
    replace: "return { ...known, reason };",
    killedBy:
      "test/views/views.test.ts > B9 E17 a unit whose landing git no longer has is undone, and a changed one is not started",
  },
  {
    name: "an undone unit that is skipped keeps its dependents closed",
    file: "src/views/plan-view.ts",
    find: ' || on.state === "undone";',
    replace: ";",
    killedBy:
      "test/views/views.test.ts > E17 a run of one unit leaves the others as earlier runs left them; what it unblocks is open again",
  },
  {
    name: "a unit of an older text counts as run",
    file: "src/views/plan-view.ts",
    find: "const same = own !== undefined && own.unit.digest === digest;",
    replace: "const same = own !== undefined;",
    killedBy:
      "test/views/views.test.ts > B9 E17 a unit whose landing git no longer has is undone, and a changed one is not started",
  },
  {
    name: "a crashed run does not need attention when all units that it worked on landed",
    file: "src/views/status.ts",
    find: 'return phase !== "complete" || left;',
    replace: "return left;",
    killedBy: "test/views/views.test.ts > an unfinished run without a process counts as crashed",
  },
  {
    name: "a prediction is withdrawn with one of another symbol",
    file: "src/views/radar.ts",
    find: 'data["path"], data["symbol"]]',
    replace: 'data["path"]]',
    killedBy: "src/views/radar.test.ts > a prediction when another symbol was cleared",
  },
  {
    name: "a refusal before a prediction makes it come true",
    file: "src/views/radar.ts",
    find: "one.seq > seq && about.includes(one.unit)",
    replace: "about.includes(one.unit)",
    killedBy:
      "src/views/radar.test.ts > a refusal before its prediction, or without one, counts as missed",
  },
  {
    name: "a candidate that is rebuilt on other work counts as alone",
    file: "src/views/radar.ts",
    find: "else alone.delete(keyOfCar(event));",
    replace: "",
    killedBy:
      "src/views/radar.test.ts > a prediction when the candidate of the unit is built again, now on top of others",
  },
  {
    name: "an error counts once however many calls it has",
    file: "src/views/tools.ts",
    find: "?? 0) + failed);",
    replace: "?? 0) + 1);",
    killedBy:
      "src/views/tools.test.ts > tool calls are summed over runs, units and outcomes, most calls first",
  },
  {
    name: "a rejecting finding without a name is offered for acceptance",
    file: "src/views/semantic-notes.ts",
    find: ' && textField(one, "fingerprint") !== ""',
    replace: "",
    killedBy:
      "src/views/semantic-notes.test.ts > only a finding that rejects and has a name can be accepted",
  },
  {
    name: "a note is offered for acceptance",
    file: "src/views/semantic-notes.ts",
    find: 'textField(one, "severity") === "error" && textField',
    replace: "textField",
    killedBy:
      "src/views/semantic-notes.test.ts > only a finding that rejects and has a name can be accepted",
  },
  {
    name: "a plan with a unit that did not land is landed",
    file: "src/views/plan-view.ts",
    find: "if (total > 0 && landed === total)",
    replace: "if (total > 0 && landed >= total - 1)",
    killedBy: "test/views/views.test.ts > E17 the status of a plan is partial",
  },
  {
    name: "a verification on another branch clears a failed one",
    file: "src/views/diagnose.ts",
    find: '"skipped" ? null : view.target,',
    replace: '"skipped" ? null : "",',
    killedBy:
      "test/views/diagnose.test.ts > a branch that passed does not clear another one that failed",
  },
  {
    name: "a unit of another plan is landed",
    file: "src/views/diagnose.ts",
    find: "[of.plan, of.unit, of.digest]",
    replace: "[of.unit, of.digest]",
    killedBy: "test/views/diagnose.test.ts > units that differ in their plan have other keys",
  },
  {
    name: "an interrupted run without an end crashed",
    file: "src/views/run-view.ts",
    find: 'run.interrupted ? "interrupted" : "crashed"',
    replace: '"crashed"',
    killedBy:
      "test/views/views.test.ts > a run that is running, interrupted: true, live: false, is shown as interrupted",
  },
  {
    name: "an abandoned unit with attempts was never started",
    file: "src/views/run-view.ts",
    find: 'unit.phase === "abandoned" && attempts === 0',
    replace: 'unit.phase === "abandoned"',
    killedBy: "test/views/views.test.ts > an abandoned unit without an attempt was never started",
  },
  {
    name: "a flaky verdict that is reused is a finding",
    file: "src/views/diagnose.ts",
    find: ' || event.data["cached"] === true',
    replace: "",
    killedBy:
      "test/views/diagnose.test.ts > a flaky verdict of an earlier run that is reused is not a finding",
  },
] satisfies Mutant[];
