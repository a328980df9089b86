/** SOP files: front matter and five sections of bullets. Pure. */
import type { Diagnostic } from "../../error.ts";
import { didYouMean, suggest } from "../../std/suggest.ts";

export interface Sop {
  file: string;
  name: string;
  /** Line of the key `name`, from 1. */
  nameLine: number;
  title: string;
  summary: string;
  appliesTo: string[];
  priority: "must" | "should";
  /** Bullets by section, in the order of `sopSections`. */
  body: { section: string; bullets: string[] }[];
}

const sopSections = ["When", "Do", "Do Not", "Verify", "Escalate"] as const;
const keys = ["name", "title", "summary", "applies_to", "priority"] as const;

interface SopReader {
  lines: readonly string[];
  /** Reports a problem; lines count from 0. */
  report(line: number, code: string, message: string, hint?: string | null): void;
}

/** Parses a SOP file. With any diagnostic, `sop` is null. */
export function parseSop(
  file: string,
  text: string,
): { sop: Sop | null; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const report: SopReader["report"] = (line, code, message, hint = null) => {
    const excerpt = lines[line] ?? null;
    const place = { file, line: line + 1, column: 1, excerpt };
    diagnostics.push({ severity: "error", code, unit: null, message, hint, ...place });
  };
  const end = lines[0]?.trimEnd() === "---" ? lines.indexOf("---", 1) : -1;
  if (end < 0) {
    const hint = `begin the file with --- lines around the keys ${keys.join(", ")}`;
    report(0, "sop-front-matter", "the file has no front matter", hint);
    return { sop: null, diagnostics };
  }
  const fields = frontMatter({ lines: lines.slice(0, end), report });
  const body = sectionsOf({ lines, report }, end + 1);
  if (diagnostics.length > 0) return { sop: null, diagnostics };
  const field = (key: string): string => fields.get(key)?.value ?? "";
  const sop: Sop = {
    file,
    name: field("name"),
    nameLine: (fields.get("name")?.line ?? 0) + 1,
    title: field("title"),
    summary: field("summary"),
    appliesTo: listOf(field("applies_to")) ?? [],
    priority: field("priority").toLowerCase() === "should" ? "should" : "must",
    body,
  };
  return { sop, diagnostics };
}

function frontMatter({ lines, report }: SopReader): Map<string, { value: string; line: number }> {
  const fields = new Map<string, { value: string; line: number }>();
  for (const [number, line] of lines.entries()) {
    if (number === 0 || line.trim() === "") continue;
    const match = /^([A-Za-z_][\w-]*)\s*:\s*(.*?)\s*$/.exec(line);
    const [, key = "", value = ""] = match ?? [];
    if (match === null)
      report(number, "sop-front-matter", "front matter must be one `key: value` per line");
    else if (fields.has(key)) report(number, "sop-front-matter", `\`${key}\` is set twice`);
    else {
      fields.set(key, { value: unquoted(value), line: number });
      // Keys of other programs are allowed; one that resembles a key of dgov is a misspelling.
      const near = keys.some((known) => known === key) ? null : suggest(key, keys);
      if (near !== null) {
        report(number, "sop-unknown-key", `unknown key \`${key}\``, didYouMean(near, null));
      }
    }
  }
  for (const key of keys) {
    const field = fields.get(key);
    if (field === undefined) report(0, "sop-missing-key", `the front matter lacks \`${key}\``);
    else if (field.value === "") report(field.line, "sop-missing-key", `\`${key}\` is empty`);
  }
  const priority = fields.get("priority");
  if (priority !== undefined && !/^(must|should|)$/i.test(priority.value)) {
    const message = `\`priority\` must be must or should, not \`${priority.value}\``;
    report(priority.line, "sop-priority", message);
  }
  const appliesTo = fields.get("applies_to");
  if (appliesTo !== undefined && appliesTo.value !== "" && listOf(appliesTo.value) === null) {
    const message = "`applies_to` must be a non-empty list, like [python, tests]";
    report(appliesTo.line, "sop-applies-to", message);
  }
  return fields;
}

function listOf(text: string): string[] | null {
  const inner = /^\[(.*)\]$/.exec(text)?.[1];
  if (inner === undefined) return null;
  const items = inner.split(",").map((item) => unquoted(item.trim()).toLowerCase());
  const kept = items.filter((item) => item !== "");
  return kept.length === 0 ? null : kept;
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, "$2").trim();
}

function sectionsOf({ lines, report }: SopReader, from: number): Sop["body"] {
  const found = new Map<string, string[]>();
  let current: string[] | null = null;
  for (let number = from; number < lines.length; number++) {
    const line = lines[number] ?? "";
    if (line.trim() === "") continue;
    const heading = /^##\s+(.+?)\s*#*\s*$/.exec(line)?.[1];
    if (heading !== undefined) {
      const known = sopSections.find((name) => name.toLowerCase() === heading.toLowerCase());
      if (known === undefined) {
        const hint = didYouMean(
          suggest(heading, sopSections),
          `sections: ${sopSections.join(", ")}`,
        );
        report(number, "sop-section", `unknown section \`${heading}\``, hint);
      } else if (found.has(known)) {
        report(number, "sop-section", `duplicate section \`${known}\``);
      }
      current = [];
      if (known !== undefined) found.set(known, current);
      continue;
    }
    const bullet = /^[-*]\s+(.+)$/.exec(line)?.[1];
    if (current === null) report(number, "sop-text", "text before the first section");
    else if (bullet !== undefined) current.push(bullet.trim());
    else if (/^\s/.test(line) && current.length > 0)
      current.push(`${current.pop()} ${line.trim()}`);
    else
      report(number, "sop-text", "a section may contain only bullets", "begin the line with `- `");
  }
  for (const name of sopSections) {
    const bullets = found.get(name);
    if (bullets === undefined)
      report(from - 1, "sop-missing-section", `the section \`${name}\` is missing`);
    else if (bullets.length === 0) {
      report(from - 1, "sop-missing-section", `the section \`${name}\` has no bullets`);
    }
  }
  return sopSections.map((section) => ({ section, bullets: found.get(section) ?? [] }));
}

/** The text of a SOP in a worker's prompt. */
export function renderSop(sop: Sop): string {
  const body = sop.body.map(
    ({ section, bullets }) => `${section}:\n${bullets.map((bullet) => `- ${bullet}`).join("\n")}`,
  );
  const head = [`SOP: ${sop.title} (${sop.priority})`, sop.summary];
  return [head.join("\n"), ...body].join("\n\n");
}
