/** Mutants of `src/runner`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a provider gets one request more than it may have at once",
    file: "src/runner/rate-limiter.ts",
    find: "lane.held.size >= limits.concurrent",
    replace: "lane.held.size > limits.concurrent",
    killedBy:
      "src/runner/rate-limiter.test.ts > grants as many permits as the provider allows, further ones first come, first served",
  },
  {
    name: "a released holder keeps its waiting requests",
    file: "src/runner/rate-limiter.ts",
    find: "lane.waiting.filter((request) => request.holder !== holder)",
    replace: "lane.waiting",
    killedBy: "src/runner/rate-limiter.test.ts > a released holder no longer waits",
  },
  {
    name: "one request more than the limit of a minute is sent",
    file: "src/runner/rate-limiter.ts",
    find: "requests < (requestsMax",
    replace: "requests <= (requestsMax",
    killedBy: "src/runner/rate-limiter.test.ts > requests within any minute count together",
  },
  {
    name: "a request larger than the limit waits for ever",
    file: "src/runner/rate-limiter.ts",
    find: "    requests === 0 ||\n",
    replace: "",
    killedBy:
      "src/runner/rate-limiter.test.ts > a request larger than the limit is granted alone, and none overtakes it",
  },
  {
    name: "a worker's limit of one provider delays no other worker",
    file: "src/runner/rate-limiter.ts",
    find: "      limiter.pause(provider, message.retryAfterMs);\n",
    replace: "",
    killedBy:
      "src/runner/rate-limiter.test.ts > a worker's messages request, pause and release permits",
  },
  {
    name: "a crash hides the rejection before it",
    file: "src/runner/attempt/empty-diff.ts",
    find: '  "crashed",\n',
    replace: "",
    killedBy: "src/runner/attempt/empty-diff.test.ts > B25 a crash is no rejection of the work",
  },
  {
    name: "an empty attempt is satisfied by a commit whose files changed since",
    file: "src/runner/attempt/empty-diff.ts",
    find: " && o.changedSince.length === 0",
    replace: "",
    killedBy:
      "src/runner/attempt/empty-diff.test.ts > B25 an attempt without changes of a unit that landed before claimed paths changed is empty",
  },
  {
    name: "an empty attempt of a rejected unit is satisfied",
    file: "src/runner/attempt/empty-diff.ts",
    find: "rejection === undefined && o.changedSince",
    replace: "o.changedSince",
    killedBy:
      "src/runner/attempt/empty-diff.test.ts > B25 an attempt without changes of a unit that was rejected is never satisfied",
  },
  {
    name: "an empty diff of an earlier run ends the unit",
    file: "src/runner/attempt/empty-diff.ts",
    find: "rejection?.here === true && rejection.verdict",
    replace: "rejection?.verdict",
    killedBy:
      "src/runner/attempt/empty-diff.test.ts > B25 an attempt without changes of a unit that was empty in an earlier run has a retry",
  },
  {
    name: "an empty attempt is satisfied by another unit's commit",
    file: "src/runner/attempt/empty-diff.ts",
    find: "landed.findLast((one) => one.unit === unit)",
    replace: "landed.at(-1)",
    killedBy:
      "src/runner/attempt/empty-diff.test.ts > B25 an attempt without changes of a unit that landed before is satisfied by its last commit",
  },
  {
    name: "patterns of protected branches are compared as names",
    file: "src/runner/preconditions.ts",
    find: "pattern === branch || new Bun.Glob(pattern).match(branch)",
    replace: "pattern === branch",
    killedBy: 'src/runner/preconditions.test.ts > B22 protection of rel1 by ["rel*"] is true',
  },
  {
    name: "a protected branch named by its ref is not protected",
    file: "src/runner/preconditions.ts",
    find: "  return patterns\n    .map(branchOf)\n",
    replace: "  return patterns\n",
    killedBy:
      'src/runner/preconditions.test.ts > B22 protection of main by ["refs/heads/main"] is true',
  },
  {
    name: "kept work holds for a changed task",
    file: "src/runner/history/runs.ts",
    find: "kept: same ? (earlier?.kept ?? null) : null",
    replace: "kept: earlier?.kept ?? null",
    killedBy:
      "src/runner/history/runs.test.ts > B9 kept work and rejections hold for later runs of the same task only",
  },
  {
    name: "a semantic verdict on the attempt's own tree replaces that on the merge",
    file: "src/runner/history/runs.ts",
    find: 'record.data["gate"] === "semantic" && record.data["car"] !== null',
    replace: 'record.data["gate"] === "semantic"',
    killedBy:
      "src/runner/history/runs.test.ts > the semantic diagnostics of a unit are those of its kept work's last candidate",
  },
  {
    name: "new kept work keeps the diagnostics of the old",
    file: "src/runner/history/runs.ts",
    find: "        entry.semantic = [];\n",
    replace: "",
    killedBy:
      "src/runner/history/runs.test.ts > the semantic diagnostics of a unit are those of its kept work's last candidate",
  },
  {
    name: "kept work of a run after the landing is pruned",
    file: "src/runner/operator/prune.ts",
    find: '(order.get(one.run ?? "") ?? -1) >= at',
    replace: '(order.get(one.run ?? "") ?? -1) >= 0',
    killedBy:
      "test/e2e/prune.test.ts > B1 prune --kept leaves kept work that is younger than the landing of its unit",
  },
  {
    name: "kept work of a unit that has not landed is pruned",
    file: "src/runner/operator/prune.ts",
    find: "landed.has(unit) && there.has(ref)",
    replace: "there.has(ref)",
    killedBy:
      "test/e2e/prune.test.ts > B1 P2 prune removes telemetry, keeps lifecycle events, and removes kept work only after its unit landed",
  },
  {
    name: "a shorter Retry-After shortens a pause",
    file: "src/runner/rate-limiter.ts",
    find: "Math.max(lane.pausedUntil, this.#clock.now() + delayMs)",
    replace: "this.#clock.now() + delayMs",
    killedBy:
      "src/runner/rate-limiter.test.ts > a later, shorter Retry-After does not shorten a pause, and a longer one extends it",
  },
  {
    name: "tokens of exactly the limit wait",
    file: "src/runner/rate-limiter.ts",
    find: "tokens + next.tokens <= (tokensMax",
    replace: "tokens + next.tokens < (tokensMax",
    killedBy:
      "src/runner/rate-limiter.test.ts > tokens of exactly the limit are granted, one more waits for the next minute",
  },
  {
    name: "tokens of the answer do not count",
    file: "src/runner/rate-limiter.ts",
    find: "usage.promptTokens + usage.completionTokens",
    replace: "usage.promptTokens",
    killedBy:
      "src/runner/rate-limiter.test.ts > the tokens of prompt and answer count, and an answer without usage keeps the estimate",
  },
  {
    name: "a rejection holds for a changed task",
    file: "src/runner/history/runs.ts",
    find: "rejection: same ? (earlier?.rejection ?? null) : null",
    replace: "rejection: earlier?.rejection ?? null",
    killedBy:
      "src/runner/history/runs.test.ts > B9 nothing that is known of a task holds for another text of it",
  },
  {
    name: "a tree that the base made fail counts as rejected",
    file: "src/runner/history/runs.ts",
    find: 'if (record.data["blame"] === "attempt") entry.rejectedTree',
    replace: "entry.rejectedTree",
    killedBy:
      "src/runner/history/runs.test.ts > B9 nothing that is known of a task holds for another text of it",
  },
] satisfies Mutant[];
