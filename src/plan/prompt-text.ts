/** What can be read off a task's own text: its headings, and the paths it mentions. Pure. */

/** Names among Orient, Edit, Verify that stand alone on a line (`# Orient`, `**Edit:**`, `verify:`). */
export function promptHeaders(text: string): Set<string> {
  const found = new Set<string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:#{1,6}\s+)?(?:\*\*)?(orient|edit|verify):?(?:\*\*)?:?\s*$/i.exec(line);
    const name = match?.[1];
    if (name !== undefined) found.add(name.charAt(0).toUpperCase() + name.slice(1).toLowerCase());
  }
  return found;
}

const extensions =
  "py|pyi|toml|json|jsonc|ya?ml|md|txt|cfg|ini|sh|ts|tsx|js|jsx|mjs|cjs|rs|go|swift|java|kt|rb|c|h|cc|cpp|css|html|sql";
const mention = new RegExp(
  `(?<![\\w/.:@-])((?:[\\w.-]+/)+[\\w.-]+\\.(?:${extensions}))(?![\\w/])`,
  "g",
);

/** Path-like words with a folder and a known extension, each once, as written but for a leading \`./\`. */
export function pathMentions(text: string): string[] {
  const paths = [...text.matchAll(mention)].map((match) =>
    (match[1] ?? "").replace(/^(\.\/)+/, ""),
  );
  return [...new Set(paths)].filter((path) => !path.startsWith("../"));
}
