/**
 * Where things stand in a TOML text. The parser keeps no positions, so the text is read once more,
 * lightly: headers and keys, with strings and arrays skipped over.
 */

/** Line and column count from 1. */
export interface SourcePosition {
  line: number;
  column: number;
  excerpt: string;
}

export interface TomlPositions {
  /**
   * The place of a key, or of the longest part of its path that has one; with `text`, where that
   * text first stands in the key's value. Null for a path no part of which is there.
   */
  find(path: readonly string[], text?: string): SourcePosition | null;
}

interface Entry {
  line: number;
  column: number;
  /** Last line of the value, or of the table's header. */
  end: number;
}

const keyPart = /"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+)/y;

/** Reads a text; the work is done at the first question. */
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
  // A whole string first: `a` stands in `"aa"` too.
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

/** What the value being read is in the middle of, from one line to the next. */
interface Pending {
  /** The delimiter that ends the open multi-line string, or null. */
  string: string | null;
  /** Open brackets and braces. */
  depth: number;
}

function scan(text: string): { lines: string[]; entries: Map<string, Entry> } {
  const lines = text.split(/\r?\n/);
  const entries = new Map<string, Entry>();
  const pending: Pending = { string: null, depth: 0 };
  let table: string[] = [];
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
      table = key.path;
      add(table, last);
    } else if (line[key.end] === "=") {
      add([...table, ...key.path], last);
      skipValue(line, key.end + 1, pending);
    }
  }
  return { lines, entries };
}

/** A dotted key and where it ends, spaces after it included. */
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

/** Reads on to the end of the line; what is still open then is left in `pending`. */
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
