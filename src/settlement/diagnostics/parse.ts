/** Diagnostics in a checker's output, whichever checker it is; and which of them are new. Pure. */
import { type Diagnostic, type DiagnosticParser, diagnostic } from "./diagnostic.ts";

/** `file(line,col): error TS2304: message`: tsc. */
const tsc: DiagnosticParser = (output) =>
  [...output.matchAll(/^(.+?)\((\d+),(\d+)\): error (TS\d+): (.+)$/gm)].map((m) =>
    diagnostic({ file: m[1] ?? "", line: m[2], column: m[3], code: m[4], message: m[5] ?? "" }),
  );

/** `error[code]: message` followed by `--> file:line:col`: rustc, clippy, ty, ruff. */
const arrows: DiagnosticParser = (output) =>
  [
    ...output.matchAll(
      /^(?:error|warning)(?:\[([\w:-]+)\])?:? (.+)\n(?:.*\n)?\s*--> (.+?):(\d+):(\d+)/gm,
    ),
  ].map((m) =>
    diagnostic({ file: m[3] ?? "", line: m[4], column: m[5], code: m[1], message: m[2] ?? "" }),
  );

/** A file name alone on a line, then `line:col  error  message  rule`: eslint. */
const eslint: DiagnosticParser = (output) => {
  const found: Diagnostic[] = [];
  let file = "";
  for (const line of output.split("\n")) {
    const m = /^\s+(\d+):(\d+)\s+(?:error|warning)\s+(.+?)(?:\s{2,}([\w@/-]+))?$/.exec(line);
    if (m !== null && file !== "") {
      found.push(diagnostic({ file, line: m[1], column: m[2], code: m[4], message: m[3] ?? "" }));
    } else if (/^\S.*\.\w+$/.test(line)) file = line;
  }
  return found;
};

/** `file:line:col lint/group/rule`, then `× message`: biome. */
const biome: DiagnosticParser = (output) =>
  [...output.matchAll(/^(\S+?):(\d+):(\d+) ((?:lint|assist|parse)\S*).*\n+\s*[×!✖] (.+)$/gm)].map(
    (m) =>
      diagnostic({ file: m[1] ?? "", line: m[2], column: m[3], code: m[4], message: m[5] ?? "" }),
  );

/** `file:line[:col]: [error:] message [code]`: mypy, pyright, go vet, golangci-lint, gcc and most others. */
const colons: DiagnosticParser = (output) =>
  [
    ...output.matchAll(/^\s*(?!\s*-->)([^\s:][^:\n]*\.\w+):(\d+)(?::(\d+))?(?::| -) *(.+)$/gm),
  ].flatMap((m) => {
    const text = (m[4] ?? "").replace(/^(?:error|warning|note):?\s*/, "");
    if (/^note:/.test(m[4] ?? "")) return [];
    const code = /(?:\[([\w-]+)\]|\(([\w-]+)\))$/.exec(text);
    const leading = /^([A-Z]+\d+)\b\s*(?:\[\*\]\s*)?/.exec(text);
    return diagnostic({
      file: m[1] ?? "",
      line: m[2],
      column: m[3],
      code: code?.[1] ?? code?.[2] ?? leading?.[1],
      message: text,
    });
  });

const parsers: readonly DiagnosticParser[] = [tsc, arrows, biome, eslint, colons];

/** Diagnostics of the first reader that finds any; none when the output is of no known form. */
export function parseDiagnostics(output: string): Diagnostic[] {
  const plain = Bun.stripANSI(output);
  for (const parse of parsers) {
    const found = parse(plain);
    if (found.length > 0) return found;
  }
  return [];
}

/** Those of `now` that `before` does not have, counted per file, code and message: lines move. */
export function newDiagnostics(
  now: readonly Diagnostic[],
  before: readonly Diagnostic[],
): Diagnostic[] {
  const left = new Map<string, number>();
  for (const d of before) left.set(keyOf(d), (left.get(keyOf(d)) ?? 0) + 1);
  return now.filter((d) => {
    const count = left.get(keyOf(d)) ?? 0;
    left.set(keyOf(d), count - 1);
    return count <= 0;
  });
}

function keyOf(d: Diagnostic): string {
  return [d.file, d.code, d.message.replace(/\d+/g, "0")].join("\0");
}

/** Lines of `now` that `before` lacks, times and numbers aside: for output of no known form. */
export function newLines(now: string, before: string): string[] {
  const known = new Set(before.split("\n").map(normal));
  return now.split("\n").filter((line) => normal(line) !== "" && !known.has(normal(line)));
}

function normal(line: string): string {
  return Bun.stripANSI(line)
    .replace(/\d+(\.\d+)?/g, "0")
    .replace(/\s+/g, " ")
    .trim();
}
