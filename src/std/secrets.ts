/** Replacement of secret values in texts. Pure. */

const replacement = "[redacted]";

/** Shorter values are placeholders, or words that occur in ordinary text. */
export const secretCharsMin = 8;

/** A function that replaces the secrets in a text, also in base64, hexadecimal, percent-encoding and JSON. */
export function secretRemover(secrets: readonly string[]): (text: string) => string {
  const long = secrets.filter((secret) => secret.length >= secretCharsMin);
  // A secret that contains another one is replaced first.
  const spellings = [...new Set(long.flatMap(spellingsOf))].sort((a, b) => b.length - a.length);
  return (text) => spellings.reduce((rest, part) => rest.replaceAll(part, replacement), text);
}

function spellingsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  const hex = Buffer.from(secret).toString("hex");
  return [secret, base64, encodeURIComponent(secret), hex, JSON.stringify(secret).slice(1, -1)];
}

/** A text as bytes in, and without the secrets out, whatever the chunks in which it arrives. */
export function secretRemovingStream(
  secrets: readonly string[],
  write: (chunk: Uint8Array) => void,
): { write(chunk: Uint8Array): void; end(): void } {
  const remove = secretRemover(secrets);
  const decoder = new TextDecoder();
  let line = "";
  const put = (text: string): void => {
    if (text !== "") write(Buffer.from(remove(text)));
  };
  return {
    write(chunk) {
      line += decoder.decode(chunk, { stream: true });
      const end = line.lastIndexOf("\n") + 1;
      put(line.slice(0, end));
      line = line.slice(end);
    },
    end() {
      put(line + decoder.decode());
      line = "";
    },
  };
}

/** An assignment `KEY=value`, also with `export`; a quoted value may have several lines. */
const assignment =
  /^[ \t]*(?:export[ \t]+)?[A-Za-z_][\w.-]*[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|`([^`]*)`|([^\r\n]*))/gm;

/**
 * Values of the assignments in a text that are long enough to be secrets: each line of one with several, and the password
 * of a URL by itself.
 */
export function assignedValues(text: string): string[] {
  const values = [...text.matchAll(assignment)].flatMap(([, double, single, back, plain]) => {
    if (double !== undefined) return [double, double.replaceAll(/\\n/g, "\n")];
    return [single ?? back ?? (plain ?? "").replace(/\s+#.*$/, "")];
  });
  const lines = values.flatMap((value) => value.split(/\r?\n/)).map((line) => line.trim());
  const passwords = lines.flatMap((line) => /:\/\/[^:@/\s]*:([^@/\s]+)@/.exec(line)?.[1] ?? []);
  return [...new Set([...lines, ...passwords])].filter((value) => value.length >= secretCharsMin);
}
