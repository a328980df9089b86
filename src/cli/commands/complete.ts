/** `dgov complete` (hidden): what could stand at the end of a line, for the shells' scripts. */
import { resolve } from "node:path";
import { command } from "../command.ts";
import type { Completion } from "../complete/values.ts";
import { root } from "../root.ts";

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
    const { candidates, files } = await completion(args.words ?? [], context.cwd);
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

/** Somebody is typing: whatever goes wrong, there is simply nothing to offer. */
async function completion(words: readonly string[], cwd: string): Promise<Completion> {
  try {
    const { readPartial } = await import("../complete/line.ts");
    const { completeLine } = await import("../complete/values.ts");
    const line = await readPartial(root, words);
    const at = line.values.get("root")?.at(-1);
    const { candidates, files } = await completeLine(
      line,
      at === undefined ? cwd : resolve(cwd, at),
    );
    return { candidates: candidates.map(oneLine).filter(({ word }) => word !== ""), files };
  } catch {
    return { candidates: [], files: null };
  }
}

const aboutCharsMax = 80;

/** Names may come from a repository: what a line or a terminal would stumble over is left out. */
function oneLine({ word, about }: { word: string; about: string }) {
  const control = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
  const said = about.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, aboutCharsMax);
  return { word: control.test(word) ? "" : word, about: said };
}
