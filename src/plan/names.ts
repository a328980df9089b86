/** Names of plans, sections and tasks, which are also names of folders and keys. Pure. */

/** Letters, digits, `_` and `-`, beginning with a letter or digit. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Folder of `.dgov/plans` that contains archived plans; not allowed as a plan name. */
export const archiveName = "archive";

/** The rule for names, for messages. */
export const nameRule = `letters, digits, \`_\` and \`-\`; not \`${archiveName}\``;

/** True for a valid name of a folder and a key. */
export function isSafeName(name: string): boolean {
  return namePattern.test(name) && name !== archiveName;
}

const nameCharsMax = 50;

/** A valid name derived from a text, with `-` for characters that are not allowed; `fallback` when nothing is left. */
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
