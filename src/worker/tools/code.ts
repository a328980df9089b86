/** Looking at code: symbols, references, syntax; with `related.ts`, neighbours and tests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { symbolsOf, syntaxErrors, usesOf } from "../../syntax/symbols.ts";
import { filesWith } from "./files-with.ts";
import { sourceOf } from "./paths.ts";
import { relatedFiles, searchTestsFor } from "./related.ts";
import { answer, args, everyRole, refusal, type Tool, type ToolContext } from "./tool.ts";

const linesMax = 500;

const path = { type: "string", description: "path relative to the project root" } as const;
const symbol = { type: "string", description: "an identifier" } as const;

const fileSymbols: Tool = {
  name: "file_symbols",
  description: "What a source file defines, with line ranges.",
  parameters: args({ path }),
  roles: everyRole,
  async run(a, { root }) {
    const source = sourceOf(root, a["path"]);
    if (!("place" in source)) return source;
    const { place, text } = source;
    const found = await symbolsOf(place.path, text);
    if (found === null) return refusal("unsupported", `no grammar for ${place.path}`, place.path);
    const lines = found.map(
      (s) => `${"  ".repeat(s.depth)}${s.line}-${s.endLine} ${s.kind} ${s.name}`,
    );
    return answer(lines.length === 0 ? "no definitions" : lines.join("\n"), place.path);
  },
};

const checkSyntax: Tool = {
  name: "check_syntax",
  description: "Whether a source file parses.",
  parameters: args({ path }),
  roles: everyRole,
  async run(a, { root }) {
    const source = sourceOf(root, a["path"]);
    if (!("place" in source)) return source;
    const { place, text } = source;
    if (place.path.endsWith(".json")) return jsonSyntax(text, place.path);
    const lines = await syntaxErrors(place.path, text);
    if (lines === null) return refusal("unsupported", `no grammar for ${place.path}`, place.path);
    if (lines.length === 0) return answer(`${place.path} parses`, place.path);
    return refusal(
      "failed",
      `${place.path} does not parse: line ${lines.slice(0, 10).join(", ")}`,
      place.path,
    );
  },
};

function jsonSyntax(text: string, name: string): ReturnType<typeof answer> {
  try {
    JSON.parse(text);
    return answer(`${name} parses`, name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refusal("failed", `${name} does not parse: ${why}`, name);
  }
}

const findReferences: Tool = {
  name: "find_references",
  description: "Where an identifier is defined and used; comments and strings do not count.",
  parameters: args({ symbol }),
  roles: everyRole,
  async run(a, context) {
    const name = String(a["symbol"]);
    if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) {
      return refusal("invalid_arguments", `${JSON.stringify(name)} is not an identifier`);
    }
    const lines: { definition: boolean; text: string }[] = [];
    for (const file of await filesWith(context, [name])) {
      const text = textOf(context, file);
      const uses = text === null ? null : await usesOf(file, text, name);
      if (text === null || uses === null) continue;
      const source = text.split("\n");
      for (const { line, definition } of uses) {
        const at = `${file}:${line}: ${(source[line - 1] ?? "").trim()}`;
        lines.push({ definition, text: at });
      }
    }
    if (lines.length === 0) return answer("no references");
    const part = (title: string, of: boolean): string[] => {
      const own = lines.filter((l) => l.definition === of).map((l) => `  ${l.text}`);
      return own.length === 0 ? [] : [`${title} (${own.length}):`, ...own.slice(0, linesMax)];
    };
    return answer([...part("definitions", true), ...part("uses", false)].join("\n"));
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
