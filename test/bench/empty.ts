/** The empty program that start-up times are compared with, compiled with the flags of `build.ts`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Compiles the empty program into a folder (created when missing); returns its path. */
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
