/**
 * Everybody else: `file:line:col: message`, as compilers have written it since cc, with or without
 * the column and a severity; and formatters that name the files they would change.
 */
import { diagnostic, oneLine, type Reader } from "./diagnostic.ts";

const placed = oneLine(
  /^\s*(?!\s*-->|at )([^\s:()][^:()\n]*?\.\w+):(\d+)(?::(\d+))?(?::| -)\s*(.+)$/,
  ([, file, line, column, rest]) => {
    const [, severity, text] = /^(error|warning|info|note)?:?\s*(.*)$/.exec(rest ?? "") ?? [];
    const code = /(?:\[([\w/-]+)\]|\(([\w/-]+)\))$/.exec(text ?? "");
    return diagnostic({
      file,
      line,
      column,
      code: code?.[1] ?? code?.[2],
      message: text,
      severity,
    });
  },
);

/** `╭─[file:line:col]` below a heading: oxlint and its kin. */
const boxed: Reader = (lines, at) => {
  const head = /^\s*([×!⚠✖]) (.+)$/.exec(lines[at] ?? "");
  const place = /^\s*[╭,][─-]+\[(.+?):(\d+):(\d+)\]/.exec(lines[at + 1] ?? "");
  if (head === null || place === null) return null;
  const [, severity, message] = head;
  const [, file, line, column] = place;
  const code = /^([\w-]+\([\w/-]+\)): /.exec(message ?? "")?.[1];
  return { found: [diagnostic({ file, line, column, code, message, severity })], lines: 2 };
};

const named = oneLine(
  /^(?:\[(?:warn|error)\]|would reformat|Diff in) (\S.*?\.\w+)(?::\d+:?| at line \d+:)?$/,
  ([, file]) => diagnostic({ file, code: "format", message: "would be reformatted" }),
);

export const generic: Reader = (lines, at) =>
  boxed(lines, at) ?? placed(lines, at) ?? named(lines, at);
