/** Names dgov makes folders and keys of: plans, sections, tasks. Pure. */

/** Letters, digits, `_` and `-`, beginning with a letter or digit. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Folder of `.dgov/plans` that holds archived plans and so is no plan's name. */
export const archiveName = "archive";

/** What a name must be, for messages. */
export const nameRule = `letters, digits, \`_\` and \`-\`; not \`${archiveName}\``;

/** Whether a name is safe as a folder and as a key. */
export function isSafeName(name: string): boolean {
  return namePattern.test(name) && name !== archiveName;
}

const nameCharsMax = 50;

/** A safe name like the text given: what is not allowed becomes `-`. */
export function safeName(text: string, fallback: string): string {
  const name = text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[-_]+/, "")
    .slice(0, nameCharsMax)
    .replace(/[-_]+$/, "");
  return isSafeName(name) ? name : fallback;
}
