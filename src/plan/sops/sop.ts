/** SOPs: `.dgov/sops/*.md`, front matter and five sections, checked as a whole. Pure over given texts. */
import type { Diagnostic } from "../../error.ts";

export interface Sop {
  name: string;
  title: string;
  summary: string;
  appliesTo: string[];
  priority: string;
  /** Bullets by section, in the order of `sections`. */
  body: { section: string; bullets: string[] }[];
  file: string;
}

export const sections = ["When", "Do", "Do Not", "Verify", "Escalate"] as const;
const keys = ["name", "title", "summary", "applies_to", "priority"] as const;

/** Parses SOP files, given by path; every problem of every file is reported. */
export function parseSops(files: readonly { path: string; text: string }[]): {
  sops: Sop[];
  diagnostics: Diagnostic[];
} {
  const diagnostics: Diagnostic[] = [];
  const sops: Sop[] = [];
  const seen = new Map<string, string>();
  for (const { path, text } of files) {
    const found: Diagnostic[] = [];
    const sop = parseSop(path, text, found);
    diagnostics.push(...found);
    if (found.length > 0) continue;
    const other = seen.get(sop.name);
    if (other !== undefined) {
      diagnostics.push(
        problem(
          path,
          1,
          "",
          "duplicate-sop",
          `the SOP name \`${sop.name}\` is used in ${other} too`,
        ),
      );
    } else {
      seen.set(sop.name, path);
      sops.push(sop);
    }
  }
  return { sops, diagnostics };
}

function problem(
  file: string,
  line: number,
  excerpt: string,
  code: string,
  message: string,
): Diagnostic {
  return {
    severity: "error",
    code,
    file,
    line,
    column: 1,
    unit: null,
    message,
    hint: null,
    excerpt,
  };
}

function parseSop(file: string, text: string, found: Diagnostic[]): Sop {
  const lines = text.split(/\r?\n/);
  const say = (at: number, code: string, message: string): void => {
    found.push(problem(file, at + 1, lines[at] ?? "", code, message));
  };
  const end =
    lines[0]?.trim() === "---" ? lines.findIndex((l, i) => i > 0 && l.trim() === "---") : -1;
  const fields = new Map<string, string>();
  if (end < 0) say(0, "sop-front-matter", "the SOP has no front matter between --- lines");
  for (let i = 1; i < end; i++) {
    const match = /^([a-z_]+):\s*(.*?)\s*$/.exec(lines[i] ?? "");
    if (match?.[1] === undefined) {
      if ((lines[i] ?? "").trim() !== "")
        say(i, "sop-front-matter", "front matter is one `key: value` a line");
    } else fields.set(match[1], (match[2] ?? "").replace(/^(["'])(.*)\1$/, "$2"));
  }
  for (const key of keys) {
    if (end >= 0 && (fields.get(key) ?? "") === "")
      say(0, "sop-missing-key", `the front matter lacks \`${key}\``);
  }
  const priority = (fields.get("priority") ?? "").toLowerCase();
  if (priority !== "" && priority !== "must" && priority !== "should") {
    say(
      0,
      "sop-priority",
      `\`priority\` must be must or should, not \`${fields.get("priority")}\``,
    );
  }
  const appliesTo = (fields.get("applies_to") ?? "")
    .replace(/^\[(.*)\]$/, "$1")
    .split(",")
    .map((item) =>
      item
        .trim()
        .replace(/^(["'])(.*)\1$/, "$2")
        .toLowerCase(),
    )
    .filter((item) => item !== "");
  return {
    name: fields.get("name") ?? "",
    title: fields.get("title") ?? "",
    summary: fields.get("summary") ?? "",
    appliesTo,
    priority,
    body: bodyOf(lines, end + 1, say),
    file,
  };
}

function bodyOf(
  lines: readonly string[],
  from: number,
  say: (at: number, code: string, message: string) => void,
): Sop["body"] {
  const bullets = new Map<string, string[]>();
  let current: string[] | null = null;
  for (let i = from; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (line.trim() === "") continue;
    const heading = /^##\s+(.+?)\s*$/.exec(line)?.[1];
    if (heading !== undefined) {
      const known = sections.find((name) => name.toLowerCase() === heading.toLowerCase());
      if (known === undefined)
        say(i, "sop-section", `unknown section \`${heading}\`; there are ${sections.join(", ")}`);
      current = [];
      if (known !== undefined) bullets.set(known, current);
      continue;
    }
    const bullet = /^[-*]\s+(.+)$/.exec(line)?.[1];
    if (bullet !== undefined && current !== null) current.push(bullet.trim());
    else if (/^\s+\S/.test(line) && current !== null && current.length > 0) {
      current[current.length - 1] += ` ${line.trim()}`;
    } else say(i, "sop-text", "a section holds bullets and nothing else");
  }
  for (const name of sections) {
    if ((bullets.get(name) ?? []).length === 0) {
      say(
        Math.max(0, from - 1),
        "sop-missing-section",
        `the section \`${name}\` is missing or has no bullets`,
      );
    }
  }
  return sections.map((section) => ({ section, bullets: bullets.get(section) ?? [] }));
}

/** The text of a SOP as a worker reads it. */
export function renderSop(sop: Sop): string {
  const body = sop.body.map(
    ({ section, bullets }) => `${section}:\n${bullets.map((b) => `- ${b}`).join("\n")}`,
  );
  return [`${sop.title} (${sop.priority})`, sop.summary, ...body].join("\n\n");
}
