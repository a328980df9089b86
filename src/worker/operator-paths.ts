/** Shell commands that enter the operator's checkout or git dir. Pure. */
import { isAbsolute, resolve } from "node:path";

/** Where a command runs, and the paths that it may not enter. */
export interface ShellPlace {
  /** The checkout and the git dir of the operator. */
  operatorPaths: readonly string[];
  /** Root of the worker's worktree, which may lie inside the checkout. */
  worktree: string;
  /** Folder that commands start in. */
  cwd: string;
  home: string;
}

/** Options that take a folder to work in. */
const folderOptions = /^(-C|--git-dir|--work-tree|--directory|--prefix|--cwd)(?:=(.*))?$/s;

/** Variables that lead git to another repository. */
const gitVariables =
  /^GIT_(?:DIR|WORK_TREE|COMMON_DIR|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES)=(.*)$/s;

/**
 * The path of the operator by which a shell text enters it; null for none. An absolute path counts anywhere in the
 * text, a relative one where it names a folder to work in.
 */
export function enteredPath(
  text: string,
  commands: readonly { words: readonly string[]; assignment?: string }[],
  place: ShellPlace,
): string | null {
  const named = namedPath(text, place);
  if (named !== null) return named;
  let { cwd } = place;
  for (const { words: own, assignment } of commands) {
    const words = assignment === undefined ? own : [assignment];
    const program = words[0] ?? "";
    const isChange = program === "cd" || program === "pushd";
    const target = isChange ? words.slice(1).find((word) => !/^-./.test(word)) : undefined;
    for (const folder of [...(target === undefined ? [] : [target]), ...foldersIn(words)]) {
      const path = resolve(cwd, expanded(folder, place));
      if (isOperators(path, place)) return path;
    }
    if (target !== undefined) cwd = resolve(cwd, expanded(target, place));
  }
  return null;
}

function namedPath(text: string, place: ShellPlace): string | null {
  const plain = expanded(text.replace(/["'\\]/g, ""), place);
  for (const path of place.operatorPaths) {
    for (let at = plain.indexOf(path); at >= 0; at = plain.indexOf(path, at + 1)) {
      const rest = plain.slice(at + path.length);
      const whole = path + (/^[^\s;&|()<>`:,=]*/.exec(rest)?.[0] ?? "");
      const continues = /^[\w.-]/.test(rest) || /[\w.-]$/.test(plain.slice(0, at));
      if (!continues && isOperators(resolve(whole), place)) return path;
    }
  }
  return null;
}

/** Values of options and variables that name a folder to work in. */
function foldersIn(words: readonly string[]): string[] {
  return words.flatMap((word, i) => {
    const option = folderOptions.exec(word);
    if (option !== null) return [option[2] ?? words[i + 1] ?? ""];
    const joined = /^-C(?=[./~$])(.+)$/s.exec(word)?.[1];
    return [joined ?? gitVariables.exec(word)?.[1] ?? ""].filter((value) => value !== "");
  });
}

function expanded(text: string, { home }: ShellPlace): string {
  return text.replace(/(^|[\s=:])~(?=\/|$)/g, `$1${home}`).replace(/\$(?:HOME\b|\{HOME\})/g, home);
}

function isOperators(path: string, { operatorPaths, worktree }: ShellPlace): boolean {
  const inside = (root: string): boolean => path === root || path.startsWith(`${root}/`);
  return isAbsolute(path) && operatorPaths.some(inside) && !inside(worktree);
}
