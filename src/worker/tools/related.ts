/**
 * Tools for related files: imports, importers and tests of a file or symbol, by grammar rather than text
 * search.
 */
import { basename, dirname } from "node:path";
import type { Import } from "../../languages/import-finder.ts";
import { type ImportIndex, importIndex, manifestNames } from "../../languages/import-index.ts";
import { importsOf } from "../../languages/imports.ts";
import { usesOf } from "../../languages/symbols.ts";
import { isTestCode } from "../../languages/test-path.ts";
import { filesContaining, listFiles, runToolGit } from "./git.ts";
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

/** Files defining a symbol for which importing tests are searched. */
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
    if (!("file" in source)) return source;
    const { file, text } = source;
    const index = await indexOf(context);
    const own = (await importsOf(file.path, text)) ?? [];
    const importers = await importersOf(context, index, file.path);
    const section = (title: string, lines: readonly string[]): string[] =>
      lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
    const lines = [
      ...section("imports", importedBy(index, file.path, own)),
      ...section("same package", index.neighbours(file.path)),
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
      lines.length === 0 ? "no related files were found" : lines.join("\n"),
      file.path,
    );
  },
};

export const searchTestsFor: Tool = {
  name: "search_tests_for",
  description:
    "Test files that mention an identifier, with the lines, and test files that import a file defining it.",
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
    if (tests.length + importing.length === 0) return toolAnswer(`no tests mention ${name}`);
    const args = ["grep", "--untracked", "-n", "-w", "-I", "-F", "-e", name, "--", ...tests];
    const lines = tests.length === 0 ? "" : (await runToolGit(context, args)).text;
    if (importing.length === 0) return toolAnswer(lines);
    const title = `tests that import a file defining ${name}:`;
    return toolAnswer([`${lines}${title}`, ...importing.map((file) => `  ${file}`)].join("\n"));
  },
};

/** Test files that import one of `files` that defines the name, sorted. */
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

/** The files that a file imports; the specifier for an import from outside the project. */
function importedBy(index: ImportIndex, path: string, imports: readonly Import[]): string[] {
  const lines = imports.flatMap((one) => {
    const files = index.resolve(path, one);
    return files.length > 0 ? files : [one.specifier];
  });
  return [...new Set(lines)];
}

/**
 * Files that import a file, and tests of its package. Parses only files that contain its name or its
 * folder's.
 */
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

/** The import index of the project's current files, untracked files included. */
async function indexOf(context: ToolContext): Promise<ImportIndex> {
  const listed = await listFiles(context);
  const paths = Array.isArray(listed) ? listed : [];
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
  return "file" in source ? source.text : null;
}
