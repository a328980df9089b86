/**
 * Text of models, tools and repositories, safe to show: nothing in it steers a terminal.
 *
 * Escape sequences are not parsed, because one that never ends would hide what follows it: colours
 * are dropped, any other control or formatting character is shown for what it is.
 */

/** Controls (C0, C1, DEL), formatting (bidirectional, invisible), line and paragraph separators. */
const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const steeringButLayout = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: dropping them is the point
const colors = /\u001b\[[0-9;:]*m/g;

/** The text without colours, other such characters as `\u{...}`; newlines and tabs stay. */
export function printable(text: string): string {
  if (isPlain(text)) return text;
  return text
    .toWellFormed()
    .replace(colors, "")
    .replaceAll("\r\n", "\n")
    .replace(steeringButLayout, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** JSON text of the same value in which no such character stands as it is. */
export function printableJson(json: string): string {
  if (isPlain(json)) return json;
  return json.replace(steering, (char) =>
    Array.from({ length: char.length }, (_, at) => {
      const unit = char.charCodeAt(at).toString(16);
      return `\\u${unit.padStart(4, "0")}`;
    }).join(""),
  );
}

/** Nearly all text is, and this is much faster. */
function isPlain(text: string): boolean {
  return /^[\n\t\x20-\x7e]*$/.test(text);
}
