/** eslint: a file's name alone on a line, then `  line:col  error  message  rule`, one per problem. */
import { type Diagnostic, diagnostic, oneLine, type Reader } from "./diagnostic.ts";

const problem = /^\s+(\d+):(\d+)\s+(error|warning)\s+(.+?)(?:\s{2,}(\S+))?\s*$/;

const stylish: Reader = (lines, at) => {
  const file = lines[at] ?? "";
  if (!/^\S.*$/.test(file) || !problem.test(lines[at + 1] ?? "")) return null;
  const found: Diagnostic[] = [];
  for (const text of lines.slice(at + 1)) {
    const match = problem.exec(text);
    if (match === null) break;
    const [, line, column, severity, message, code] = match;
    found.push(diagnostic({ file, line, column, code, message, severity }));
  }
  return { found, lines: found.length + 1 };
};

const compact = oneLine(
  /^(\S.*?): line (\d+), col (\d+), (Error|Warning) - (.+?)(?: \(([^()]+)\))?$/,
  ([, file, line, column, severity, message, code]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

export const eslint: Reader = (lines, at) => stylish(lines, at) ?? compact(lines, at);
