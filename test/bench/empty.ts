/** The empty program start-up is compared with: the same flags as `build.ts`, and nothing in it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Compiles it in a folder (made when missing) and gives its path. */
export async function buildEmpty(folder: string): Promise<string> {
  const entry = join(folder, "empty.ts");
  mkdirSync(folder, { recursive: true });
  writeFileSync(entry, "");
  const outfile = join(folder, "empty");
  const result = await Bun.build({
    entrypoints: [entry],
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    compile: { outfile },
  });
  if (!result.success) throw new AggregateError(result.logs, "the empty program was not built");
  return outfile;
}
