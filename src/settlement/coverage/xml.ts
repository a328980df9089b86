/**
 * The tags of an XML text, one after the other, with their attributes: as much XML as coverage
 * reports need. No entities but the five every document has; a text that declares its own is refused.
 */

export interface Tag {
  name: string;
  attributes: Record<string, string>;
  /** Text up to the next tag, trimmed. */
  text: string;
  kind: "open" | "close" | "empty";
}

const skipped = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|<!DOCTYPE[^[>]*>/g;
const tag = /<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>([^<]*)/y;
const attribute = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The tags of a whole, well-nested document; a reason when it is not one. */
export function readTags(
  document: string,
): { ok: true; tags: Tag[] } | { ok: false; reason: string } {
  const text = document.replace(skipped, "").trim();
  const tags: Tag[] = [];
  const open: string[] = [];
  tag.lastIndex = 0;
  while (tag.lastIndex < text.length) {
    const at = tag.lastIndex;
    const match = tag.exec(text);
    if (match === null) return { ok: false, reason: `it is not XML at: ${excerpt(text, at)}` };
    const [, closing, name = "", pairs = "", empty, after = ""] = match;
    if (closing === "/" && open.pop() !== name) {
      return { ok: false, reason: `</${name}> closes nothing` };
    }
    if (closing !== "/" && empty !== "/") open.push(name);
    const kind = closing === "/" ? "close" : empty === "/" ? "empty" : "open";
    tags.push({ name, attributes: attributesOf(pairs), text: decoded(after.trim()), kind });
  }
  const [unclosed] = open;
  if (unclosed !== undefined) return { ok: false, reason: `it ends before </${unclosed}>` };
  return { ok: true, tags };
}

function attributesOf(pairs: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const [, name = "", double, single] of pairs.matchAll(attribute)) {
    found[name] = decoded(double ?? single ?? "");
  }
  return found;
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? "");
}

function excerpt(text: string, at: number): string {
  return text.slice(at, at + 40).replace(/\s+/g, " ");
}
