/** Examples of the documentation: every command line is valid, and every TOML example loads. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "../../src/config/load.ts";
import { keyProblems } from "../../src/config/schema.ts";
import { parseToml } from "../../src/config/toml.ts";
import { planFileTables } from "../../src/plan/plan-keys.ts";
import {
  allCommands,
  bareFlags,
  hasFlag,
  lineProblem,
  mentionProblems,
  shellWords,
} from "../harness/command-lines.ts";
import { repositoryRoot } from "./pages.ts";

const known = await allCommands();

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "AGENTS.md",
  "src/assets/governor.md",
  ...[...new Bun.Glob("src/assets/skills/*/SKILL.md").scanSync(repositoryRoot)].toSorted(),
  ...readdirSync(join(repositoryRoot, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
].map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), "utf8") }));

/** Blocks of a page between fences, and indented ones, with their language. */
function blocksOf(text: string): { language: string; text: string }[] {
  const fenced = [...text.matchAll(/^( *)```(\w*)\n(.*?)^\1```$/gms)].map(
    ([, , language = "", inner = ""]) => ({ language, text: inner }),
  );
  const outside = text.replace(/^( *)```\w*\n.*?^\1```$/gms, "");
  const indented = [...outside.matchAll(/(?:^ {4}\S.*\n(?:(?: {4}.*)?\n)*?)+/gm)].map(
    ([block]) => ({
      language: "",
      text: block.replace(/^ {4}/gm, ""),
    }),
  );
  return [...fenced, ...indented];
}

/** Command lines of dgov in a block: lines that begin with `dgov`, also after a prompt, a variable or a YAML key. */
function commandLines(block: string): string[] {
  const joined = block.replace(/\\\n\s*/g, " ");
  return [
    ...joined.matchAll(/^\s*(?:\$ |- run: |run: |sh ')?(?:[A-Z_]+=\S+ )*dgov( .*)?$/gm),
  ].flatMap(
    // A description stands in a column of its own.
    ([, rest = ""]) =>
      /^ (?:\[OPTIONS\]|.*<)|^: /.test(rest) ? [] : [rest.replace(/ {3,}\w.*$/, "")],
  );
}

describe("E26 documented command lines are valid", () => {
  test.each(pages.map(({ path, text }) => [path, text]))(
    "in the blocks of %s",
    async (path, text) => {
      // The usage texts of the generated page are the definitions themselves; their examples are checked below.
      if (path === "docs/cli.md") return;
      const problems: string[] = [];
      for (const { text: block } of blocksOf(text)) {
        for (const line of commandLines(block)) {
          const problem = await lineProblem(shellWords(line));
          if (problem !== null) problems.push(`dgov${line}: ${problem}`);
        }
      }
      expect(problems).toEqual([]);
    },
  );

  test.each(pages.map(({ path, text }) => [path, text]))(
    "in the sentences of %s",
    async (_, text) => {
      const problems: string[] = [];
      const plain = text.replace(/^( *)```\w*\n.*?^\1```$/gms, "");
      for (const [, code = ""] of plain.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)) {
        if (/^dgov [a-z]/.test(code)) problems.push(...mentionProblems(code, known));
        // A flag alone belongs to a command of the sentence.
        else if (/^--[a-z]/.test(code)) {
          const missing = bareFlags(code, known).filter(
            (flag) => !otherFlags.has(flag) && !known.some((command) => hasFlag(command, flag)),
          );
          problems.push(...missing.map((flag) => `no command has ${flag}`));
        }
      }
      expect(problems).toEqual([]);
    },
  );

  test("in the examples of every command's help", async () => {
    const { commands } = await import("../../src/cli/commands/index.ts");
    const { commandUsage } = await import("../../src/cli/usage.ts");
    const { findCommand } = await import("../../src/cli/line.ts");
    let count = 0;
    const problems: string[] = [];
    for (const { path } of known) {
      const target = await findCommand(commands, path);
      if (target === null || "subcommands" in target) continue;
      const usage = await commandUsage(target, path, false);
      for (const [, line = ""] of usage.matchAll(/^ {2}dgov( .*)?$/gm)) {
        count++;
        const problem = await lineProblem(shellWords(line));
        if (problem !== null) problems.push(`dgov${line}: ${problem}`);
      }
    }
    expect(problems).toEqual([]);
    expect(count).toBeGreaterThan(60);
  });
});

/** Flags of other programs that pages name alone. */
const otherFlags = new Set([
  ...["--coverage-dir", "--git-dir", "--work-tree", "--merges", "--commits", "--from", "--filter"],
  ...["--enable-auto-tool-choice", "--tool-call-parser"],
]);

describe("E26 documented TOML loads", () => {
  test.each(pages.map(({ path, text }) => [path, text]))("in %s", (_, text) => {
    const problems = blocksOf(text).flatMap(({ language, text: block }) => {
      const isToml = language === "toml" || (language === "" && /^(?:\[\w|\w+ = )/.test(block));
      return isToml ? tomlProblems(block) : [];
    });
    expect(problems).toEqual([]);
  });
});

/** The problems of a TOML example: a plan file, a project file or a part of one. */
function tomlProblems(block: string): string[] {
  // Keys without a table are keys of [project].
  const text =
    /^\[/m.test(block) && /^\s*(?:#.*\n\s*)*\[/.test(block) ? block : `[project]\n${block}`;
  const parsed = parseToml(text);
  if (!parsed.ok) return [`${parsed.message} in:\n${block}`];
  const { plan, tasks } = planFileTables;
  if ("plan" in parsed.value) return keyProblems({ plan }, parsed.value).map((p) => p.message);
  if ("tasks" in parsed.value) return keyProblems({ tasks }, parsed.value).map((p) => p.message);
  const loaded = parseConfig(text, "/");
  return loaded.ok ? [] : loaded.diagnostics.map(({ message }) => `${message} in:\n${block}`);
}
