/** Foreign text in a prompt: fenced so that it cannot end its own fence, and bounded. Pure. */

/** The text between two marks. Lines of its own that look like a mark are indented. */
export function delimited(title: string, text: string, charsMax: number): string {
  const kept =
    text.length <= charsMax
      ? text
      : `${text.slice(0, charsMax)}\n[${text.length - charsMax} more characters were cut]`;
  const harmless = kept.replace(/^(\s*)<<<(?=BEGIN|END)/gim, "$1< <<");
  return `<<<BEGIN ${title}>>>\n${harmless.trimEnd()}\n<<<END ${title}>>>`;
}
