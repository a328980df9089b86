/** The generated documents. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { cliPage } from "./cli-page.ts";
import { configurationPage } from "./configuration-page.ts";
import { eventsPage } from "./events-page.ts";
import { providersPage } from "./providers-page.ts";
import { verdictsPage } from "./verdicts-page.ts";
import { workersPage } from "./workers-page.ts";

export const repositoryRoot = resolve(import.meta.dir, "../..");

/** Reading order of the pages. Pages not listed here follow in alphabetical order. */
const order = [
  "getting-started.md",
  "plans.md",
  "cli.md",
  "configuration.md",
  "providers.md",
  "workers.md",
  "settlement.md",
  "recovery.md",
  "files.md",
  "verdicts.md",
  "security.md",
  "ci.md",
  "events.md",
  "architecture.md",
  "benchmarks.md",
  "reliability.md",
  "glossary.md",
];

/** Expected text of each generated document that is committed, by its path in the repository. */
export async function generatedPages(): Promise<Record<string, string>> {
  const generated = await generatedMarkdown();
  const all = { ...generated, "llms.txt": summary(allPages(generated)) };
  return Object.fromEntries(Object.entries(all).map(([name, text]) => [`docs/${name}`, text]));
}

/** Text of `llms-full.txt`, a release file: every page, in reading order. */
export async function fullText(): Promise<string> {
  const pages = allPages(await generatedMarkdown());
  return `${pages.map(({ text }) => text.trimEnd()).join("\n\n---\n\n")}\n`;
}

async function generatedMarkdown(): Promise<Record<string, string>> {
  return {
    "cli.md": await cliPage(),
    "configuration.md": configurationPage(),
    "events.md": eventsPage(),
    "providers.md": providersPage(),
    "verdicts.md": verdictsPage(),
    "workers.md": workersPage(),
  };
}

interface Page {
  name: string;
  text: string;
}

/** Every page of `docs/` in reading order, with the current text of the generated ones. */
function allPages(generated: Readonly<Record<string, string>>): Page[] {
  const folder = join(repositoryRoot, "docs");
  const present = readdirSync(folder).filter((name) => name.endsWith(".md"));
  const names = [...order, ...present.filter((name) => !order.includes(name)).toSorted()];
  return names
    .filter((name) => name in generated || existsSync(join(folder, name)))
    .map((name) => ({ name, text: generated[name] ?? readFileSync(join(folder, name), "utf8") }));
}

const fullTextUrl = "https://github.com/dgov/dgov/releases/latest/download/llms-full.txt";

function summary(pages: readonly Page[]): string {
  return `# dgov

> A command-line program that drives AI coding agents through plan, compile, run and review. Plans are
> TOML files; workers run in git worktrees; a change lands only when every gate passed on the resulting tree.

One executable; it needs git 2.38 or later. Every command accepts \`--json\`.

## Documents

${pages.map(({ name, text }) => `- [${titleOf(text)}](${name}): ${leadOf(text)}`).join("\n")}

## Full text

- [llms-full.txt](${fullTextUrl}): all documents in one file, published with each release
`;
}

function titleOf(text: string): string {
  return /^# (.+)$/m.exec(text)?.[1] ?? "Untitled";
}

/** First sentence below the title. */
function leadOf(text: string): string {
  const paragraph = text.split(/\n{2,}/).find((part) => !/^[#|\s`]/.test(part)) ?? "";
  return (/^.+?[.:](?=\s|$)/.exec(paragraph.replaceAll("\n", " "))?.[0] ?? "").replace(/:$/, ".");
}
