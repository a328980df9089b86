/** Keys that occur twice in one table of a JSON or YAML text, read without a grammar of the whole format. */

/** A key that a table already has. */
export interface RepeatedKey {
  /** Keys from the root to this one, joined by dots; positions in lists are left out. */
  name: string;
  /** From 1. */
  line: number;
  firstLine: number;
  /** True when both values are the same text. */
  sameValue: boolean;
}

interface Entry {
  line: number;
  start: number;
  value: string;
}

/** Nesting that is followed; deeper texts are not judged. */
const depthMax = 200;

/** Repeated keys of a JSON text, with or without comments; none when its brackets do not match. */
export function repeatedJsonKeys(text: string): RepeatedKey[] {
  type Open = { keys: Map<string, Entry> | null; key: string; entry: Entry | null };
  const open: Open[] = [];
  const found: { name: string; first: Entry; second: Entry }[] = [];
  const tokens = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[{}[\],]|\n/g;
  let line = 1;
  const end = (at: number): void => {
    const top = open.at(-1);
    if (top?.entry) top.entry.value = text.slice(top.entry.start, at).replace(/\s+/g, " ").trim();
    if (top !== undefined) top.entry = null;
  };
  for (const { 0: token, index } of text.matchAll(tokens)) {
    if (token === "{" || token === "[") {
      if (open.length >= depthMax) return [];
      open.push({ keys: token === "{" ? new Map() : null, key: "", entry: null });
    } else if (token === "}" || token === "]") {
      end(index);
      const closed = open.pop();
      if (closed === undefined || (closed.keys !== null) !== (token === "}")) return [];
    } else if (token === ",") end(index);
    else if (token === "\n") line++;
    else if (token.startsWith("/*")) line += token.split("\n").length - 1;
    else if (token.startsWith('"')) {
      const top = open.at(-1);
      const colon = /^\s*:/.exec(text.slice(index + token.length, index + token.length + 100));
      if (top?.keys == null || top.entry !== null || colon === null) continue;
      top.key = token.slice(1, -1);
      top.entry = { line, start: index + token.length + colon[0].length, value: "" };
      const first = top.keys.get(top.key);
      if (first === undefined) top.keys.set(top.key, top.entry);
      else found.push({ name: nameIn(open), first, second: top.entry });
    }
  }
  if (open.length > 0) return [];
  return found.map(({ name, first, second }) => repeated(name, first, second));
}

/** Repeated keys of the block mappings of a YAML text. Flow collections and scalars are passed over. */
export function repeatedYamlKeys(text: string): RepeatedKey[] {
  type Open = { keys: Map<string, Entry>; key: string; indent: number };
  let open: Open[] = [];
  const found: RepeatedKey[] = [];
  /** Indentation of the key whose block scalar is passed over; null outside one. */
  let scalar: number | null = null;
  /** Text that must close before the next key: a quote or brackets. */
  let pending = "";
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const blank = /^\s*(#.*)?$/.test(raw);
    const indent = /^ */.exec(raw)?.[0].length ?? 0;
    if (scalar !== null) {
      if (/^\s*$/.test(raw) || indent > scalar) continue;
      scalar = null;
    }
    if (pending !== "") {
      pending = unclosed(`${pending}\n${raw}`);
      continue;
    }
    if (blank) continue;
    if (/^(---|\.\.\.)(\s|$)/.test(raw)) {
      open = [];
      continue;
    }
    let rest = raw;
    let column = 0;
    // Each `- ` starts an entry of its own.
    for (let dash = /^(\s*)-\s+/.exec(rest); dash !== null; dash = /^(\s*)-\s+/.exec(rest)) {
      const place = column + (dash[1]?.length ?? 0);
      open = open.filter((one) => one.indent <= place);
      column += dash[0].length;
      rest = rest.slice(dash[0].length);
    }
    const key =
      /^(\s*)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#&*!|>%@`"'[\]{},?-][^#]*?|-[^\s#][^#]*?)\s*:(?=\s|$)/.exec(
        rest,
      );
    if (key === null) {
      if (/[|>][+-]?\d?\s*(#.*)?$/.test(rest) && /^\s*-\s/.test(raw)) scalar = indent;
      else pending = unclosed(rest);
      continue;
    }
    column += key[1]?.length ?? 0;
    open = open.filter((one) => one.indent <= column);
    const name = (key[2] ?? "").replace(/^(["'])(.*)\1$/, "$2");
    const value = rest.slice(key[0].length).trim();
    let table = open.at(-1);
    if (table === undefined || table.indent < column) {
      if (open.length >= depthMax) return [];
      table = { keys: new Map(), key: "", indent: column };
      open.push(table);
    }
    table.key = name;
    const entry = { line: at + 1, start: 0, value };
    const first = table.keys.get(name);
    if (first === undefined) table.keys.set(name, entry);
    else if (name !== "<<") found.push(repeated(nameIn(open), first, entry));
    if (/^([&!]\S+\s+)*[|>][+-]?\d?[+-]?\s*(#.*)?$/.test(value)) scalar = column;
    else pending = unclosed(value);
  }
  return found;
}

function repeated(name: string, first: Entry, second: Entry): RepeatedKey {
  const sameValue = first.value !== "" && first.value === second.value;
  return { name, line: second.line, firstLine: first.line, sameValue };
}

function nameIn(open: readonly { key: string }[]): string {
  return open.flatMap(({ key }) => (key === "" ? [] : [key])).join(".");
}

/** The value, when it begins with a quote or bracket that it does not close; else "". */
function unclosed(value: string): string {
  const text = value.trimStart();
  const quote = text[0] ?? "";
  if (quote === '"') return /^"(?:[^"\\]|\\[\s\S])*"/.test(text) ? "" : text;
  if (quote === "'") return /^'(?:[^']|'')*'/.test(text) ? "" : text;
  if (quote !== "{" && quote !== "[") return "";
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(?<=\s)#[^\n]*|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    if (depth === 0 && (token === "}" || token === "]")) return "";
  }
  return text;
}
