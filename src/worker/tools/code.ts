/** Looking at code: symbols, references, syntax; with `related.ts`, neighbours and tests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { symbolsOf, syntaxErrors, usesOf } from "../../syntax/symbols.ts";
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
  description: "What a source file defines, with line ranges.",
  parameters: argumentSchema({ path }),
  roles: allRoles,
  async run(a, { root }) {
    const source = resolveText(root, a["path"]);
    if (!("place" in source)) return source;
    const { place, text } = source;
    const found = await symbolsOf(place.path, text);
    if (found === null) return toolError("unsupported", `no grammar for ${place.path}`, place.path);
    const lines = found.map(
      (s) => `${"  ".repeat(s.depth)}${s.line}-${s.endLine} ${s.kind} ${s.name}`,
    );
    return toolAnswer(lines.length === 0 ? "no definitions" : lines.join("\n"), place.path);
  },
};

const checkSyntax: Tool = {
  name: "check_syntax",
  description: "Whether a source file parses.",
  parameters: argumentSchema({ path }),
  roles: allRoles,
  async run(a, { root }) {
    const source = resolveText(root, a["path"]);
    if (!("place" in source)) return source;
    const { place, text } = source;
    if (place.path.endsWith(".json")) return jsonSyntax(text, place.path);
    const lines = await syntaxErrors(place.path, text);
    if (lines === null) return toolError("unsupported", `no grammar for ${place.path}`, place.path);
    if (lines.length === 0) return toolAnswer(`${place.path} parses`, place.path);
    return toolError(
      "failed",
      `${place.path} does not parse: line ${lines.slice(0, 10).join(", ")}`,
      place.path,
    );
  },
};

function jsonSyntax(text: string, name: string): ReturnType<typeof toolAnswer> {
  try {
    JSON.parse(text);
    return toolAnswer(`${name} parses`, name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return toolError("failed", `${name} does not parse: ${why}`, name);
  }
}

const findReferences: Tool = {
  name: "find_references",
  description: "Where an identifier is defined and used; comments and strings do not count.",
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
