/** The generated documents match the program (`bun run docs` rewrites them), and links resolve. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fullText, generatedPages, repositoryRoot } from "./pages.ts";

const pages = await generatedPages();

test.each(Object.entries(pages))(
  "%s is up to date with the program (bun run docs)",
  (path, text) => {
    expect(readFileSync(join(repositoryRoot, path), "utf8")).toBe(text);
  },
);

test("llms-full.txt of a release contains every page of docs/", async () => {
  const full = await fullText();
  const texts = written.map((path) => readFileSync(join(repositoryRoot, path), "utf8").trimEnd());
  expect(texts.filter((text) => !full.includes(text))).toEqual([]);
  expect(full.split("\n\n---\n\n")).toHaveLength(written.length);
});

test("every source directory named in docs/glossary.md exists", () => {
  const text = readFileSync(join(repositoryRoot, "docs/glossary.md"), "utf8");
  const named = [...text.matchAll(/\| `([a-z./]+)` \|$/gm)].map(([, source = ""]) => source);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((source) => !existsSync(join(repositoryRoot, "src", source)))).toEqual([]);
});

const written = readdirSync(join(repositoryRoot, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

/** True when the page of a link (the page itself for `#anchor`) has a heading with this anchor. */
function hasAnchor(link: string, own: string): boolean {
  const [file = "", anchor = ""] = link.split("#");
  const text = file.endsWith(".md") ? readFileSync(file, "utf8") : own;
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return headings.some((heading) => anchorOf(heading) === anchor);
}

/** The anchor of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
}

test.each(["README.md", "CONTRIBUTING.md", ...written])(
  "every relative link of %s resolves to a file",
  (path) => {
    const text = readFileSync(join(repositoryRoot, path), "utf8");
    const folder = dirname(join(repositoryRoot, path));
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to);
    const local = links.filter((to) => !/^[a-z]+:/.test(to) && !to.startsWith("#"));
    expect(local.filter((to) => !existsSync(join(folder, to.replace(/#.*$/, ""))))).toEqual([]);
    const anchored = links.filter((to) => /^[\w./-]*#/.test(to));
    expect(anchored.filter((to) => !hasAnchor(join(folder, to), text))).toEqual([]);
  },
);
