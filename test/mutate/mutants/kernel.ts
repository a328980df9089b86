/** Mutants of `src/kernel`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a unit has one retry more than its limit",
    file: "src/kernel/units.ts",
    find: "if (unit[count] >= allowed) {",
    replace: "if (unit[count] > allowed) {",
    killedBy:
      "src/kernel/transition.test.ts > a worker that ends incomplete is retried within its own limit",
  },
  {
    name: "a unit has one fork more than its limit",
    file: "src/kernel/attempt.ts",
    find: "if (unit.fork < forksMax) {",
    replace: "if (unit.fork <= forksMax) {",
    killedBy:
      "src/kernel/transition.test.ts > an exhausted worker continues in a new conversation while it has forks, then is rejected",
  },
  {
    name: "a time-out counts as a crash",
    file: "src/kernel/attempt.ts",
    find: 'retry(d, id, "timeout", words);',
    replace: 'retry(d, id, "crash", words);',
    killedBy:
      "src/kernel/transition.test.ts > a worker that ends timed_out is retried within its own limit",
  },
  {
    name: "the end of an earlier fork ends the attempt",
    file: "src/kernel/attempt.ts",
    find: "  if (event.fork < unit.fork) return false;\n",
    replace: "",
    killedBy:
      "src/kernel/transition.test.ts > an exhausted worker continues in a new conversation while it has forks, then is rejected",
  },
  {
    name: "new attempts start before retries",
    file: "src/kernel/units.ts",
    find: "state.retries.shift() ?? state.ready.shift()",
    replace: "state.ready.shift() ?? state.retries.shift()",
    killedBy:
      "src/kernel/transition.test.ts > jobs limit how many units work at once, and retries start before first attempts",
  },
  {
    name: "one unit more than jobs works at once",
    file: "src/kernel/units.ts",
    find: "while (state.live < state.limits.jobs) {",
    replace: "while (state.live <= state.limits.jobs) {",
    killedBy:
      "src/kernel/transition.test.ts > jobs limit how many units work at once, and retries start before first attempts",
  },
  {
    name: "a failure behind a candidate is final",
    file: "src/kernel/train.ts",
    find: 'c.phase === "failed" && c.onto === tip',
    replace: 'c.phase === "failed"',
    killedBy:
      "src/kernel/transition.test.ts > a speculative failure becomes final when its base lands",
  },
  {
    name: "gates run again on a tree that is the attempt's own",
    file: "src/kernel/train.ts",
    find: 'failure.kind === "conflict" || car.tree === unitOf(d, id).tree',
    replace: 'failure.kind === "conflict"',
    killedBy:
      "src/kernel/transition.test.ts > cars behind a failed car are rebuilt and their gates cancelled",
  },
  {
    name: "a text conflict is judged on the attempt's own tree",
    file: "src/kernel/train.ts",
    find: 'failure.kind === "conflict" || car.tree === unitOf(d, id).tree',
    replace: "car.tree === unitOf(d, id).tree",
    killedBy:
      "src/kernel/transition.test.ts > a speculative conflict is discarded when its base fails",
  },
  {
    name: "one candidate more than the limit is built on speculation",
    file: "src/kernel/train.ts",
    find: "state.train.length < state.limits.speculation",
    replace: "state.train.length <= state.limits.speculation",
    killedBy: "src/kernel/transition.test.ts > the train is no longer than the speculation limit",
  },
  {
    name: "a candidate is based on one that was not screened",
    file: "src/kernel/train.ts",
    find: "base = car.screened ? car.commit : null;",
    replace: "base = car.commit;",
    killedBy:
      "src/kernel/transition.test.ts > A31 no candidate is based on one before its object gates have passed",
  },
  {
    name: "a failed candidate is the base of the next one",
    file: "src/kernel/train.ts",
    find: '    if (car.phase !== "failed") {\n      base',
    replace: '    if (car.phase !== "waiting") {\n      base',
    killedBy:
      "src/kernel/transition.test.ts > A31 no candidate is based on one before its object gates have passed",
  },
  {
    name: "one more gate run than max_gates is started",
    file: "src/kernel/train.ts",
    find: "    else if (free > 0) {",
    replace: "    else if (free >= 0) {",
    killedBy: "src/kernel/transition.test.ts > gate runs stay within maxGates, oldest car first",
  },
  {
    name: "gates of a discarded candidate run on",
    file: "src/kernel/train.ts",
    find: "  cancelGates(d, car);\n  const { unit, failure, behind } = car;",
    replace: "  const { unit, failure, behind } = car;",
    killedBy:
      "src/kernel/transition.test.ts > cars behind a failed car are rebuilt and their gates cancelled",
  },
  {
    name: "a red base is an attempt's fault",
    file: "src/kernel/train.ts",
    find: 'return blame === "base" || blame === "environment";',
    replace: 'return blame === "environment";',
    killedBy: "src/kernel/transition.test.ts > a failure blamed on the base is not retried",
  },
  {
    name: "a landing refused by a held ref lock is taken for a moved target",
    file: "src/kernel/landing.ts",
    find: "if (event.tip === state.tip) block(d, car, event.reason);\n      else moveTip(d, event.tip);",
    replace: "moveTip(d, event.tip);",
    killedBy:
      "src/kernel/transition.test.ts > a landing refused without a move of the target is retried as often as a blocked one",
  },
  {
    name: "a target that moves during a landing discards the landing",
    file: "src/kernel/landing.ts",
    find: 'event.tip === state.tip || state.train[0]?.phase === "landing"',
    replace: "event.tip === state.tip",
    killedBy:
      "src/kernel/transition.test.ts > a move of the target during a landing waits for the answer of the landing",
  },
  {
    name: "a unit is moved back before its last allowed rebuild",
    file: "src/kernel/landing.ts",
    find: "head.rebuilds <= state.limits.rebuilds",
    replace: "head.rebuilds < state.limits.rebuilds",
    killedBy:
      "src/kernel/transition.test.ts > a head that is rebuilt too often goes to the end of the queue",
  },
  {
    name: "a unit whose last try was refused waits again",
    file: "src/kernel/landing.ts",
    find: "if (unitOf(d, car.unit).lastTry) {",
    replace: "if (false) {",
    killedBy:
      "src/kernel/transition.test.ts > B4 a landing blocked by a checkout is retried when the checkout changes, and once at the end",
  },
  {
    name: "a finished unit settles its dependents before their last dependency",
    file: "src/kernel/units.ts",
    find: 'if (unit.blockers > 0 || unit.phase !== "pending") continue;',
    replace: 'if (unit.phase !== "pending") continue;',
    killedBy: "test/sim/kernel.test.ts > 500 seeds from 0 end with every invariant held",
  },
  {
    name: "a reviewer has one fix more than its limit",
    file: "src/kernel/attempt.ts",
    find: "if (unit.fixes < fixesMax) fix(",
    replace: "if (unit.fixes <= fixesMax) fix(",
    killedBy: "test/sim/kernel.test.ts > 500 seeds from 0 end with every invariant held",
  },
  {
    name: "an answer about an earlier attempt is taken for the present one",
    file: "src/kernel/attempt.ts",
    find: "if (of.attempt < unit.attempt || terminalPhases.has(unit.phase)) return null;",
    replace: "if (terminalPhases.has(unit.phase)) return null;",
    killedBy: "test/sim/kernel.test.ts > 500 seeds from 0 end with every invariant held",
  },
  {
    name: "gate runs on the attempt's own tree do not count for max_gates",
    file: "src/kernel/train.ts",
    find: "limits.maxGates - judging.filter((own) => own.running).length",
    replace: "limits.maxGates",
    killedBy: "test/sim/kernel.test.ts > 500 seeds from 0 end with every invariant held",
  },
  {
    name: "a flaky gate is no pass",
    file: "src/kernel/train.ts",
    find: 'status === "passed" || status === "flaky" || status === "not_applicable"',
    replace: 'status === "passed" || status === "not_applicable"',
    killedBy: "test/sim/kernel.test.ts > 500 seeds from 0 end with every invariant held",
  },
] satisfies Mutant[];
