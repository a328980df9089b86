/** The source files of dgov and their imports, for tests that check the structure of the code. */
import { readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";

/** The folder `src/`, absolute. */
export const src = resolve(import.meta.dir, "../../src");

/** One imported module. */
export interface Import {
  from: string;
  typeOnly: boolean;
  /** Loaded by `import()`. */
  lazy: boolean;
}

const transpiler = new Bun.Transpiler({ loader: "ts" });

/** The imports of a TypeScript text. An import that the transpiler drops is a type import. */
export function importsOf(text: string): Import[] {
  const values = transpiler.scanImports(text.replace(/^#!.*/, ""));
  const kept = new Map(values.map(({ path, kind }) => [path, kind]));
  const named = new Set<string>(kept.keys());
  for (const match of text.matchAll(
    /^(?:import|export)\s[^;"'`$]*?from\s+["']([\w@./:-]+)["']/gm,
  )) {
    named.add(match[1] ?? "");
  }
  return [...named].map((from) => ({
    from,
    typeOnly: !kept.has(from),
    lazy: kept.get(from) === "dynamic-import",
  }));
}

/** Paths of all source files below a folder, relative to `src/`, without test files. */
export function sources(folder = src): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /(?<!\.test)\.ts$/.test(entry.name) ? [relative(src, path).replaceAll("\\", "/")] : [];
  });
}
