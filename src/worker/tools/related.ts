/** What belongs to a file: what it imports, who imports it, which tests. By the grammar, not by words. */
import { basename, dirname } from "node:path";
import { type ImportIndex, importIndex, manifestNames } from "../../syntax/import-index.ts";
import { type Import, importsOf } from "../../syntax/imports.ts";
import { usesOf } from "../../syntax/symbols.ts";
import { isTestCode } from "../../syntax/test-path.ts";
import { filesContaining, runToolGit } from "./git.ts";
import { resolveText } from "./paths.ts";
import {
  allRoles,
  argumentSchema,
  type Tool,
  type ToolContext,
  toolAnswer,
  toolError,
} from "./tool.ts";

const manifestsMax = 200;

/** Files that define a symbol whose importers are looked for. */
const definersMax = 5;

export const relatedFiles: Tool = {
  name: "related_files",
  description: "Files that import a file, files it imports, and its tests.",
  parameters: argumentSchema({
    path: { type: "string", description: "path relative to the project root" },
  }),
  roles: allRoles,
  async run(a, context) {
    const source = resolveText(context.root, a["path"]);
    if (!("place" in source)) return source;
    const { place, text } = source;
    const index = await indexOf(context);
    const own = (await importsOf(place.path, text)) ?? [];
    const importers = await importersOf(context, index, place.path);
    const section = (title: string, lines: readonly string[]): string[] =>
      lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
    const lines = [
      ...section("imports", importedBy(index, place.path, own)),
      ...section("same package", index.neighbours(place.path)),
      ...section(
        "imported by",
        importers.filter((file) => !isTestCode(file)),
      ),
      ...section(
        "tests",
        importers.filter((file) => isTestCode(file)),
      ),
    ];
    return toolAnswer(
      lines.length === 0 ? "nothing related was found" : lines.join("\n"),
      place.path,
    );
  },
};

export const searchTestsFor: Tool = {
  name: "search_tests_for",
  description: "Test files that mention an identifier, with the lines, or import what defines it.",
  parameters: argumentSchema({ symbol: { type: "string", description: "an identifier" } }),
  roles: allRoles,
  async run(a, context) {
    const name = String(a["symbol"]);
    if (name.trim() === "") return toolError("invalid_arguments", "the symbol is empty");
    const mentioning = await filesContaining(context, [name]);
    const tests = mentioning.filter((file) => isTestCode(file));
    const others = mentioning.filter((file) => !isTestCode(file));
    const importing = (await testsOfDefiners(context, others, name)).filter(
      (file) => !tests.includes(file),
    );
    if (tests.length + importing.length === 0) return toolAnswer("no tests mention it");
    const words = ["grep", "--untracked", "-n", "-w", "-I", "-F", "-e", name, "--", ...tests];
    const lines = tests.length === 0 ? "" : (await runToolGit(context, words)).text;
    if (importing.length === 0) return toolAnswer(lines);
    const title = `tests that import where ${name} is defined:`;
    return toolAnswer([`${lines}${title}`, ...importing.map((file) => `  ${file}`)].join("\n"));
  },
};

/** Tests that import a file in which a name is defined. */
async function testsOfDefiners(
  context: ToolContext,
  files: readonly string[],
  name: string,
): Promise<string[]> {
  const definers: string[] = [];
  for (const file of files) {
    if (definers.length === definersMax) break;
    const uses = await usesOf(file, textOf(context, file) ?? "", name);
    if (uses?.some(({ definition }) => definition)) definers.push(file);
  }
  if (definers.length === 0) return [];
  const index = await indexOf(context);
  const found = new Set<string>();
  for (const file of definers) {
    for (const importer of await importersOf(context, index, file)) {
      if (isTestCode(importer)) found.add(importer);
    }
  }
  return [...found].sort();
}

/** What a file's imports lead to; the word itself where that is outside the project. */
function importedBy(index: ImportIndex, path: string, imports: readonly Import[]): string[] {
  const lines = imports.flatMap((one) => {
    const files = index.resolve(path, one);
    return files.length > 0 ? files : [one.specifier];
  });
  return [...new Set(lines)];
}

/** Files that import a file: those in which its name or its folder's stands are read for it. */
async function importersOf(
  context: ToolContext,
  index: ImportIndex,
  path: string,
): Promise<string[]> {
  const stem = basename(path).replace(/\.[^.]+$/, "");
  const words = [stem, basename(dirname(path))].filter((word) => word !== "" && word !== ".");
  const found: string[] = [];
  for (const file of await filesContaining(context, words)) {
    if (file === path) continue;
    const imports = (await importsOf(file, textOf(context, file) ?? "")) ?? [];
    if (imports.some((one) => index.resolve(file, one).includes(path))) found.push(file);
    else if (isTestCode(file) && index.neighbours(file).includes(path)) found.push(file);
  }
  return found;
}

/** Over the files of the project as they are now, untracked ones included. */
async function indexOf(context: ToolContext): Promise<ImportIndex> {
  const listed = await runToolGit(context, ["ls-files", "-co", "--exclude-standard", "-z"]);
  const paths = [...new Set(listed.text.split("\0"))].filter((path) => path !== "");
  const manifests = new Map<string, string>();
  for (const path of paths) {
    if (!manifestNames.has(basename(path)) || manifests.size === manifestsMax) continue;
    const text = textOf(context, path);
    if (text !== null) manifests.set(path, text);
  }
  return importIndex(paths, manifests);
}

function textOf(context: ToolContext, path: string): string | null {
  const source = resolveText(context.root, path);
  return "place" in source ? source.text : null;
}
