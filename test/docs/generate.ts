/** Writes the generated documents that are committed (`bun run docs`). */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedPages, repositoryRoot } from "./pages.ts";

for (const [path, text] of Object.entries(await generatedPages())) {
  writeFileSync(join(repositoryRoot, path), text);
}
