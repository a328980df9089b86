/** Tools that read and change files. Bytes outside an edit stay unchanged. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { sortedBy } from "../../std/order.ts";
import { runToolGit } from "./git.ts";
import {
  type ProjectPath,
  readTextFile,
  resolvePath,
  resolveText,
  resolveWritePath,
  writeOrRestore,
} from "./paths.ts";
import {
  allRoles,
  argumentSchema,
  claimViolation,
  type Tool,
  type ToolResult,
  toolAnswer,
  toolError,
  workerOnly,
} from "./tool.ts";

const path = { type: "string", description: "path relative to the project root" } as const;

const readFile: Tool = {
  name: "read_file",
  description: "Read a text file. Read a long file in pages with start_line and end_line.",
  parameters: argumentSchema({
    path,
    "start_line?": { type: "integer", description: "first line, from 1", minimum: 1 },
    "end_line?": { type: "integer", description: "last line", minimum: 1 },
  }),
  roles: allRoles,
  async run(a, { request, root }) {
    const source = resolveText(root, a["path"]);
    if (!("file" in source)) return source;
    const { file, text } = source;
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    const from = Number(a["start_line"] ?? 1);
    const to = Math.min(Number(a["end_line"] ?? lines.length), lines.length);
    if (from > Math.max(1, lines.length)) {
      return toolError("not_found", `${file.path} has ${lines.length} lines`, file.path);
    }
    if (
      a["start_line"] === undefined &&
      a["end_line"] === undefined &&
      Buffer.byteLength(text) <= request.limits.toolOutputBytes
    ) {
      return toolAnswer(text, file.path);
    }
    return page(file, lines, from, to, request.limits.toolOutputBytes - 200);
  },
};

/** Numbered lines from `from` to `to`, as many as fit in `bytesMax`, with a note when the file has more. */
function page(
  file: ProjectPath,
  lines: string[],
  from: number,
  to: number,
  bytesMax: number,
): ToolResult {
  const shown: string[] = [];
  let bytes = 0;
  let last = from - 1;
  for (let n = from; n <= to; n++) {
    const line = `${n}: ${lines[n - 1] ?? ""}`;
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > bytesMax && shown.length > 0) break;
    shown.push(line);
    last = n;
  }
  const more =
    last < lines.length
      ? `\n[lines ${from} to ${last} of ${lines.length}; continue with start_line ${last + 1}]`
      : "";
  return toolAnswer(shown.join("\n") + more, file.path);
}

const listDir: Tool = {
  name: "list_dir",
  description: "List a folder: folders end in /, files show their size in bytes.",
  parameters: argumentSchema({
    "path?": { ...path, description: "folder; default: the project root" },
  }),
  roles: allRoles,
  async run(a, { root }) {
    const file = resolvePath(root, String(a["path"] ?? "."));
    if (!("full" in file)) return file;
    const stats = lstatSync(file.full, { throwIfNoEntry: false });
    if (stats === undefined)
      return toolError("not_found", `${file.path} does not exist`, file.path);
    if (!stats.isDirectory())
      return toolError("unsupported", `${file.path} is not a folder`, file.path);
    const entries = readdirSync(file.full, { withFileTypes: true }).filter(
      (e) => e.name !== ".git",
    );
    const lines = sortedBy(entries, (e) => e.name).map((entry) => {
      const full = join(file.full, entry.name);
      if (entry.isDirectory()) return `${entry.name}/`;
      if (entry.isSymbolicLink()) return `${entry.name} -> ${readlinkSync(full)}`;
      return `${entry.name}  ${lstatSync(full).size}`;
    });
    return toolAnswer(lines.length === 0 ? "(empty)" : lines.join("\n"), file.path);
  },
};

const writeFile: Tool = {
  name: "write_file",
  description: "Write a whole file, new or existing. Missing folders are created.",
  parameters: argumentSchema({
    path,
    content: { type: "string", description: "the whole content" },
  }),
  roles: workerOnly,
  async run(a, { request, root }) {
    const file = resolveWritePath(root, String(a["path"]));
    if (!("full" in file)) return file;
    const refused = claimViolation(request, file.path);
    if (refused !== null) return refused;
    const content = String(a["content"]);
    writeOrRestore(file.full, content);
    return toolAnswer(`wrote ${file.path}, ${Buffer.byteLength(content)} bytes`, file.path);
  },
};

