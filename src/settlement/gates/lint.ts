/** `lint_cmd`. */
import { judgeChecker } from "./checker.ts";
import { commandGate } from "./command-gate.ts";

export const lintGate = commandGate({
  name: "lint",
  templates: ({ commands }) => (commands.lint === null ? [] : [commands.lint]),
  judge: judgeChecker,
});
