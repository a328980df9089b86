/** Reading and changing files. Bytes outside an edit never change. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
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
  description: "Read a text file. Long files come in pages: give start_line and end_line.",
  parameters: argumentSchema({
    path,
    "start_line?": { type: "integer", description: "first line, from 1", minimum: 1 },
    "end_line?": { type: "integer", description: "last line", minimum: 1 },
  }),
  roles: allRoles,
  async run(a, { request, root }) {
    const source = resolveText(root, a["path"]);
    if (!("place" in source)) return source;
    const { place, text } = source;
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    const from = Number(a["start_line"] ?? 1);
    const to = Math.min(Number(a["end_line"] ?? lines.length), lines.length);
    if (from > Math.max(1, lines.length)) {
      return toolError("not_found", `${place.path} has ${lines.length} lines`, place.path);
    }
    if (
      a["start_line"] === undefined &&
      a["end_line"] === undefined &&
      Buffer.byteLength(text) <= request.limits.toolOutputBytes
    ) {
      return toolAnswer(text, place.path);
    }
    return page(place, lines, from, to, request.limits.toolOutputBytes - 200);
  },
};

function page(
  place: ProjectPath,
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
      ? `\n[lines ${from} to ${last} of ${lines.length}; go on with start_line ${last + 1}]`
      : "";
  return toolAnswer(shown.join("\n") + more, place.path);
}

const listDir: Tool = {
  name: "list_dir",
  description: "List a folder: folders end in /, files show their size in bytes.",
  parameters: argumentSchema({
    "path?": { ...path, description: "folder; the project root when left out" },
  }),
  roles: allRoles,
  async run(a, { root }) {
    const place = resolvePath(root, String(a["path"] ?? "."));
    if (!("full" in place)) return place;
    const stats = lstatSync(place.full, { throwIfNoEntry: false });
    if (stats === undefined)
      return toolError("not_found", `${place.path} does not exist`, place.path);
    if (!stats.isDirectory())
      return toolError("unsupported", `${place.path} is not a folder`, place.path);
    const entries = readdirSync(place.full, { withFileTypes: true }).filter(
      (e) => e.name !== ".git",
    );
    const lines = sortedBy(entries, (e) => e.name).map((entry) => {
      const full = join(place.full, entry.name);
      if (entry.isDirectory()) return `${entry.name}/`;
      if (entry.isSymbolicLink()) return `${entry.name} -> ${readlinkSync(full)}`;
      return `${entry.name}  ${lstatSync(full).size}`;
    });
    return toolAnswer(lines.length === 0 ? "(empty)" : lines.join("\n"), place.path);
  },
};

const writeFile: Tool = {
  name: "write_file",
  description: "Write a whole file, new or existing; folders are made as needed.",
  parameters: argumentSchema({
    path,
    content: { type: "string", description: "the whole content" },
  }),
  roles: workerOnly,
  async run(a, { request, root }) {
    const place = resolveWritePath(root, String(a["path"]));
    if (!("full" in place)) return place;
    const refused = claimViolation(request, place.path);
    if (refused !== null) return refused;
    const content = String(a["content"]);
    mkdirSync(dirname(place.full), { recursive: true });
    writeFileSync(place.full, content);
    return toolAnswer(`wrote ${place.path}, ${Buffer.byteLength(content)} bytes`, place.path);
  },
};

const editFile: Tool = {
  name: "edit_file",
  description: "Replace one occurrence of a text in a file. The text must occur exactly once.",
  parameters: argumentSchema({
    path,
    old_text: {
      type: "string",
      description: "text as it stands in the file, enough of it to be unique",
    },
    new_text: { type: "string", description: "text to put in its place" },
  }),
  roles: workerOnly,
  async run(a, { request, root }) {
    const place = resolveWritePath(root, String(a["path"]));
    if (!("full" in place)) return place;
    const refused = claimViolation(request, place.path);
    if (refused !== null) return refused;
    const text = readTextFile(place);
    if (typeof text !== "string") return text;
    const edited = replaceOnce(text, String(a["old_text"]), String(a["new_text"]));
    if (typeof edited !== "string") return { ...edited, target: place.path };
    writeFileSync(place.full, edited);
    return toolAnswer(`edited ${place.path}`, place.path);
  },
};

/** One replacement; a model's `\n` also finds `\r\n`, and what it writes then ends lines that way. */
export function replaceOnce(text: string, oldText: string, newText: string): string | ToolResult {
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
      `old_text occurs ${Math.max(2, count)} times; give more of what surrounds it`,
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
    const place = resolveWritePath(root, String(a["path"]));
    if (!("full" in place)) return place;
    const refused = claimViolation(request, place.path, "delete");
    if (refused !== null) return refused;
    if (lstatSync(place.full, { throwIfNoEntry: false }) === undefined) {
      return toolError("not_found", `${place.path} does not exist`, place.path);
    }
    rmSync(place.full);
    return toolAnswer(`deleted ${place.path}`, place.path);
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
      return toolError("conflict", `${to.path} exists already`, to.path);
    }
    mkdirSync(dirname(to.full), { recursive: true });
    renameSync(from.full, to.full);
    return toolAnswer(`moved ${from.path} to ${to.path}`, to.path);
  },
};

const revertFile: Tool = {
  name: "revert_file",
  description: "Put a file back as it was when the attempt started; a new file goes away.",
  parameters: argumentSchema({ path }),
  roles: workerOnly,
  async run(a, context) {
    const { request, root } = context;
    const place = resolveWritePath(root, String(a["path"]));
    if (!("full" in place)) return place;
    const refused = claimViolation(request, place.path);
    if (refused !== null) return refused;
    const inRepository =
      request.projectDir === "" ? place.path : `${request.projectDir}/${place.path}`;
    const listed = await runToolGit(
      context,
      ["ls-tree", request.base, "--", inRepository],
      request.worktree,
    );
    const mode = /^(\d{6}) blob/.exec(listed.text)?.[1];
    if (mode === undefined) {
      rmSync(place.full, { force: true });
      return toolAnswer(`${place.path} was not there at the start; it is gone`, place.path);
    }
    const blob = await runToolGit(
      context,
      ["cat-file", "blob", `${request.base}:${inRepository}`],
      request.worktree,
    );
    if (!blob.ok) return toolError("failed", blob.text, place.path);
    mkdirSync(dirname(place.full), { recursive: true });
    writeFileSync(place.full, blob.bytes);
    chmodSync(place.full, mode === "100755" ? 0o755 : 0o644);
    return toolAnswer(`${place.path} is as it was at the start`, place.path);
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
