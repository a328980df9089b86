/**
 * Positions of keys in TOML text. The parser does not report positions, so the text is scanned again for table
 * headers and keys; strings and arrays are skipped.
 */

/** A position in a file. Line and column count from 1. */
export interface SourcePosition {
  line: number;
  column: number;
  /** The whole line. */
  excerpt: string;
}

export interface TomlPositions {
  /**
   * The position of a key, or of the longest prefix of its path that is in the file; null when there is none.
   * With `text`, the first occurrence of that text in the key's value.
   */
  find(path: readonly string[], text?: string): SourcePosition | null;
}

interface Entry {
  line: number;
  column: number;
  /** Last line of the value or of the table header. */
  end: number;
}

const keyPart = /"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+)/y;

/** Positions in a text, which is scanned on the first call of `find`. */
export function tomlPositions(text: string): TomlPositions {
  let known: { lines: string[]; entries: Map<string, Entry> } | null = null;
  return {
    find(path, wanted) {
      known ??= scan(text);
      const { lines, entries } = known;
      for (let length = path.length; length > 0; length--) {
        const entry = entries.get(entryKey(path.slice(0, length)));
        if (entry === undefined) continue;
        const found = wanted === undefined ? null : positionInValue(lines, entry, wanted);
        const { line, column } = found ?? entry;
        return { line: line + 1, column: column + 1, excerpt: lines[line] ?? "" };
      }
      return null;
    },
  };
}

function positionInValue(
  lines: readonly string[],
  entry: Entry,
  wanted: string,
): { line: number; column: number } | null {
  // Whole strings are searched first, since `"aa"` contains `a` too.
  for (const text of [`"${wanted}"`, `'${wanted}'`, wanted]) {
    for (let line = entry.line; line <= entry.end; line++) {
      const column = (lines[line] ?? "").indexOf(text);
      if (column >= 0) return { line, column };
    }
  }
  return null;
}

function entryKey(path: readonly string[]): string {
  return path.join("\0");
}

/** Open string and brackets of a value at the end of a line. */
interface Pending {
  /** End delimiter of the open multi-line string, or null. */
  string: string | null;
  /** Number of open brackets and braces. */
  depth: number;
}

function scan(text: string): { lines: string[]; entries: Map<string, Entry> } {
  const lines = text.split(/\r?\n/);
  const entries = new Map<string, Entry>();
  const pending: Pending = { string: null, depth: 0 };
  let table: string[] = [];
  /** Number of tables of each array of tables. */
  const tables = new Map<string, number>();
  let last: Entry | null = null;
  const add = (path: readonly string[], entry: Entry): void => {
    for (let length = path.length; length > 0; length--) {
      const key = entryKey(path.slice(0, length));
      if (entries.has(key)) break;
      entries.set(key, entry);
    }
  };
  for (const [number, line] of lines.entries()) {
    if (pending.string !== null || pending.depth > 0) {
      if (last !== null) last.end = number;
      skipValue(line, 0, pending);
      continue;
    }
    const column = line.length - line.trimStart().length;
    const opening = /^\[\[?/.exec(line.slice(column))?.[0].length ?? 0;
    const key = readKey(line, column + opening);
    if (key === null) continue;
    last = { line: number, column, end: number };
    if (opening > 0) {
      table = opening > 1 ? [...key.path, nextIndex(tables, key.path)] : key.path;
      add(table, last);
    } else if (line[key.end] === "=") {
      add([...table, ...key.path], last);
      skipValue(line, key.end + 1, pending);
    }
  }
  return { lines, entries };
}

/** The index of the next table in an array of tables, as text. */
function nextIndex(tables: Map<string, number>, path: readonly string[]): string {
  const key = entryKey(path);
  const index = tables.get(key) ?? 0;
  tables.set(key, index + 1);
  return String(index);
}

/** A dotted key and the column after it and its trailing spaces; null when there is no key. */
function readKey(line: string, from: number): { path: string[]; end: number } | null {
  const path: string[] = [];
  let at = skipSpace(line, from);
  for (;;) {
    keyPart.lastIndex = at;
    const match = keyPart.exec(line);
    if (match === null) return null;
    path.push(match[1] ?? match[2] ?? match[3] ?? "");
    at = skipSpace(line, keyPart.lastIndex);
    if (line[at] !== ".") return { path, end: at };
    at = skipSpace(line, at + 1);
  }
}

function skipSpace(line: string, from: number): number {
  let at = from;
  while (line[at] === " " || line[at] === "\t") at++;
  return at;
}

/** Skips the value up to the end of the line; `pending` keeps what is still open there. */
function skipValue(line: string, from: number, pending: Pending): void {
  let at = from;
  while (at < line.length) {
    if (pending.string !== null) {
      const end = endOfString(line, at, pending.string);
      if (end < 0) {
        if (pending.string.length === 1) pending.string = null;
        return;
      }
      at = end + pending.string.length;
      pending.string = null;
      continue;
    }
    const char = line[at] ?? "";
    if (char === "#") return;
    if (char === '"' || char === "'") {
      pending.string = line.startsWith(char.repeat(3), at) ? char.repeat(3) : char;
      at += pending.string.length;
      continue;
    }
    if (char === "[" || char === "{") pending.depth++;
    if ((char === "]" || char === "}") && pending.depth > 0) pending.depth--;
    at++;
  }
  if (pending.string?.length === 1) pending.string = null;
}

function endOfString(line: string, from: number, delimiter: string): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === "\\" && delimiter.startsWith('"')) at++;
    else if (line.startsWith(delimiter, at)) return at;
  }
  return -1;
}
