/** F2: which ignored files are read from the checkout, and how they enter and leave a tree. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { readCopiedFiles, withCopies } from "../../src/settlement/trees/copied-files.ts";
import { type OpenedRepo, openTestRepo } from "../git/harness.ts";

function configWith(worktree: object): Config {
  const parsed = parseConfig("[project]\n", "/project");
  if (!parsed.ok) throw new Error("the default configuration is not valid");
  return { ...parsed.config, worktree: { ...parsed.config.worktree, ...worktree } };
}

async function read(g: OpenedRepo, copy: string[], more: object = {}) {
  const commit = await g.repo.git("rev-parse", "HEAD");
  const config = configWith({ copy, ...more });
  return readCopiedFiles({ repository: g.r, projectPrefix: "", config, commit });
}

function write(g: OpenedRepo, path: string, text = "KEY=12345678\n"): void {
  mkdirSync(dirname(join(g.repo.path, path)), { recursive: true });
  writeFileSync(join(g.repo.path, path), text);
}

describe("readCopiedFiles", () => {
  test("F2 links, repositories, special files, tracked and unignored paths and dgov's own are not copied", async () => {
    await using g = await openTestRepo({
      ".gitignore": "x/\nlink.env\n.env\nbehind\n",
      "tracked.env": "KEY=12345678\n",
    });
    const outside = join(g.repo.root, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "id"), "KEY=outside-the-repository\n");
    for (const path of [".env", "x/.env", "x/deep/b", "x/nested/c", "x/.dgov/d", "plain.env"])
      write(g, path);
    write(g, "node_modules/.env");
    symlinkSync(join(outside, "id"), join(g.repo.path, "link.env"));
    symlinkSync(outside, join(g.repo.path, "behind"));
    symlinkSync(outside, join(g.repo.path, "x/folder"));
    await g.repo.git("init", "-q", "x/nested");
    Bun.spawnSync(["mkfifo", join(g.repo.path, "x/fifo")]);
    const entries = [
      ".env",
      "x",
      "link.env",
      "behind/id",
      "plain.env",
      "tracked.env",
      ".git/config",
      "../outside/id",
    ];
    const { files, warnings, secrets } = await read(g, entries);
    expect(files.map(({ path }) => path).sort()).toEqual([".env", "x/.env", "x/deep/b"]);
    // The tracked file has the same value.
    expect(secrets).toEqual([]);
    const text = warnings.join("\n");
    for (const part of [
      "link.env is not copied",
      "x/folder is not copied",
      "x/nested/ is not copied",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain("plain.env is not copied: it is not ignored by git");
    for (const entry of ["behind/id", "tracked.env", ".git/config", "../outside/id"]) {
      expect(text).toContain(`\`${entry}\` in [worktree] copy matches no untracked file`);
    }
  });

  test("F2 an entry is a path of the project, also with characters of patterns above it", async () => {
    await using g = await openTestRepo({ ".gitignore": ".env\n" });
    for (const path of ["[a]*/.env", "a/.env", "a/sub/.env", ".env"])
      write(g, path, `K=value-of-${path}\n`);
    const commit = await g.repo.git("rev-parse", "HEAD");
    const config = configWith({ copy: [".env"] });
    const of = { repository: g.r, projectPrefix: "[a]*/", config, commit };
    const { files, secrets } = await readCopiedFiles(of);
    expect(files.map(({ path }) => path)).toEqual(["[a]*/.env"]);
    expect(secrets).toEqual(["value-of-[a]*/.env"]);
  });

  test("F2 .worktreeinclude counts as the commit has it", async () => {
    await using g = await openTestRepo({ ".gitignore": "*.env\n", ".worktreeinclude": "/a.env\n" });
    for (const path of ["a.env", "b.env"]) write(g, path);
    writeFileSync(join(g.repo.path, ".worktreeinclude"), "*.env\n");
    expect((await read(g, [])).files.map(({ path }) => path)).toEqual(["a.env"]);
  });

  test.each([
    ["files", { copyFilesMax: 2 }, "copy_files_max"],
    ["MiB", { copyMibMax: 1 }, "copy_mib_max"],
  ])("F2 the limit in %s is an error that names the key", async (_what, limit, key) => {
    await using g = await openTestRepo({ ".gitignore": "x/\n" });
    for (const name of ["a", "b", "c"]) write(g, `x/${name}`, "x".repeat(400 * 1024));
    await expect(read(g, ["x/"], limit)).rejects.toThrow(key);
    expect((await read(g, ["x/"])).files).toHaveLength(3);
  });
});

describe("withCopies", () => {
  const files = [
    { path: ".env", mode: 0o600, bytes: Buffer.from("a") },
    { path: "certs/ca/x.pem", mode: 0o644, bytes: Buffer.from("b") },
  ];

  test("F2 the files are in the tree only while a command runs, and changed ones are named", async () => {
    await using g = await openTestRepo({ "a.txt": "a\n" });
    const at = (path: string): string => join(g.repo.path, path);
    const { changed } = await withCopies(g.repo.path, files, async () => {
      expect(readFileSync(at("certs/ca/x.pem"), "utf8")).toBe("b");
      writeFileSync(at(".env"), "other");
    });
    expect(changed).toEqual([".env"]);
    expect([".env", "certs"].map((path) => existsSync(at(path)))).toEqual([false, false]);
  });

  test("F2 nothing is written or removed through a link, and nothing of the tree is overwritten", async () => {
    await using g = await openTestRepo({ ".env": "of the tree\n" });
    const at = (path: string): string => join(g.repo.path, path);
    const outside = join(g.repo.root, "outside");
    mkdirSync(join(outside, "ca"), { recursive: true });
    symlinkSync(outside, at("certs"));
    await withCopies(g.repo.path, files, async () => {});
    expect([existsSync(join(outside, "ca/x.pem")), g.repo.read(".env")]).toEqual([
      false,
      "of the tree\n",
    ]);
    rmSync(at("certs"));
    writeFileSync(join(outside, "ca/x.pem"), "theirs");
    const { changed } = await withCopies(g.repo.path, files, async () => {
      rmSync(at("certs"), { recursive: true });
      symlinkSync(outside, at("certs"));
    });
    expect(changed).toEqual(["certs/ca/x.pem"]);
    expect(readFileSync(join(outside, "ca/x.pem"), "utf8")).toBe("theirs");
  });
});
