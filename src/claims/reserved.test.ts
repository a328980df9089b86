import { describe, expect, test } from "bun:test";
import { reservedReason } from "./reserved.ts";

const none = { gitControlAllowed: false, exactClaims: new Set<string>() };

describe("reservedReason", () => {
  test.each([
    ".dgov/project.toml",
    ".dgov",
    ".DGOV/project.toml",
    ".d\u200bgov/project.toml",
    ".sentrux/baseline.json",
    ".sentrux/baseline.json.bak",
    ".sentrux/dgov-baseline.json",
    ".coverage-baseline/coverage.json",
    ".git/hooks/pre-commit",
    "sub/.git/config",
    ".gitattributes",
    "sub/.gitattributes",
    ".gitmodules",
    ".worktreeinclude",
    ".WorkTreeInclude",
  ])("%j is reserved (C9)", (path) => {
    expect(reservedReason(path, none)).not.toBeNull();
  });

  test.each([
    "src/app.py",
    ".github/workflows/ci.yml",
    ".gitignore",
    ".sentrux/config.json",
    ".dgovernor/x",
    "docs/.dgov.md",
  ])("%j is not reserved (C9)", (path) => {
    expect(reservedReason(path, none)).toBeNull();
  });

  test("files that control git need both the setting and an exact claim (C9)", () => {
    const exactClaims = new Set([".gitattributes"]);
    expect(reservedReason(".gitattributes", { gitControlAllowed: true, exactClaims })).toBeNull();
    expect(reservedReason(".gitattributes", { gitControlAllowed: false, exactClaims })).toBe(
      "it controls git; `[scope] allow_git_control = true` and an exact claim allow it",
    );
    expect(
      reservedReason(".worktreeinclude", {
        gitControlAllowed: true,
        exactClaims: new Set([".worktreeinclude"]),
      }),
    ).toBeNull();
    expect(reservedReason(".gitmodules", { gitControlAllowed: true, exactClaims })).toBe(
      "it controls git and needs a claim of exactly this path",
    );
  });
});
