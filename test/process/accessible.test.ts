/** Access that dgov gives itself before it removes a folder. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAccessible } from "../../src/std/files.ts";

test("files and folders below become accessible, and a file that has another name keeps its mode", () => {
  const root = mkdtempSync(join(tmpdir(), "dgov-access-"));
  try {
    const folder = join(root, "tree/inner");
    mkdirSync(folder, { recursive: true });
    for (const name of ["own", "linked"]) {
      writeFileSync(join(folder, name), name);
      chmodSync(join(folder, name), 0o400);
    }
    linkSync(join(folder, "linked"), join(root, "elsewhere"));
    chmodSync(folder, 0o500);
    makeAccessible(join(root, "tree"));
    const modes = [folder, join(folder, "own"), join(root, "elsewhere")].map(
      (path) => statSync(path).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o600, 0o400]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
