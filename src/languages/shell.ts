/** Every simple command a shell text may run, as far as its grammar tells. */
import { type Node, withTree } from "./parser.ts";

export interface SimpleCommand {
  /** Words as the shell would see them when they are static: quotes and backslashes removed. */
  words: string[];
  /** Targets of redirections that write to a file. */
  writes: string[];
}

export interface ShellText {
  commands: SimpleCommand[];
  /** False when the grammar met something it does not know: then every word must be judged. */
  parsed: boolean;
  /** Every word-like piece of the text, whatever it is part of. */
  words: string[];
}

/** Reads a shell text: pipelines, lists, subshells, substitutions, heredocs, all of it. */
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
    // Wherever it stands: after a command, around a list, behind a heredoc.
    const writes = writesOf(node);
    if (writes.length > 0) commands.push({ words: [], writes });
  } else if (node.type === "declaration_command" || node.type === "unset_command") {
    commands.push({ words: node.text.split(/\s+/), writes: [] });
  }
  for (const child of node.namedChildren) if (child !== null) collect(child, commands);
}

function readCommand(node: Node): SimpleCommand {
  const words: string[] = [];
  const writes: string[] = [];
  for (const child of node.namedChildren) {
    if (child === null || child.type === "variable_assignment") continue;
    if (child.type === "file_redirect") writes.push(...writesOf(child));
    else if (child.type.endsWith("_redirect")) continue;
    else
      words.push(
        staticText(child.type === "command_name" ? (child.namedChild(0) ?? child) : child),
      );
  }
  return { words, writes: [] };
}

/** Where a redirection writes; nothing for input, descriptors and /dev/null. */
function writesOf(redirect: Node): string[] {
  const operator = redirect.children.find((c) => c !== null && !c.isNamed)?.text ?? "";
  if (!operator.includes(">") || operator === ">&-") return [];
  const target = redirect.childForFieldName("destination");
  if (target === null) return [];
  const text = staticText(target);
  if (operator.includes("&") && /^\d+$|^-$/.test(text)) return [];
  return /^\/dev\/(null|stdout|stderr|tty|fd\/\d+)$/.test(text) ? [] : [text];
}

/** A word without its quotes; what only the shell can know stays as it is written. */
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
