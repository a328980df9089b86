/**
 * Parses patches (unified diffs and the `*** Begin Patch` format) and applies hunks to a text. Pure.
 *
 * Every hunk must match exactly once. Hunks are compared without line endings and byte order mark: kept
 * lines stay unchanged byte for byte, and added lines get the line ending of the lines they replace, or of
 * their neighbours. A missing final newline stays missing unless the patch changes it.
 */

export interface FilePatch {
  path: string;
  /** New path when the patch moves the file, else null. */
  moveTo: string | null;
  kind: "add" | "update" | "delete";
  hunks: PatchHunk[];
}

interface PatchHunk {
  /** First line of the hunk in the old text, from 1; null when the patch does not give it. */
  at: number | null;
  lines: { kind: "keep" | "drop" | "add"; text: string }[];
  /** Sides on which the last line has no newline according to the patch. */
  noNewline: { old: boolean; new: boolean };
}

type ParsedPatch = { ok: true; files: FilePatch[] } | { ok: false; problem: string };

/** Parses a patch of either format. `fallbackPath` is the file of a unified diff without a header. */
export function parsePatch(text: string, fallbackPath: string | null): ParsedPatch {
  const lines = text.replace(/\n$/, "").split("\n");
  const parsed = lines.some((line) => line.trim() === "*** Begin Patch")
    ? parseEnvelope(lines)
    : parseUnified(lines, fallbackPath);
  if (parsed.ok && parsed.files.length === 0)
    return { ok: false, problem: "the patch contains no changes" };
  return parsed;
}

function parseEnvelope(lines: string[]): ParsedPatch {
  const files: FilePatch[] = [];
  let hunk: PatchHunk | null = null;
  for (const line of lines) {
    const header = /^\*\*\* (Add|Update|Delete) File: (.+)$/.exec(line);
    const file = files.at(-1);
    if (header !== null) {
      const kind = (header[1] ?? "").toLowerCase() as FilePatch["kind"];
      files.push({ path: (header[2] ?? "").trim(), moveTo: null, kind, hunks: [] });
      hunk = null;
      if (kind === "add") hunk = addHunk(files);
    } else if (/^\*\*\* (Begin|End) Patch/.test(line) || line.startsWith("*** End of File")) {
      hunk = null;
    } else if (file === undefined) continue;
    else if (line.startsWith("*** Move to: ")) file.moveTo = line.slice(13).trim();
    else if (line.startsWith("@@")) hunk = addHunk(files);
    else {
      hunk ??= addHunk(files);
      const problem = addLine(hunk, line);
      if (problem !== null) return { ok: false, problem: `${file.path}: ${problem}` };
    }
  }
  return { ok: true, files };
}

function parseUnified(lines: string[], fallback: string | null): ParsedPatch {
  const files: FilePatch[] = [];
  let file: FilePatch | null = null;
  let hunk: PatchHunk | null = null;
  let left = { old: 0, new: 0 };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (hunk !== null && line.startsWith("\\")) {
      const kind = hunk.lines.at(-1)?.kind;
      if (kind !== "add") hunk.noNewline.old = true;
      if (kind !== "drop") hunk.noNewline.new = true;
      continue;
    }
    if (hunk !== null && (left.old > 0 || left.new > 0)) {
      const problem = addLine(hunk, line);
      if (problem !== null) return { ok: false, problem: `line ${i + 1} of the patch: ${problem}` };
      if (!line.startsWith("+")) left.old--;
      if (!line.startsWith("-")) left.new--;
      continue;
    }
    if (line.startsWith("--- ") && (lines[i + 1] ?? "").startsWith("+++ ")) {
      const [from, to] = [pathOf(line), pathOf(lines[i + 1] ?? "")];
      const kind = from === null ? "add" : to === null ? "delete" : "update";
      file = { path: from ?? to ?? "", moveTo: null, kind, hunks: [] };
      if (from !== null && to !== null && from !== to) file.moveTo = to;
      files.push(file);
      hunk = null;
      i++;
      continue;
    }
    const range = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (range === null) {
      if (line.startsWith("@@"))
        return { ok: false, problem: `line ${i + 1} of the patch: invalid hunk header: ${line}` };
      continue;
    }
    if (file === null) {
      if (fallback === null) return { ok: false, problem: "the patch does not name a file" };
      file = { path: fallback, moveTo: null, kind: "update", hunks: [] };
      files.push(file);
    }
    left = { old: Number(range[2] ?? 1), new: Number(range[4] ?? 1) };
    hunk = newHunk(Number(range[1]));
    file.hunks.push(hunk);
  }
  if (left.old > 0 || left.new > 0)
    return { ok: false, problem: "the last hunk has fewer lines than its header states" };
  return { ok: true, files };
}

