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
  {
    name: "an objection leaves the number of fixes as it was",
    file: "src/planner/conversation.ts",
    find: "    this.#fixes = 0;\n    this.#questionRounds = 0;",
    replace: "    this.#questionRounds = 0;",
    killedBy:
      "src/planner/conversation.test.ts > after an objection a planner may fix four times and ask three times again",
  },
  {
    name: "an objection leaves the number of questions as it was",
    file: "src/planner/conversation.ts",
    find: "    this.#fixes = 0;\n    this.#questionRounds = 0;",
    replace: "    this.#fixes = 0;",
    killedBy:
      "src/planner/conversation.test.ts > after an objection a planner may fix four times and ask three times again",
  },
  {
    name: "an answer without notes deletes those from before",
    file: "src/planner/conversation.ts",
    find: "answer.notes || this.#notes",
    replace: "answer.notes",
    killedBy:
      "src/planner/conversation.test.ts > a planner's notes are repeated until it gives others",
  },
  {
    name: "a draft with unsafe names is compiled",
    file: "src/planner/conversation.ts",
    find: "if (problems.length > 0) {",
    replace: "if (problems.length > 9) {",
    killedBy:
      "src/planner/conversation.test.ts > C10 a name that leaves the plan's folder is never written",
  },
  {
    name: "names that differ in case are two folders",
    file: "src/planner/draft.ts",
    find: "const folded = name.toLowerCase();",
    replace: "const folded = name;",
    killedBy:
      'src/planner/draft.test.ts > C10 the problem of a draft with sections {"s":["a"],"S":["a"]} is reported',
  },
  {
    name: "a plan of exactly the most tasks is refused",
    file: "src/planner/draft.ts",
    find: "if (tasks > tasksMax)",
    replace: "if (tasks >= tasksMax)",
    killedBy: "src/planner/draft.test.ts > a draft with safe names has no problems",
  },
  {
    name: "a proposed command may have several lines",
    file: "src/planner/draft.ts",
    find: "/\\p{Cc}/u.test(value) ||",
    replace: "",
    killedBy:
      'src/planner/draft.test.ts > the proposed setting {"test_cmd":"a\\nb"} is rejected: only commands can be proposed',
  },
  {
    name: "any setting can be proposed",
    file: "src/planner/draft.ts",
    find: "if (!configKeys.some((known) => known === key)) {",
    replace: "if (false) {",
    killedBy:
      'src/planner/draft.test.ts > the proposed setting {"base_url":"https://evil.example"} is rejected: only commands can be proposed',
  },
  {
    name: "the planner's name is used as it is",
    file: "src/planner/draft.ts",
    find: 'safeName(draft.name, "plan")',
    replace: "draft.name",
    killedBy:
      "src/planner/draft.test.ts > C10 the plan's name is the operator's, else a safe one like the planner's",
  },
  {
    name: "a claim with a lone surrogate is written",
    file: "src/planner/files.ts",
    find: "list.map(wellFormed)",
    replace: "[...list]",
    killedBy: "src/planner/files.test.ts > a lone surrogate is replaced",
  },
  {
    name: "coverage_cmd cannot be proposed",
    file: "src/planner/draft.ts",
    find: '  "coverage_cmd",\n',
    replace: "",
    killedBy: "src/planner/draft.test.ts > the setting coverage_cmd can be proposed",
  },
] satisfies Mutant[];
