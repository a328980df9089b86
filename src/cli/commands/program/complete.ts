/** `dgov complete` (hidden): completes a command line for the scripts of `dgov completions`. */
import { type Context, command } from "../../command.ts";
import { type Candidate, type Completion, complete } from "../../complete/candidates.ts";

export default command({
  name: "complete",
  description: "Complete a command line (internal)",
  hidden: true,
  args: {
    words: {
      type: "string",
      repeated: true,
      valueHint: "WORD",
      description: "A word of the line after dgov; the last one is being typed",
    },
  },
  examples: ["dgov complete --words=plan --words="],
  async run(context, args) {
    const { candidates, files } = await completion(context, args.words ?? []);
    if (context.output.mode === "json") {
      context.output.answer({ schema: "dgov.complete/1", candidates, files }, "");
      return 0;
    }
    const lines = candidates.map(({ word, about }) => (about === "" ? word : `${word}\t${about}`));
    if (files !== null) lines.push(`:${files}`);
    if (lines.length > 0) context.output.line(lines.join("\n"));
    return 0;
  },
});

/** The completion of a line. Errors give none: a shell would print them into the line being typed. */
async function completion(
  { commands, cwd }: Context,
  words: readonly string[],
): Promise<Completion> {
  try {
    const { candidates, files } = await complete(commands, words, cwd);
    return { candidates: candidates.map(printed).filter(({ word }) => word !== ""), files };
  } catch {
    return { candidates: [], files: null };
  }
}

const aboutCharsMax = 80;

/**
 * A candidate as it is printed. A word with control characters becomes "": names may come from a
 * repository, and must neither break a line of the answer nor reach the terminal.
 */
function printed({ word, about }: Candidate): Candidate {
  const control = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
  const line = about.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, aboutCharsMax);
  return { word: control.test(word) ? "" : word, about: line };
}
