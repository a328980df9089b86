import { buildInfo } from "../../build-info.ts";
import { command } from "../command.ts";

/** `dgov version`, `--version`, `-v`. */
export default command({
  name: "version",
  description: "Print the version",
  args: {},
  examples: ["dgov version", "dgov version --json"],
  async run({ output }) {
    const { version, commit, target } = buildInfo;
    output.answer(
      { schema: "dgov.version/1", version, commit, target, bun: Bun.version },
      `dgov ${version} (${commit.slice(0, 12)}, ${target})`,
    );
    return 0;
  },
});
