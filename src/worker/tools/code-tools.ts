/** Tools that read code: symbols, syntax, references, related files and tests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { symbolsOf, syntaxErrors, usesOf } from "../../languages/symbols.ts";
import { errorMessage } from "../../std/text.ts";
import { filesContaining } from "./git.ts";
import { resolveText } from "./paths.ts";
import { relatedFiles, searchTestsFor } from "./related.ts";
import {
  allRoles,
  argumentSchema,
  type Tool,
  type ToolContext,
  toolAnswer,
  toolError,
} from "./tool.ts";

const linesMax = 500;

const path = { type: "string", description: "path relative to the project root" } as const;
const symbol = { type: "string", description: "an identifier" } as const;

const fileSymbols: Tool = {
  name: "file_symbols",
  description: "The definitions of a source file, with line ranges.",
  parameters: argumentSchema({ path }),
  roles: allRoles,
  async run(a, { root }) {
    const source = resolveText(root, a["path"]);
    if (!("file" in source)) return source;
    const { file, text } = source;
    const found = await symbolsOf(file.path, text);
    if (found === null) return toolError("unsupported", `no grammar for ${file.path}`, file.path);
    const lines = found.map(
      (s) => `${"  ".repeat(s.depth)}${s.line}-${s.endLine} ${s.kind} ${s.name}`,
    );
    return toolAnswer(lines.length === 0 ? "no definitions" : lines.join("\n"), file.path);
  },
};

const checkSyntax: Tool = {
  name: "check_syntax",
  description: "Check whether a source file parses.",
  parameters: argumentSchema({ path }),
  roles: allRoles,
  async run(a, { root }) {
    const source = resolveText(root, a["path"]);
    if (!("file" in source)) return source;
    const { file, text } = source;
    if (file.path.endsWith(".json")) return jsonSyntax(text, file.path);
    const lines = await syntaxErrors(file.path, text);
    if (lines === null) return toolError("unsupported", `no grammar for ${file.path}`, file.path);
    if (lines.length === 0) return toolAnswer(`${file.path} parses`, file.path);
    return toolError(
      "failed",
      `${file.path} does not parse: line ${lines.slice(0, 10).join(", ")}`,
      file.path,
    );
  },
};

function jsonSyntax(text: string, name: string): ReturnType<typeof toolAnswer> {
  try {
    JSON.parse(text);
    return toolAnswer(`${name} parses`, name);
  } catch (error) {
    return toolError("failed", `${name} does not parse: ${errorMessage(error)}`, name);
  }
}

const findReferences: Tool = {
  name: "find_references",
  description: "The definitions and uses of an identifier, without those in comments and strings.",
  parameters: argumentSchema({ symbol }),
  roles: allRoles,
  async run(a, context) {
    const name = String(a["symbol"]);
    if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) {
      return toolError("invalid_arguments", `${JSON.stringify(name)} is not an identifier`);
    }
    const lines: { definition: boolean; text: string }[] = [];
    for (const file of await filesContaining(context, [name])) {
      const text = textOf(context, file);
      const uses = text === null ? null : await usesOf(file, text, name);
      if (text === null || uses === null) continue;
      const source = text.split("\n");
      for (const { line, definition } of uses) {
        const at = `${file}:${line}: ${(source[line - 1] ?? "").trim()}`;
        lines.push({ definition, text: at });
      }
    }
    if (lines.length === 0) return toolAnswer("no references");
    const part = (title: string, of: boolean): string[] => {
      const own = lines.filter((l) => l.definition === of).map((l) => `  ${l.text}`);
      return own.length === 0 ? [] : [`${title} (${own.length}):`, ...own.slice(0, linesMax)];
    };
    return toolAnswer([...part("definitions", true), ...part("uses", false)].join("\n"));
  },
};

function textOf(context: ToolContext, file: string): string | null {
  try {
    return readFileSync(join(context.root, file), "utf8");
  } catch {
    return null;
  }
}

export const codeTools: readonly Tool[] = [
  fileSymbols,
  checkSyntax,
  findReferences,
  relatedFiles,
  searchTestsFor,
];
