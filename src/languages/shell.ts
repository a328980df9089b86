/** Parses shell text into the simple commands it may run. */
import { type Node, withTree } from "./parser.ts";

interface SimpleCommand {
  /** Words with static quotes and backslashes removed; expansions stay as written. */
  words: string[];
  /** `NAME=value`, for an assignment before a command or alone. */
  assignment?: string;
  /** Files that redirections write to. */
  writes: string[];
}

interface ShellText {
  commands: SimpleCommand[];
  /** False on a syntax error: the caller must then check every word of the text. */
  parsed: boolean;
  /** Every word-like piece of the text, including those in strings and comments. */
  words: string[];
}

/** Collects the commands of a shell text, in pipelines, lists, subshells, substitutions and heredocs too. */
export async function parseShell(text: string): Promise<ShellText> {
  const found = await withTree("bash", text, (root) => {
    const commands: SimpleCommand[] = [];
    collect(root, commands);
    return { commands, parsed: !root.hasError };
  });
  const words = text.split(/[\s;&|()`<>{}$"'\\]+/).filter((word) => word !== "");
  return found === null ? { commands: [], parsed: false, words } : { ...found, words };
}

function collect(node: Node, commands: SimpleCommand[]): void {
  if (node.type === "command") commands.push(readCommand(node));
  else if (node.type === "file_redirect") {
    // One rule for all positions: after a command, around a list, after a heredoc.
    const writes = writesOf(node);
    if (writes.length > 0) commands.push({ words: [], writes });
  } else if (node.type === "variable_assignment") {
    commands.push({ words: [], assignment: assignmentText(node), writes: [] });
  } else if (node.type === "declaration_command" || node.type === "unset_command") {
    commands.push({ words: node.text.split(/\s+/), writes: [] });
  }
  for (const child of node.namedChildren) if (child !== null) collect(child, commands);
}

function readCommand(node: Node): SimpleCommand {
  const words: string[] = [];
  for (const child of node.namedChildren) {
    if (child === null || child.type === "variable_assignment") continue;
    // `collect` reports redirections as entries of their own.
    if (child.type.endsWith("_redirect")) continue;
    words.push(staticText(child.type === "command_name" ? (child.namedChild(0) ?? child) : child));
  }
  return { words, writes: [] };
}

function assignmentText(node: Node): string {
  const value = node.childForFieldName("value");
  return `${node.childForFieldName("name")?.text ?? ""}=${value === null ? "" : staticText(value)}`;
}

/** File that a redirection writes to; empty for input, descriptors and standard devices. */
function writesOf(redirect: Node): string[] {
  const operator = redirect.children.find((c) => c !== null && !c.isNamed)?.text ?? "";
  if (!operator.includes(">") || operator === ">&-") return [];
  const target = redirect.childForFieldName("destination");
  if (target === null) return [];
  const text = staticText(target);
  if (operator.includes("&") && /^\d+$|^-$/.test(text)) return [];
  return /^\/dev\/(null|stdout|stderr|tty|fd\/\d+)$/.test(text) ? [] : [text];
}

/** A word without quotes and backslashes; expansions stay as written. */
function staticText(node: Node): string {
  switch (node.type) {
    case "raw_string":
      return node.text.slice(1, -1);
    case "string":
      return node.text.slice(1, -1).replace(/\\(["\\$`])/g, "$1");
    case "concatenation":
      return node.namedChildren.map((child) => (child === null ? "" : staticText(child))).join("");
    case "word":
      return node.text.replace(/\\(.)/gs, "$1");
    default:
      return node.text;
  }
}
