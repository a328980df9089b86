/** Mutants of `src/planner`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "one round of questions more than allowed",
    file: "src/planner/conversation.ts",
    find: "this.#questionRounds < questionRoundsMax",
    replace: "this.#questionRounds <= questionRoundsMax",
    killedBy:
      "src/planner/conversation.test.ts > a planner may ask three times and then has to decide",
  },
  {
    name: "one fix fewer than allowed",
    file: "src/planner/conversation.ts",
    find: "this.#fixes++ >= fixesMax",
    replace: "++this.#fixes >= fixesMax",
    killedBy:
      "src/planner/conversation.test.ts > a planner may ask three times and then has to decide",
  },
] satisfies Mutant[];
