/** `type_check_cmd`. */
import { judgeChecker } from "./checker.ts";
import { commandGate } from "./command-gate.ts";

export const typesGate = commandGate({
  name: "types",
  templates: ({ commands }) => (commands.typeCheck === null ? [] : [commands.typeCheck]),
  judge: judgeChecker,
});
