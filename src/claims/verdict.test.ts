import { describe, expect, test } from "bun:test";
import type { ScopeChange } from "./unsafe.ts";
import {
  changedFilesMax,
  judgeChanges,
  mayWrite,
  type ScopePolicy,
  writeClaimed,
} from "./verdict.ts";

function policy(
  given: Partial<Omit<ScopePolicy, "claims" | "scope">> & {
    claims?: Partial<ScopePolicy["claims"]>;
    scope?: Partial<ScopePolicy["scope"]>;
  } = {},
): ScopePolicy {
  return {
    projectDir: "",
    filesMax: 100,
    ...given,
    claims: { create: [], edit: [], delete: [], touch: [], read: [], ...given.claims },
    scope: { allow: [], deny: [], ignore: [], allowGitControl: false, ...given.scope },
  };
}

function change(path: string, more: Partial<ScopeChange> = {}): ScopeChange {
  return { path, status: "modified", kind: "file", linkTarget: null, ...more };
}

describe("judgeChanges", () => {
  test("claimed changes pass, and ignored changes are left out", () => {
    const verdict = judgeChanges(
      [change("src/a.py"), change("uv.lock"), change(".venv/bin/x", { status: "added" })],
      policy({ claims: { edit: ["src/"] }, scope: { ignore: [".venv", "uv.lock"] } }),
    );
    expect(verdict).toEqual({
      passed: true,
      verdict: "ok",
      retriable: false,
      reason: "",
      paths: [],
      claimed: ["src/a.py"],
      ignored: ["uv.lock", ".venv/bin/x"],
    });
  });

  test("a claimed path is kept even when an ignore pattern matches it", () => {
    const verdict = judgeChanges(
      [change("uv.lock")],
      policy({ claims: { edit: ["uv.lock"] }, scope: { ignore: ["uv.lock"] } }),
    );
    expect([verdict.passed, verdict.claimed]).toEqual([true, ["uv.lock"]]);
  });

  test("no change at all is `empty_diff` (A15)", () => {
    expect(judgeChanges([], policy())).toMatchObject({
      verdict: "empty_diff",
      retriable: false,
      reason: "the attempt changed nothing",
    });
  });

  test("changes of ignored files only are `empty_diff` (A15)", () => {
    const verdict = judgeChanges([change("uv.lock")], policy({ scope: { ignore: ["uv.lock"] } }));
    expect(verdict).toMatchObject({
      passed: false,
      verdict: "empty_diff",
      reason: "the attempt changed nothing but ignored files: uv.lock",
    });
  });

  test("as many changed files as the limit pass, one more is `diff_too_large`", () => {
    const filesMax = changedFilesMax;
    const p = policy({ filesMax, claims: { edit: ["src"] }, scope: { ignore: ["tmp"] } });
    const changes = Array.from({ length: 101 }, (_, i) => change(`src/${i}`));
    const ignored = [change("tmp/a"), change("tmp/b")];
    expect(judgeChanges([...changes.slice(1), ...ignored], p).verdict).toBe("ok");
    expect(judgeChanges(changes, p)).toMatchObject({
      verdict: "diff_too_large",
      reason: "changed 101 files, more than the 100 allowed",
    });
  });

  test.each([
    [{ edit: ["a.py"] }, "b.py", "b.py (not claimed)"],
    [{ edit: ["src/*.py"] }, "src/x/y.py", "src/x/y.py (not claimed)"],
    [{ edit: ["src/"] }, "src/.gitignore", "src/.gitignore (not claimed)"],
    [{ edit: ["SRC/"] }, "src/a.py", "src/a.py (not claimed)"],
  ])("claims %j do not allow %j (P4, C8)", (claims, path, listed) => {
    expect(judgeChanges([change(path)], policy({ claims }))).toMatchObject({
      verdict: "scope_violation",
      retriable: false,
      reason: `changed paths outside the claims: ${listed}`,
    });
  });

  test("the deletion of a file claimed only for edit is a scope violation", () => {
    const gone = change("src/a.py", { status: "deleted" });
    const judged = (claims: Partial<ScopePolicy["claims"]>): string =>
      judgeChanges([gone], policy({ claims })).verdict;
    expect(judged({ edit: ["src/"] })).toBe("scope_violation");
    expect(judged({ delete: ["src/a.py"] })).toBe("ok");
    expect(judged({ touch: ["src/"] })).toBe("ok");
    expect(judgeChanges([gone], policy({ claims: { edit: ["src/"] } })).paths).toEqual([
      { path: "src/a.py", problem: "deleted, but claimed only for `edit`" },
    ]);
  });

  test("a rename needs claims for both paths", () => {
    const changes = [change("a.py", { status: "deleted" }), change("b.py", { status: "added" })];
    const judged = (claims: Partial<ScopePolicy["claims"]>): string =>
      judgeChanges(changes, policy({ claims })).verdict;
    expect(judged({ create: ["b.py"] })).toBe("scope_violation");
    expect(judged({ create: ["b.py"], delete: ["a.py"] })).toBe("ok");
  });

  test("a scope violation is retriable only when every path outside the claims is claimed for reading", () => {
    const p = policy({ claims: { edit: ["a.py"], read: ["lib/"] } });
    expect(judgeChanges([change("a.py"), change("lib/b.py")], p)).toMatchObject({
      verdict: "read_scope_violation",
      retriable: true,
    });
    expect(judgeChanges([change("lib/b.py"), change("c.py")], p)).toMatchObject({
      verdict: "scope_violation",
      retriable: false,
    });
  });

  test.each([
    ".dgov/project.toml",
    ".sentrux/baseline.json",
    ".coverage-baseline/coverage.json",
    ".gitattributes",
  ])("%j is reserved even when it is claimed and ignored (C9)", (path) => {
    const p = policy({ claims: { touch: ["**", path] }, scope: { ignore: [path] } });
    expect(judgeChanges([change(path)], p).verdict).toBe("reserved_path");
  });

  test("reserved paths of the repository and of a project below it are both reserved (C9, E15)", () => {
    const p = policy({ projectDir: "pkg", claims: { touch: ["**"] } });
    const verdicts = [".dgov/x", "pkg/.dgov/x", "pkg/a.py", "other/a.py"].map(
      (path) => judgeChanges([change(path)], p).verdict,
    );
    expect(verdicts).toEqual(["reserved_path", "reserved_path", "ok", "scope_violation"]);
  });

  test("a path beside the project whose name begins like it is outside (E15)", () => {
    const p = policy({ projectDir: "packages/app", claims: { touch: ["**"] } });
    expect(judgeChanges([change("packages/app2/a.py")], p)).toMatchObject({
      verdict: "scope_violation",
      paths: [{ path: "packages/app2/a.py", problem: "outside the project" }],
    });
  });

  test("a reserved path that is only ignored is reported beside claimed changes (C9)", () => {
    const p = policy({ claims: { edit: ["src"] }, scope: { ignore: [".dgov", "pkg"] } });
    for (const path of [".dgov/project.toml", "pkg/.gitattributes"]) {
      const verdict = judgeChanges([change("src/a.py"), change(path)], p);
      expect([verdict.verdict, verdict.paths.map((one) => one.path)]).toEqual([
        "reserved_path",
        [path],
      ]);
    }
  });

  test("an exact claim and the setting allow files that control git (C9)", () => {
    const claims = { edit: [".gitattributes"] };
    const scope = { allowGitControl: true };
    expect(judgeChanges([change(".gitattributes")], policy({ claims, scope })).verdict).toBe("ok");
    const below = policy({ claims, scope, projectDir: "pkg" });
    expect(judgeChanges([change("pkg/.gitattributes")], below).verdict).toBe("ok");
    const glob = policy({ claims: { edit: [".git*"] }, scope });
    expect(judgeChanges([change(".gitattributes")], glob).verdict).toBe("reserved_path");
  });

  test.each([
    [
      { kind: "symlink", linkTarget: "/etc/passwd" },
      "a symbolic link to the absolute path /etc/passwd",
    ],
    [
      { kind: "symlink", linkTarget: "../../x" },
      "a symbolic link that leaves the repository: ../../x",
    ],
    [
      { kind: "symlink", linkTarget: "../.git/config" },
      "a symbolic link into a .git folder: ../.git/config",
    ],
    [
      { kind: "symlink", linkTarget: "../.GIT/hooks" },
      "a symbolic link into a .git folder: ../.GIT/hooks",
    ],
    [{ kind: "symlink", linkTarget: "" }, "a symbolic link that cannot be read"],
    [{ kind: "symlink", linkTarget: null }, "a symbolic link that cannot be read"],
    [{ kind: "gitlink" }, "a nested repository"],
    [{ kind: "gitlink", status: "modified" }, "a submodule, which belongs to another repository"],
    [
      { kind: "gitlink", status: "modified", movedTo: "c0ffee" },
      "a submodule at another commit, which needs a claim of exactly this path",
    ],
    [{ kind: "other" }, "not a regular file"],
  ] as const)("a change with %j is unsafe (C4)", (more, problem) => {
    const p = policy({ claims: { touch: ["src"] } });
    expect(judgeChanges([change("src/x", { status: "added", ...more })], p)).toMatchObject({
      verdict: "unsafe_path",
      paths: [{ path: "src/x", problem }],
    });
  });

  test("a link within the repository passes (C4)", () => {
    const link = change("src/x", { status: "added", kind: "symlink", linkTarget: "../lib/y" });
    expect(judgeChanges([link], policy({ claims: { touch: ["src"] } })).verdict).toBe("ok");
  });

  test("deny and allow lists of the project take precedence over claims", () => {
    const claims = { touch: ["**"] };
    const denied = policy({ claims, scope: { deny: ["secrets/**"] } });
    expect(judgeChanges([change("secrets/key")], denied).reason).toBe(
      "changed paths that `[scope]` denies: secrets/key (denied by `secrets/**`)",
    );
    const allowed = policy({ claims, scope: { allow: ["src/**"] } });
    expect(judgeChanges([change("docs/a.md")], allowed).reason).toBe(
      "changed paths that `[scope]` denies: docs/a.md (not in `allow_files`)",
    );
  });

  test("the deny list takes precedence over the allow list", () => {
    const scope = { allow: ["src/**"], deny: ["src/secret"] };
    const p = policy({ claims: { touch: ["**"] }, scope });
    expect(judgeChanges([change("src/secret")], p).paths).toEqual([
      { path: "src/secret", problem: "denied by `src/secret`" },
    ]);
    expect(mayWrite("src/secret", p)).toEqual({ ok: false, reason: "denied by `src/secret`" });
  });

  test("departments apply in the review as in compile (C11)", () => {
    const departments = [{ name: "core", patterns: ["src/core/**"] }];
    const claims = { touch: ["src"] };
    const judged = (unitSummary: string): string =>
      judgeChanges([change("src/core/a.ts")], policy({ claims, departments, unitSummary })).verdict;
    expect([judged("Tidy"), judged("Tidy the core")]).toEqual(["department_violation", "ok"]);
  });

  test("a reason names ten paths and the number of the others", () => {
    const reasonOf = (count: number): string => {
      const changes = Array.from({ length: count }, (_, i) => change(`f${i}`));
      return judgeChanges(changes, policy()).reason;
    };
    expect(reasonOf(10)).toEndWith("f9 (not claimed)");
    expect(reasonOf(11)).toMatch(/f9 \(not claimed\).*1 more/);
    expect(reasonOf(11)).not.toContain("f10");
  });

  test.each([
    [".dgov/x", "reserved paths: .dgov/x (reserved: `.dgov` belongs to dgov)"],
    ["l", "paths that cannot be landed: l (a nested repository)"],
    ["core/x", "paths of other departments: core/x (belongs to department core)"],
    ["lib/x", "files claimed for reading only: lib/x (claimed for reading only)"],
    ["gone", "paths outside the claims: gone (not claimed)"],
  ])("the reason for %s names the path with its problem", (path, reason) => {
    const p = policy({
      claims: { touch: ["l", "core"], read: ["lib"] },
      departments: [{ name: "core", patterns: ["core"] }],
    });
    const more = path === "l" ? { kind: "gitlink", status: "added" } : {};
    const deleted = path === "gone" ? { status: "deleted" } : {};
    const { reason: said } = judgeChanges(
      [change(path, { ...more, ...deleted } as Partial<ScopeChange>)],
      p,
    );
    expect(said).toBe(`changed ${reason}`);
  });

  test.each([
    ["lib", "", true],
    ["**", "", false],
    ["libs", "", false],
    ["lib", "packages/app", true],
  ])("F1 a claim of %s in the project %p lets lib move: %p", (claim, projectDir, passed) => {
    const p = { ...policy({ claims: { edit: [claim] } }), projectDir };
    const path = projectDir === "" ? "lib" : `${projectDir}/lib`;
    const moved = change(path, { kind: "gitlink", movedTo: "c0ffee" });
    expect(judgeChanges([moved], p).passed).toBe(passed);
    expect(writeClaimed(path, p, "submodule")).toBe(passed);
  });

  test("the verdict is the first kind of problem in a fixed order", () => {
    const p = policy({ claims: { edit: ["a"] }, scope: { deny: ["secret"] } });
    const all = [
      change("b"),
      change("secret"),
      change("l", { kind: "gitlink" }),
      change(".dgov/x"),
    ];
    const verdicts = [4, 3, 2, 1].map((count) => judgeChanges(all.slice(0, count), p).verdict);
    expect(verdicts).toEqual([
      "reserved_path",
      "unsafe_path",
      "path_policy_violation",
      "scope_violation",
    ]);
  });
});

