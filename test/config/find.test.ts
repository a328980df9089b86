/** The project of a directory, and the place of its own files. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commonGitDir, findProject, ownRoot, withOwnPaths } from "../../src/config/find.ts";
import { requireConfig } from "../../src/config/load.ts";

const temporary = realpathSync(mkdtempSync(join(tmpdir(), "dgov-find-")));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
let count = 0;

/** A folder with these files and, where the name ends in a slash, folders; gives the absolute path of a name in it. */
function tree(files: Record<string, string>): (path: string) => string {
  const root = join(temporary, String(count++));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(path.endsWith("/") ? join(root, path) : dirname(join(root, path)), {
      recursive: true,
    });
    if (!path.endsWith("/")) writeFileSync(join(root, path), text.replaceAll("ROOT", root));
  }
  return (path) => join(root, path);
}

test("a project is the nearest folder with a folder .dgov, also from inside it; its file may be missing", () => {
  const at = tree({
    "outer/.dgov/": "",
    "outer/inner/.dgov/.dgov/": "",
    "outer/inner/deep/er/": "",
    "outer/inner/deep/.dgov": "a file\n",
  });
  expect([
    findProject(at("outer")),
    findProject(at("outer/inner/deep/er")),
    findProject(at("outer/inner/.dgov")),
    findProject(at("")),
  ]).toEqual([at("outer"), at("outer/inner"), at("outer/inner"), null]);
  expect(requireConfig(at("outer")).commands.test).toBeNull();
});

test("F11 a local project is found from every folder of its checkouts and among its own files", () => {
  const own = ".git/dgov/project";
  const at = tree({
    [`main/${own}/.dgov/plans/p/`]: "",
    [`main/${own}/packages/app/.dgov/`]: "",
    "main/packages/app/src/": "",
    "main/packages/lib/": "",
    "main/tool/.dgov/": "",
    "main/sub/.git": "gitdir: ../.git/modules/sub\n",
    "main/.git/modules/sub/dgov/project/.dgov/": "",
    "main/.git/worktrees/w/commondir": "../..\n",
    "linked/.git": "gitdir: ROOT/main/.git/worktrees/w\n",
    "linked/packages/app/": "",
    "bare.git/dgov/project/.dgov/": "",
    "bare.git/worktrees/w/commondir": "../..\n",
    "of-bare/.git": "gitdir: ROOT/bare.git/worktrees/w\n",
  });
  const found = (path: string): (string | null)[] => {
    const project = findProject(at(path));
    return [project, project === null ? null : ownRoot(project)];
  };
  for (const [from, project, root] of [
    ["main", "main", `main/${own}`],
    ["main/packages/lib", "main", `main/${own}`],
    ["main/packages/app/src", "main/packages/app", `main/${own}/packages/app`],
    ["main/tool", "main/tool", "main/tool"],
    ["main/sub", "main/sub", "main/.git/modules/sub/dgov/project"],
    [`main/${own}/.dgov/plans/p`, "main", `main/${own}`],
    [`main/${own}/packages/app/.dgov`, "main/packages/app", `main/${own}/packages/app`],
    ["linked", "linked", `main/${own}`],
    ["linked/packages/app", "linked/packages/app", `main/${own}/packages/app`],
    ["of-bare", "of-bare", "bare.git/dgov/project"],
  ] as const) {
    expect([from, ...found(from)]).toEqual([from, at(project), at(root)]);
  }
  expect([found(""), commonGitDir(at("linked"))]).toEqual([[null, null], at("main/.git")]);
});

test("F11 a project with files in both places is refused, and a folder that appears later changes nothing", () => {
  const at = tree({ ".git/dgov/project/.dgov/": "", ".dgov/": "" });
  expect(() => ownRoot(at("."))).toThrow(
    /^the project has files of dgov in .*\/\.dgov and .*\/project\/\.dgov$/,
  );
  rmSync(at(".dgov"), { recursive: true });
  const root = at(".git/dgov/project");
  expect(ownRoot(at("."))).toBe(root);
  mkdirSync(at(".dgov"));
  expect(ownRoot(at("."))).toBe(root);
});

test.each([
  ["add it to .dgov/project.toml", "add it to .git/dgov/project/.dgov/project.toml"],
  [".dgov/project.toml:3: wrong", ".git/dgov/project/.dgov/project.toml:3: wrong"],
  ["see /x/.dgov/out", "see /x/.dgov/out"],
  ["no .dgov folder", "no .dgov folder"],
])("F11 a message of a local project names the path of an own file: %j", (text, shown) => {
  const local = tree({ ".git/dgov/project/.dgov/": "", "src/": "" });
  const other = tree({ ".git/": "", ".dgov/": "" });
  expect(withOwnPaths(text, local("src"))).toBe(shown);
  expect(withOwnPaths(text, other("."))).toBe(text);
});
