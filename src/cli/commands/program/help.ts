/** `dgov help`, `dgov help COMMAND`, and the reference topics. */
import { errorCodes } from "../../../error.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { helpText } from "../../usage.ts";

export default command({
  name: "help",
  description: "Print help on a command or a topic",
  args: {
    topic: {
      type: "positional",
      required: false,
      description: "A command, or exit-codes, or environment",
    },
    subcommand: { type: "positional", required: false, description: "A command of the group" },
  },
  examples: ["dgov help", "dgov help plan list", "dgov help exit-codes", "dgov help environment"],
  async run(context, args) {
    const { output } = context;
    if (args.topic === "exit-codes") {
      output.answer({ schema: "dgov.exit-codes/1", codes: exitCodes() }, exitCodesText());
      return 0;
    }
    if (args.topic === "environment") {
      const rows = Object.entries(environment).map(([name, meaning]) => ({ name, meaning }));
      output.answer(
        { schema: "dgov.environment/1", variables: rows },
        rows.map(({ name, meaning }) => `${name.padEnd(22)}  ${meaning}`).join("\n"),
      );
      return 0;
    }
    const path = [args.topic, args.subcommand].filter((word) => word !== undefined);
    const text = await helpText(context.commands, path);
    if (text === null) throw usageError(`no help on "${path.join(" ")}"`, "dgov help");
    output.answer({ schema: "dgov.help/1", command: path.join(" "), text }, text);
    return 0;
  },
});

/** Environment variables that configure dgov. */
const environment: Record<string, string> = {
  DGOV_JSON: "1, true or yes: same as --json",
  DGOV_TRUST_PROVIDERS: "1: trust the endpoints in project.toml with API keys (for CI)",
  DGOV_FAULT: "a fault point at which the process kills itself, for tests of recovery",
  NO_COLOR: "disables colours",
  XDG_CACHE_HOME: "parent of dgov/, the folder of worktrees and gate trees",
  XDG_CONFIG_HOME: "parent of dgov/, the folder of trust.toml",
  XDG_STATE_HOME: "parent of dgov/, the folder of the locks of slots",
};

/** Exit codes without an error code. */
const general: { code: number; meaning: string; error: string | null }[] = [
  { code: 0, meaning: "success; also a closed output pipe", error: null },
  {
    code: 1,
    meaning:
      "the answer is no, of a command that judges: validate, preflight, doctor, diagnose, scope status, verify run, sentrux check and gate; also where run and compile end with 3 or 4",
    error: null,
  },
  { code: 130, meaning: "interrupted", error: null },
  { code: 143, meaning: "terminated", error: null },
];

function exitCodes() {
  const named = Object.entries(errorCodes).map(([error, { exit, meaning }]) => ({
    code: exit as number,
    meaning: meaning as string,
    error: error as string | null,
  }));
  return [...general, ...named].sort((a, b) => a.code - b.code);
}

function exitCodesText(): string {
  return exitCodes()
    .map(
      ({ code, meaning, error }) =>
        `${String(code).padStart(3)}  ${(error ?? "").padEnd(20)}  ${meaning}`,
    )
    .join("\n");
}
