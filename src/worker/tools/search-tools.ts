/** Search tools: glob, grep, diff and history, all by git. */

import { literalTokens, meet, tokenize } from "../../claims/pattern.ts";
import { listFiles, runToolGit } from "./git.ts";
import { pathspec, resolvePath } from "./paths.ts";
import {
  allRoles,
  argumentSchema,
  type Tool,
  type ToolContext,
  toolAnswer,
  toolError,
} from "./tool.ts";

const glob: Tool = {
  name: "glob",
  description:
    "List files by pattern: * and ? within a name, ** for any folders. Ignored files are not listed.",
  parameters: argumentSchema({ pattern: { type: "string", description: "e.g. src/**/*.ts" } }),
  roles: allRoles,
  async run(a, context) {
    const pattern = String(a["pattern"]).replace(/^(\.\/)+/, "");
    const listed = await listFiles(context, fixedFolder(pattern));
    if (!Array.isArray(listed)) return listed;
    const paths = listed.filter(globMatcher(pattern));
    return toolAnswer(paths.length === 0 ? "no files match" : paths.sort().join("\n"));
  },
};

/** The folders of a pattern before its first wildcard; git lists only those. */
function fixedFolder(pattern: string): string {
  const names = pattern.split("/").slice(0, -1);
  const wild = names.findIndex((name) => /[*?[]/.test(name));
  return (wild < 0 ? names : names.slice(0, wild)).join("/");
}

/** A predicate over paths. A pattern without a slash matches names in any folder. */
function globMatcher(pattern: string): (path: string) => boolean {
  const anywhere = !pattern.includes("/");
  const segments = (anywhere ? `**/${pattern}` : pattern)
    .split("/")
    .map((segment) =>
      segment === "**"
        ? null
        : /[*?[]/.test(segment)
          ? tokenize(segment, { brackets: true })
          : segment,
    );
  const fits = (names: readonly string[], i: number, j: number): boolean => {
    for (; j < segments.length; i++, j++) {
      const segment = segments[j];
      if (segment === null) {
        for (let k = i; k <= names.length; k++) if (fits(names, k, j + 1)) return true;
        return false;
      }
      const name = names[i];
      if (name === undefined || segment === undefined) return false;
      if (
        typeof segment === "string"
          ? segment !== name
          : !meet(segment, literalTokens(name), "bytes")
      )
        return false;
    }
    return i === names.length;
  };
  return (path) => fits(path.split("/"), 0, 0);
}

const grep: Tool = {
  name: "grep",
  description: "Search file contents by extended regular expression, untracked files included.",
  parameters: argumentSchema({
    pattern: { type: "string", description: "extended regular expression" },
    "path?": { type: "string", description: "file or folder; default: the whole project" },
    "ignore_case?": { type: "boolean", description: "ignore upper and lower case" },
    "fixed?": { type: "boolean", description: "the pattern is plain text" },
    "context_lines?": {
      type: "integer",
      description: "lines around each match",
      minimum: 0,
      maximum: 20,
    },
  }),
  roles: allRoles,
  async run(a, context) {
    const file = resolvePath(context.root, String(a["path"] ?? "."));
    if (!("full" in file)) return file;
    const args = [
      "grep",
      "--untracked",
      "-n",
      "-I",
      "--no-color",
      a["fixed"] === true ? "-F" : "-E",
    ];
    if (a["ignore_case"] === true) args.push("-i");
    if (a["context_lines"] !== undefined) args.push("-C", String(a["context_lines"]));
    const found = await runToolGit(context, [
      ...args,
      "-e",
      String(a["pattern"]),
      "--",
      pathspec(file),
    ]);
    if (found.code === 1) return toolAnswer("no matches");
    return found.ok ? toolAnswer(found.text) : toolError("invalid_arguments", found.text.trim());
  },
};

const gitDiff: Tool = {
  name: "git_diff",
  description: "The changes of this attempt so far, new files included.",
  parameters: argumentSchema({
    "path?": { type: "string", description: "only this file or folder" },
  }),
  roles: allRoles,
  async run(a, context) {
    const file = resolvePath(context.root, String(a["path"] ?? "."));
    if (!("full" in file)) return file;
    const at = pathspec(file);
    const tracked = await runToolGit(context, [
      "diff",
      "--no-ext-diff",
      "--no-textconv",
      "--no-color",
      context.request.base,
      "--",
      at,
    ]);
    if (!tracked.ok) return toolError("failed", tracked.text);
    const fresh = await newFileDiffs(context, at);
    const text = [tracked.text, ...fresh].filter((part) => part !== "").join("\n");
    return toolAnswer(text === "" ? "no changes" : text);
  },
};

const newFilesMax = 200;

/** Diffs of up to `newFilesMax` untracked files against nothing. */
async function newFileDiffs(context: ToolContext, at: string): Promise<string[]> {
  const listed = await runToolGit(context, [
    "ls-files",
    "-o",
    "--exclude-standard",
    "-z",
    "--",
    at,
  ]);
  const paths = listed.text
    .split("\0")
    .filter((path) => path !== "")
    .slice(0, newFilesMax);
  const diffs: string[] = [];
  for (const path of paths) {
    const args = [
      "diff",
      "--no-ext-diff",
      "--no-textconv",
      "--no-color",
      "--no-index",
      "--",
      "/dev/null",
      path,
    ];
    diffs.push((await runToolGit(context, args)).text);
  }
  return diffs;
}

const recentChanges: Tool = {
  name: "recent_changes",
  description: "The last commits that changed a file or folder.",
  parameters: argumentSchema({ "path?": { type: "string", description: "file or folder" } }),
  roles: allRoles,
  async run(a, context) {
    const file = resolvePath(context.root, String(a["path"] ?? "."));
    if (!("full" in file)) return file;
    const args = [
      "log",
      "--format=%h %as %an: %s",
      "-n",
      "20",
      context.request.base,
      "--",
      pathspec(file),
    ];
    const log = await runToolGit(context, args);
    return log.ok
      ? toolAnswer(log.text.trim() === "" ? "no commits" : log.text)
      : toolError("failed", log.text);
  },
};

export const searchTools: readonly Tool[] = [glob, grep, gitDiff, recentChanges];