/** Starts a hunk of the last file. */
function addHunk(files: readonly FilePatch[]): PatchHunk {
  const hunk = newHunk(null);
  files.at(-1)?.hunks.push(hunk);
  return hunk;
}

function newHunk(at: number | null): PatchHunk {
  return { at, lines: [], noNewline: { old: false, new: false } };
}

/** Adds a line to a hunk. Returns the problem with it, or null. */
function addLine(hunk: PatchHunk, line: string): string | null {
  const text = line.slice(1);
  if (line.startsWith("+")) hunk.lines.push({ kind: "add", text });
  else if (line.startsWith("-")) hunk.lines.push({ kind: "drop", text });
  else if (line.startsWith(" ") || line === "") hunk.lines.push({ kind: "keep", text });
  else
    return `a line of a hunk must begin with a space, + or -, not ${JSON.stringify(line.slice(0, 20))}`;
  return null;
}

function pathOf(header: string): string | null {
  const path = header.slice(4).split("\t")[0]?.trim() ?? "";
  return path === "/dev/null" ? null : path.replace(/^[ab]\//, "");
}

/** Applies hunks in order to a text. Returns the new text, or the problem with the first hunk that fails. */
export function applyHunks(
  text: string,
  hunks: readonly PatchHunk[],
): { ok: true; text: string } | { ok: false; problem: string } {
  const mark = text.startsWith(byteOrderMark) ? byteOrderMark : "";
  const lines = text.slice(mark.length).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const bare = lines.map(withoutEnd);
  let from = 0;
  const result = [mark];
  for (const [n, hunk] of hunks.entries()) {
    const old = hunk.lines.flatMap(({ kind, text: line }, at) =>
      kind === "add" ? [] : [withoutEnd(at === 0 ? line.replace(/^\uFEFF/, "") : line)],
    );
    const found = locate(bare, old, from, hunk.at);
    if (typeof found === "string") return { ok: false, problem: `hunk ${n + 1} ${found}` };
    result.push(...lines.slice(from, found), ...rewritten(lines, { found, hunk, old: old.length }));
    from = found + old.length;
  }
  result.push(...lines.slice(from));
  return { ok: true, text: result.join("") };
}

const byteOrderMark = "\uFEFF";

function withoutEnd(line: string): string {
  return line.replace(/\r?\n?$/, "");
}

function endOf(line: string | undefined): string {
  return /\r?\n$/.exec(line ?? "")?.[0] ?? "";
}

/** The lines that replace the `old` lines from index `found`. */
function rewritten(
  lines: readonly string[],
  { found, hunk, old }: { found: number; hunk: PatchHunk; old: number },
): string[] {
  const usual = endOf(lines[found - 1]) || endOf(lines[found]) || "\n";
  const made: { text: string; end: string }[] = [];
  const dropped: string[] = [];
  let at = found;
  for (const { kind, text } of hunk.lines) {
    if (kind === "drop") dropped.push(endOf(lines[at++]));
    else if (kind === "keep") {
      const line = lines[at++] ?? "";
      made.push({ text: line.slice(0, line.length - endOf(line).length), end: endOf(line) });
      dropped.length = 0;
    } else {
      // A new file gets the bytes of the patch; in existing files a line ends like those around it.
      const own = lines.length === 0 ? text : text.replace(/\r$/, "").replace(/^\uFEFF/, "");
      made.push({ text: own, end: dropped.shift() || made.at(-1)?.end || usual });
    }
  }
  const isLast = found + old === lines.length;
  return made.map(({ text, end }, n) => {
    const open = isLast && n === made.length - 1 && endsOpen(lines, hunk);
    return open ? text : text + (end || usual);
  });
}

/** True when the text ends without a newline after a hunk at its end. */
function endsOpen(lines: readonly string[], { noNewline }: PatchHunk): boolean {
  if (noNewline.new || noNewline.old) return noNewline.new;
  const last = lines.at(-1);
  return last !== undefined && endOf(last) === "";
}

/** The index of the first line that a hunk matches, or the problem: no match, or several. */
function locate(
  lines: readonly string[],
  old: readonly string[],
  from: number,
  at: number | null,
): number | string {
  if (old.length === 0) {
    const index = at === null ? lines.length : Math.min(at, lines.length);
    return index < from ? "is before the hunk above it" : index;
  }
  const matches: number[] = [];
  for (let i = from; i + old.length <= lines.length; i++) {
    if (old.every((line, j) => lines[i + j] === line)) matches.push(i);
  }
  const [first] = matches;
  if (first === undefined) return "does not match the file; read the file again";
  if (matches.length === 1) return first;
  const exact = at === null ? undefined : matches.find((i) => i === at - 1);
  return exact ?? `matches ${matches.length} places; include more context`;
}
