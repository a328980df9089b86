/** Every generated document by its path in the repository. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { cliPage } from "./cli-page.ts";
import { configurationPage } from "./configuration-page.ts";
import { eventsPage } from "./events-page.ts";

export const repositoryRoot = resolve(import.meta.dir, "../..");

/** Pages in the order a reader wants them; others follow by name. */
const order = [
  "getting-started.md",
  "plans.md",
  "cli.md",
  "configuration.md",
  "providers.md",
  "settlement.md",
  "recovery.md",
  "security.md",
  "ci.md",
  "events.md",
  "architecture.md",
  "benchmarks.md",
  "glossary.md",
];

/** The texts as they should be. */
export async function generatedPages(): Promise<Record<string, string>> {
  const made: Record<string, string> = {
    "cli.md": await cliPage(),
    "configuration.md": await configurationPage(),
    "events.md": eventsPage(),
  };
  const folder = join(repositoryRoot, "docs");
  const there = readdirSync(folder).filter((name) => name.endsWith(".md"));
  const names = [...order, ...there.filter((name) => !order.includes(name)).toSorted()];
  const pages = names
    .filter((name) => name in made || existsSync(join(folder, name)))
    .map((name) => ({ name, text: made[name] ?? readFileSync(join(folder, name), "utf8") }));
  const all = {
    ...made,
    "llms.txt": summary(pages),
    "llms-full.txt": pages
      .map(({ text }) => text.trimEnd())
      .join("\n\n---\n\n")
      .concat("\n"),
  };
  return Object.fromEntries(Object.entries(all).map(([name, text]) => [`docs/${name}`, text]));
}

interface Page {
  name: string;
  text: string;
}

function summary(pages: readonly Page[]): string {
  return `# dgov

> A local command that drives AI coding agents through plan, compile, run and review. Plans are TOML;
> workers run in git worktrees; a change lands only when the tree it makes has passed every gate.

One executable; git 2.38 or later is needed beside it. Every command takes \`--json\`.

## Documents

${pages.map(({ name, text }) => `- [${titleOf(text)}](${name}): ${leadOf(text)}`).join("\n")}

## Everything at once

- [llms-full.txt](llms-full.txt): all of the above in one file
`;
}

function titleOf(text: string): string {
  return /^# (.+)$/m.exec(text)?.[1] ?? "Untitled";
}

/** The first sentence below the title. */
function leadOf(text: string): string {
  const paragraph = text.split(/\n{2,}/).find((part) => !/^[#|\s`]/.test(part)) ?? "";
  return (/^.+?[.:](?=\s|$)/.exec(paragraph.replaceAll("\n", " "))?.[0] ?? "").replace(/:$/, ".");
}
