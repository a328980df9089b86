/** Plan files in memory, for tests of the compiler. */
import type { PlanFiles } from "../../src/plan/plan-files.ts";
import { sortedBy } from "../../src/std/order.ts";

/** Files given as an object, by path; a path that ends in `/` is an empty folder. */
export function filesInMemory(texts: Readonly<Record<string, string>>): PlanFiles {
  const folders = new Map<string, Map<string, boolean>>();
  for (const file of Object.keys(texts)) {
    const names = file.split("/");
    for (const [depth, name] of names.entries()) {
      const parent = names.slice(0, depth).join("/");
      if (name === "") {
        folders.set(parent, new Map());
        continue;
      }
      const entries = folders.get(parent) ?? new Map<string, boolean>();
      folders.set(parent, entries.set(name, depth < names.length - 1));
    }
  }
  return {
    read(path) {
      const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
      if (text !== undefined) return { ok: true, text };
      if (path.startsWith("../")) return { ok: false, problem: "is outside the project" };
      return { ok: false, problem: folders.has(path) ? "is a folder" : "does not exist" };
    },
    list(path) {
      const entries = folders.get(path);
      if (entries === undefined) return null;
      return sortedBy(
        [...entries].map(([name, folder]) => ({ name, folder })),
        (entry) => entry.name,
      );
    },
  };
}
