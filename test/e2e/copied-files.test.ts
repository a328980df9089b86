/** F2: ignored files of the checkout in the trees of gates and workers; they never land, and their values stay here. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const secret = "s3cr3t-value-one";
const bash = (command: string) => call("run_bash", { command });

/** A project whose checkout has ignored files. */
async function withIgnored(
  options: Omit<ProjectOptions, "files"> & { ignored: Record<string, string> },
): Promise<TestProject> {
  const p = await testProject({
    ...options,
    files: {
      ".gitignore": ".env\ncerts/\nlocal/\n",
      ".worktreeinclude": "# settings\nlocal/*.conf\n!local/skip.conf\nnothing.txt\n",
      "README.md": "PUBLIC=in-the-readme\n",
    },
  });
  for (const [path, text] of Object.entries(options.ignored)) {
    mkdirSync(dirname(join(p.root, path)), { recursive: true });
    writeFileSync(join(p.root, path), text);
  }
  return p;
}

const ignored = {
  ".env": `TOKEN=${secret}\nPUBLIC=in-the-readme\n`,
  "certs/ca.pem": "a certificate\n",
  "local/a.conf": "a\n",
  "local/skip.conf": "b\n",
};

/** Files of the project that contain the secret. */
async function traces(p: TestProject, folder: string): Promise<string> {
  const found = Bun.spawn(["grep", "-rlaF", secret, folder], { cwd: p.root, stdout: "pipe" });
  return new Response(found.stdout).text();
}

describe("ignored files", () => {
  test.concurrent("F2 gates have the files while they run, setup and workers do not, and no record has their values", async () => {
    await using p = await withIgnored({
      ignored,
      tasks: { a: { files: { create: ["a.txt"] } } },
      plan: { max_retries: 0 },
      config: {
        project: {
          setup_cmd: "! test -e .env",
          test_cmd: [
            "cat .env",
            "test -f certs/ca.pem -a -f local/a.conf",
            "! test -e local/skip.conf -o -e certs/link",
            "echo changed > .env",
            "test -e a.txt && printf '%s' wrong-$(echo s3cr3t)-value-one && exit 1",
            "true",
          ].join(" && "),
        },
        worktree: { copy: [".env", "certs/", "missing.env"] },
      },
      script: {
        rules: [
          { unit: unit("a"), turns: [bash("ls -A > a.txt; ls certs local >> a.txt"), done("ok")] },
        ],
      },
    });
    symlinkSync(join(p.root, "../.ssh"), join(p.root, "certs/link"));
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("(3 files, 1 KiB): .env, certs/ca.pem, local/a.conf");
    expect(run.stderr).toContain("`missing.env` in [worktree] copy matches no untracked file");
    expect(run.stderr).toContain("`nothing.txt` in .worktreeinclude matches no untracked file");
    expect(run.stderr).toContain("certs/link is not copied: it is a link");
    expect(run.stderr).not.toContain(secret);
    const finished = p.events().filter(({ type }) => type === "gate.finished");
    const failed = finished.find(({ data }) => data["status"] === "failed");
    expect(failed?.data["changed_paths"]).toEqual([".env"]);
    expect(JSON.stringify(failed?.data)).toContain("PUBLIC=in-the-readme");
    expect(JSON.stringify(failed?.data)).toContain("TOKEN=[redacted]");
    expect(JSON.stringify(failed?.data)).toContain("wrong-[redacted]");
    expect(await traces(p, ".dgov")).toBe("");
    const kept = await p.repo.git("for-each-ref", "--format=%(refname)", "refs/dgov/keep");
    expect(await p.repo.git("show", `${kept.split("\n")[0]}:a.txt`)).not.toMatch(
      /\.env|certs|local/,
    );
    const doctor = JSON.parse((await p.dgov(["doctor", "--json"])).stdout);
    const rows = doctor.checks.filter(({ check }: { check: string }) => check === "copied files");
    expect(rows.map(({ state }: { state: string }) => state).sort()).toEqual([
      "ok",
      "warn",
      "warn",
      "warn",
    ]);
  });

  test.concurrent("F2 workers get the files on request; neither the files nor copies land, whatever is ignored", async () => {
    await using p = await withIgnored({
      ignored,
      tasks: {
        lists: { files: { touch: [".gitignore", ".e*", "a.txt"] } },
        copies: { files: { create: ["copy.txt"] }, depends_on: ["lists"] },
      },
      plan: { max_retries: 0 },
      config: { worktree: { copy: [".env"], copy_to: "workers" } },
      script: {
        rules: [
          {
            unit: unit("lists"),
            turns: [
              bash("cat .env; echo > .gitignore; wc -c < .env > a.txt; echo more >> .env"),
              done("ok"),
            ],
          },
          { unit: unit("copies"), turns: [bash("cp .env copy.txt"), done("ok")] },
        ],
      },
    });
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(await p.landed()).toEqual([unit("lists")]);
    expect(p.repo.read("a.txt").trim()).toBe(`${ignored[".env"].length}`);
    expect(await p.repo.git("ls-tree", "-r", "--name-only", "main")).not.toContain(".env");
    const rejected = p.events().find(({ type }) => type === "attempt.rejected");
    expect(rejected?.data["reason"]).toContain("copy.txt is a copy of .env");
    const sent = JSON.stringify(p.model.requests);
    expect(sent).toContain("TOKEN=[redacted]");
    expect(sent).not.toContain(secret);
    expect(await traces(p, ".dgov")).toBe("");
    expect(p.repo.read(".env")).toBe(ignored[".env"]);
  });

  test.concurrent("F2 more than the limit stops a run before a request, and names the key", async () => {
    await using p = await withIgnored({
      ignored: { "certs/a": "a", "certs/b": "b", "certs/c": "c" },
      tasks: { a: {} },
      config: { worktree: { copy: ["certs/"], copy_files_max: 2 } },
      script: { rules: [] },
    });
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(4);
    expect(run.stderr).toContain("copy_files_max = 2");
    expect(p.model.requests).toEqual([]);
    expect(existsSync(join(p.root, "certs/a"))).toBe(true);
  });
});
