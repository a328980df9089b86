/** `dgov version`, `--version`, `-v`. */
import { buildInfo } from "../../../build-info.ts";
import { command } from "../../command.ts";

export default command({
  name: "version",
  description: "Print the version",
  args: {},
  examples: ["dgov version", "dgov version --json"],
  async run({ output }) {
    const { version, commit, target } = buildInfo;
    // Only the document names the embedded texts: `--version` itself must not load them.
    const assets = output.mode === "json" ? await assetDigests() : {};
    output.answer(
      { schema: "dgov.version/1", version, commit, target, bun: Bun.version, assets },
      `dgov ${version} (${commit.slice(0, 12)}, ${target})`,
    );
    return 0;
  },
});

/** SHA-256 of every embedded text, by its path in `src/assets/`. */
async function assetDigests(): Promise<Record<string, string>> {
  const { assets } = await import("../../../assets/index.ts");
  const { sha256 } = await import("../../../std/digest.ts");
  return Object.fromEntries(Object.entries(assets).map(([path, text]) => [path, sha256(text)]));
}