const editFile: Tool = {
  name: "edit_file",
  description: "Replace a text in a file. The text must occur exactly once.",
  parameters: argumentSchema({
    path,
    old_text: {
      type: "string",
      description: "the exact text in the file, long enough to be unique",
    },
    new_text: { type: "string", description: "the text that replaces it" },
  }),
  roles: workerOnly,
  async run(a, { request, root }) {
    const file = resolveWritePath(root, String(a["path"]));
    if (!("full" in file)) return file;
    const refused = claimViolation(request, file.path);
    if (refused !== null) return refused;
    const text = readTextFile(file);
    if (typeof text !== "string") return text;
    const edited = replaceOnce(text, String(a["old_text"]), String(a["new_text"]));
    if (typeof edited !== "string") return { ...edited, target: file.path };
    writeOrRestore(file.full, edited);
    return toolAnswer(`edited ${file.path}`, file.path);
  },
};

/**
 * Replaces the only occurrence of a text. In a file with CRLF, line ends of both texts are converted when
 * needed.
 */
function replaceOnce(text: string, oldText: string, newText: string): string | ToolResult {
  if (oldText === "") return toolError("invalid_arguments", "old_text is empty");
  const crlf = !text.includes(oldText) && text.includes("\r\n");
  const wanted = crlf ? oldText.replace(/\r?\n/g, "\r\n") : oldText;
  const put = crlf ? newText.replace(/\r?\n/g, "\r\n") : newText;
  const first = text.indexOf(wanted);
  if (first < 0)
    return toolError("not_found", "old_text does not occur in the file; read it again");
  if (text.indexOf(wanted, first + 1) >= 0) {
    const count = text.split(wanted).length - 1;
    return toolError(
      "ambiguous",
      `old_text occurs ${Math.max(2, count)} times; include more surrounding text`,
    );
  }
  return text.slice(0, first) + put + text.slice(first + wanted.length);
}

const deleteFile: Tool = {
  name: "delete_file",
  description: "Delete a file.",
  parameters: argumentSchema({ path }),
  roles: workerOnly,
  async run(a, { request, root }) {
    const file = resolveWritePath(root, String(a["path"]));
    if (!("full" in file)) return file;
    const refused = claimViolation(request, file.path, "delete");
    if (refused !== null) return refused;
    if (lstatSync(file.full, { throwIfNoEntry: false }) === undefined) {
      return toolError("not_found", `${file.path} does not exist`, file.path);
    }
    rmSync(file.full);
    return toolAnswer(`deleted ${file.path}`, file.path);
  },
};

const moveFile: Tool = {
  name: "move_file",
  description: "Move or rename a file. Both paths must be claimed.",
  parameters: argumentSchema({ from: path, to: path }),
  roles: workerOnly,
  async run(a, { request, root }) {
    const from = resolveWritePath(root, String(a["from"]));
    if (!("full" in from)) return from;
    const to = resolveWritePath(root, String(a["to"]));
    if (!("full" in to)) return to;
    const refused =
      claimViolation(request, from.path, "delete") ?? claimViolation(request, to.path);
    if (refused !== null) return refused;
    if (lstatSync(from.full, { throwIfNoEntry: false }) === undefined) {
      return toolError("not_found", `${from.path} does not exist`, from.path);
    }
    if (lstatSync(to.full, { throwIfNoEntry: false }) !== undefined) {
      return toolError("conflict", `${to.path} already exists`, to.path);
    }
    mkdirSync(dirname(to.full), { recursive: true });
    renameSync(from.full, to.full);
    return toolAnswer(`moved ${from.path} to ${to.path}`, to.path);
  },
};

const revertFile: Tool = {
  name: "revert_file",
  description: "Restore a file to its state at the start of the attempt; a new file is deleted.",
  parameters: argumentSchema({ path }),
  roles: workerOnly,
  async run(a, context) {
    const { request, root } = context;
    const file = resolveWritePath(root, String(a["path"]));
    if (!("full" in file)) return file;
    const refused = claimViolation(request, file.path);
    if (refused !== null) return refused;
    const inRepository =
      request.projectDir === "" ? file.path : `${request.projectDir}/${file.path}`;
    const listed = await runToolGit(
      context,
      ["ls-tree", request.base, "--", inRepository],
      request.worktree,
    );
    const mode = /^(\d{6}) blob/.exec(listed.text)?.[1];
    if (mode === undefined) {
      rmSync(file.full, { force: true });
      return toolAnswer(
        `deleted ${file.path}, which did not exist at the start of the attempt`,
        file.path,
      );
    }
    const blob = await runToolGit(
      context,
      ["cat-file", "blob", `${request.base}:${inRepository}`],
      request.worktree,
    );
    if (!blob.ok) return toolError("failed", blob.text, file.path);
    writeOrRestore(file.full, blob.bytes);
    chmodSync(file.full, mode === "100755" ? 0o755 : 0o644);
    return toolAnswer(`restored ${file.path} to its state at the start of the attempt`, file.path);
  },
};

export const fileTools: readonly Tool[] = [
  readFile,
  listDir,
  writeFile,
  editFile,
  deleteFile,
  moveFile,
  revertFile,
];
