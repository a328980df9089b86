/** The project of a directory. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProject } from "../../src/config/find.ts";
import { requireConfig } from "../../src/config/load.ts";

test("a project is the nearest folder with a folder .dgov, also from inside it; its file may be missing", () => {
  const root = mkdtempSync(join(tmpdir(), "dgov-find-"));
  try {
    const at = (path: string): string => join(root, path);
    mkdirSync(at("outer/inner/deep/er"), { recursive: true });
    mkdirSync(at("outer/.dgov"));
    mkdirSync(at("outer/inner/.dgov/.dgov"), { recursive: true });
    writeFileSync(at("outer/inner/deep/.dgov"), "a file\n");
    expect([
      findProject(at("outer")),
      findProject(at("outer/inner/deep/er")),
      findProject(at("outer/inner/.dgov")),
      findProject(root),
    ]).toEqual([at("outer"), at("outer/inner"), at("outer/inner"), null]);
    expect(requireConfig(at("outer")).commands.test).toBeNull();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
