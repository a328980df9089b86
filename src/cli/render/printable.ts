/**
 * Makes text of models, tools and repositories safe to print on a terminal.
 *
 * Escape sequences are not parsed, because an unterminated one would hide the text after it: colours
 * are dropped, every other control or formatting character is shown as its code point.
 */

/** Controls (C0, C1, DEL), formatting (bidirectional, invisible), line and paragraph separators. */
const control = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const controlButLayout = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: dropping them is the point
const colors = /\u001b\[[0-9;:]*m/g;

/** The text without colours and with control characters as `\u{...}`; newlines and tabs stay. */
export function printable(text: string): string {
  if (isPlain(text)) return text;
  return text
    .toWellFormed()
    .replace(colors, "")
    .replaceAll("\r\n", "\n")
    .replace(controlButLayout, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** JSON text of the same value with every control character escaped. */
export function printableJson(json: string): string {
  if (isPlain(json)) return json;
  return json.replace(control, (char) =>
    Array.from({ length: char.length }, (_, at) => {
      const unit = char.charCodeAt(at).toString(16);
      return `\\u${unit.padStart(4, "0")}`;
    }).join(""),
  );
}

/** The text is printable ASCII. Nearly all text is, and this test is much faster. */
function isPlain(text: string): boolean {
  return /^[\n\t\x20-\x7e]*$/.test(text);
}
