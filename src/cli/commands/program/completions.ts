/** `dgov completions`: prints the script with which a shell completes dgov's command lines. */
import { suggest } from "../../../std/suggest.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { scripts, shells } from "../../complete/scripts.ts";

export default command({
  name: "completions",
  description: "Print the completion script of a shell",
  args: {
    shell: {
      type: "positional",
      required: true,
      valueHint: shells.join("|"),
      description: "The shell",
    },
  },
  examples: [
    'eval "$(dgov completions bash)"',
    'eval "$(dgov completions zsh)"',
    "dgov completions fish > ~/.config/fish/completions/dgov.fish",
  ],
  async run(context, args) {
    const shell = shells.find((known) => known === args.shell);
    if (shell === undefined) {
      const near = suggest(args.shell, shells);
      const hint = near === null ? `one of ${shells.join(", ")}` : `did you mean ${near}?`;
      throw usageError(`no completions for ${args.shell}`, hint);
    }
    const script = scripts[shell];
    context.output.answer({ schema: "dgov.completions/1", shell, script }, script);
    return 0;
  },
});
