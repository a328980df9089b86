/** Text of models and repositories, safe to show: nothing in it steers a terminal. */

/** The text with control and formatting characters as `\u{...}`; newlines and tabs stay. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(
      /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
      (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
    );
}