describe("mayWrite", () => {
  const p = policy({
    projectDir: "pkg",
    claims: { edit: ["src/"], create: ["new.py"] },
    scope: { ignore: ["tmp"], deny: ["src/secret"] },
  });

  test.each(["src/a.py", "src/deep/b.py", "new.py", "tmp/scratch"])(
    "writing %j is allowed",
    (path) => {
      expect(mayWrite(path, p)).toEqual({ ok: true });
    },
  );

  test.each([
    ["other.py", "not claimed"],
    [".dgov/x", "reserved: `.dgov` belongs to dgov"],
    ["src/secret", "denied by `src/secret`"],
    ["src/.gitignore", "not claimed"],
  ])("writing %j is refused: %s", (path, reason) => {
    expect(mayWrite(path, p)).toEqual({ ok: false, reason });
  });

  test("a path of a department that the summary does not name is refused (C11)", () => {
    const departments = [{ name: "core", patterns: ["src/core/**"] }];
    const of = (unitSummary: string) => ({ ...p, departments, unitSummary });
    expect(mayWrite("src/core/a.py", of("Tidy"))).toEqual({
      ok: false,
      reason: "belongs to department core",
    });
    expect(mayWrite("src/core/a.py", of("Tidy the core"))).toEqual({ ok: true });
    expect(mayWrite("src/other.py", of("Tidy"))).toEqual({ ok: true });
  });

  test("a claimed path that an ignore pattern matches is subject to deny lists", () => {
    const denied = policy({
      claims: { edit: ["tmp/x"] },
      scope: { ignore: ["tmp"], deny: ["tmp/x"] },
    });
    expect(mayWrite("tmp/x", denied)).toEqual({ ok: false, reason: "denied by `tmp/x`" });
    expect(mayWrite("tmp/y", denied)).toEqual({ ok: true });
  });

  test("a deletion needs more than an edit claim", () => {
    expect(mayWrite("src/a.py", p, "delete")).toEqual({
      ok: false,
      reason: "deleted, but claimed only for `edit`",
    });
    expect(mayWrite("new.py", p, "delete")).toEqual({ ok: true });
  });

  test("mayWrite agrees with the review (C8)", () => {
    for (const path of ["src/a.py", "new.py", "x", ".dgov/y", "src/.gitignore", "src/secret"]) {
      const verdict = judgeChanges([change(`pkg/${path}`)], p);
      expect([path, mayWrite(path, p).ok]).toEqual([path, verdict.passed]);
    }
  });
});

test("writeClaimed takes paths relative to the repository", () => {
  const p = policy({ projectDir: "pkg", claims: { edit: ["src"] } });
  expect([writeClaimed("pkg/src/a", p), writeClaimed("src/a", p)]).toEqual([true, false]);
});
