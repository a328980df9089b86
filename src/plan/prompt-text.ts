/** Headings, paths and programs in the text of a prompt. Pure. */

export type HeadingName = "Orient" | "Edit" | "Verify";

/** Lines that consist of a heading (`# Orient`, `**Edit:**`, `verify:`); line numbers from 0. */
export function headingsOf(text: string): { name: HeadingName; line: number }[] {
  return text.split("\n").flatMap((line, number) => {
    if (line.length > headingCharsMax) return [];
    const word = /^\s*(?:#{1,6}\s+)?(?:\*\*|__)?([a-z]+)\s*:?\s*(?:\*\*|__)?\s*:?\s*$/i.exec(
      line,
    )?.[1];
    const name = headingNames.find((known) => known.toLowerCase() === word?.toLowerCase());
    return name === undefined ? [] : [{ name, line: number }];
  });
}

/** Longer lines are no headings and need no matching. */
const headingCharsMax = 40;

const headingNames = ["Orient", "Edit", "Verify"] as const;

const extensions =
  "c|cc|cfg|cjs|cpp|css|cts|go|h|hpp|html|ini|java|js|json|jsonc|jsx|kt|lock|md|mjs|mts|php|proto|py|pyi|rb|rs|sh|sql|swift|toml|ts|tsx|txt|vue|xml|ya?ml";
const mention = new RegExp(
  `(?<![\\w/.:@~$-])((?:[\\w.@-]+/)+[\\w.@-]*\\.(?:${extensions}))(?![\\w/-])`,
  "g",
);

/** Relative paths with a folder and a known extension, without duplicates and without leading `./`. */
export function pathMentions(text: string): string[] {
  const paths = [...text.matchAll(mention)].map((match) =>
    (match[1] ?? "").replace(/^(?:\.\/)+/, ""),
  );
  return [...new Set(paths)].filter((path) => !path.split("/").includes(".."));
}

/** A line that begins with one of these programs is a command. */
const programs = new Set(
  "actionlint bun cargo deno dgov git npm npx pnpm pytest python python3 rg ruff shellcheck shfmt tsc ty uv xcodebuild xcrun yarn".split(
    " ",
  ),
);
/** A snippet in backticks that begins with one of these programs, which are also English words, is a command. */
const programWords = new Set("go make swift".split(" "));
const builtins = new Set("cd echo test true false export set source exit [ [[ . :".split(" "));

/**
 * Programs that the Verify section runs, without duplicates: in lines that begin with a known program, and in
 * snippets in backticks that look like commands. `dgov` and shell builtins are left out.
 */
export function verifyTools(text: string): string[] {
  const lines = verifySection(text);
  const snippets = [...lines.join("\n").matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
  const found = [
    ...lines.map((line) => line.replace(/^\s*(?:[-*$]|\d+[.)])?\s*/, "")).filter(beginsWithProgram),
    ...snippets.filter(looksLikeCommand),
  ].map(programOf);
  return [...new Set(found)].filter((tool) => tool !== "dgov" && !builtins.has(tool));
}

function verifySection(text: string): string[] {
  const lines = text.split("\n");
  const headings = headingsOf(text);
  return headings.flatMap(({ name, line }, at) =>
    name === "Verify" ? lines.slice(line + 1, headings[at + 1]?.line) : [],
  );
}

/** The first word of a command after `NAME=value` assignments. */
function programOf(command: string): string {
  return words(command)[0] ?? "";
}

function words(command: string): string[] {
  const all = command.trim().split(/\s+/);
  const first = all.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
  return first < 0 ? [] : all.slice(first);
}

function beginsWithProgram(line: string): boolean {
  const [first = "", second] = words(line);
  return programs.has(first) && second !== undefined && second !== "=";
}

function looksLikeCommand(snippet: string): boolean {
  if (/[()]/.test(snippet)) return false;
  const [first = "", ...rest] = words(snippet);
  if (rest[0] === "=") return false;
  if (programs.has(first) || programWords.has(first)) return true;
  if (/^\.{0,2}\//.test(first)) return false;
  const named = /^[a-z][a-z0-9_.-]*$/.test(first);
  return named && rest.some((word) => /^-|\/|\.\w+$/.test(word));
}
