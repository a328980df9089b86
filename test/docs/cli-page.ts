/** `docs/cli.md`: every command with its flags and examples, generated from the command definitions. */
import type { AnyCommand, CommandGroup, Context } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands/index.ts";
import help from "../../src/cli/commands/program/help.ts";
import { commandUsage, groupUsage } from "../../src/cli/usage.ts";
import { table } from "./table.ts";

/** Text of the page. */
export async function cliPage(): Promise<string> {
  const { codes } = await documentOf("exit-codes");
  const { variables } = await documentOf("environment");
  return `# Commands

Every command prints its result on stdout and status lines on stderr. With \`--json\` it prints exactly
one JSON document on stdout, also on failure. \`dgov help COMMAND\` prints the text on this page.

\`\`\`text
${groupUsage(commands, [], false)}
\`\`\`

${(await sections(commands, [])).join("\n\n")}

## Exit codes

${table(["code", "name", "meaning"], codes ?? [], ["code", "error", "meaning"])}

## Environment

${table(["variable", "meaning"], variables ?? [], ["name", "meaning"])}
`;
}

async function sections(group: CommandGroup, path: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const [name, entry] of Object.entries(group.subcommands)) {
    if (entry.hidden === true) continue;
    const target: AnyCommand | CommandGroup = "load" in entry ? await entry.load() : entry;
    const here = [...path, name];
    if ("subcommands" in target) {
      found.push(`## dgov ${here.join(" ")}\n\n${target.description}.`);
      found.push(...(await sections(target, here)));
    } else found.push(await section(target, here));
  }
  return found;
}

async function section(target: AnyCommand, path: string[]): Promise<string> {
  const usage = await commandUsage(target, path, false);
  // The first line repeats the heading; the global options are listed once, at the top of the page.
  const own = usage.replace(/^.*\n\n/, "").replace(/GLOBAL OPTIONS\n\n(?:.+\n)+\n/, "");
  return `## dgov ${path.join(" ")}\n\n${target.description}.\n\n\`\`\`text\n${own}\n\`\`\``;
}

type Rows = Record<string, unknown>[];

/** JSON document that `dgov help TOPIC --json` prints. */
async function documentOf(topic: string): Promise<Record<string, Rows>> {
  let document: Record<string, unknown> = {};
  const output = {
    answer: (given: Record<string, unknown>) => {
      document = given;
    },
  };
  await help.run({ output } as unknown as Context, { topic, subcommand: undefined });
  return document as Record<string, Rows>;
}
