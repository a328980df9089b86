/** The generated documents say what the program says. `bun run docs` writes them again. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generatedPages, repositoryRoot } from "./pages.ts";

const pages = await generatedPages();

test.each(Object.entries(pages))("%s is up to date (bun run docs)", (path, text) => {
  expect(readFileSync(join(repositoryRoot, path), "utf8")).toBe(text);
});

const written = readdirSync(join(repositoryRoot, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

test.each(["README.md", ...written])("every link of %s leads somewhere", (path) => {
  const text = readFileSync(join(repositoryRoot, path), "utf8");
  const folder = dirname(join(repositoryRoot, path));
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to);
  const local = links.filter((to) => !/^[a-z]+:/.test(to) && !to.startsWith("#"));
  expect(local.filter((to) => !existsSync(join(folder, to.replace(/#.*$/, ""))))).toEqual([]);
});
