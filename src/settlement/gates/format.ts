/** `format_check_cmd`. */
import { judgeChecker } from "./checker.ts";
import { commandGate } from "./command-gate.ts";

export const formatGate = commandGate({
  name: "format",
  templates: ({ commands }) => (commands.formatCheck === null ? [] : [commands.formatCheck]),
  judge: judgeChecker,
});
