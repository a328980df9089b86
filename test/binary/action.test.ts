/** The steps of `action.yml`, executed as a CI runner does, against a release server on the loopback. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { packRelease } from "../harness/release.ts";

const actionPath = resolve(import.meta.dir, "../..");

interface Action {
  inputs: Record<string, { default: string }>;
  runs: { steps: { run: string; shell: string; env: Record<string, string> }[] };
}

const action = Bun.YAML.parse(readFileSync(join(actionPath, "action.yml"), "utf8")) as Action;

/** A stand-in for dgov: prints its arguments and exits with `FAKE_EXIT`. */
const program = `#!/bin/sh
if [ "$1" = --version ]; then echo 'dgov 1.0.0'; exit 0; fi
printf '{"args":"'; printf '%s,' "$@"; printf '"}\\n'
exit \${FAKE_EXIT:-0}
`;

let root = "";
let server: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "dgov-action-"));
  const { archive, digest } = packRelease(root, program);
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (!/^(\/damaged)?\/(latest\/download|download\/v1\.0\.0)\/dgov-/.test(pathname)) {
        return new Response("no", { status: 404 });
      }
      if (pathname.endsWith(".sha256")) return new Response(`${digest}  a\n`);
      return new Response(pathname.startsWith("/damaged") ? "other bytes" : archive);
    },
  });
});

afterAll(async () => {
  await server.stop(true);
  rmSync(root, { recursive: true, force: true });
});

interface Done {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Text that the steps wrote to the files named by `GITHUB_PATH` and `GITHUB_OUTPUT`. */
  path: string;
  outputs: string;
}

/** Runs all steps in order, until one fails. */
async function perform(
  inputs: Record<string, string>,
  more: Record<string, string> = {},
): Promise<Done> {
  const temp = mkdtempSync(join(root, "runner-"));
  const folder = join(temp, "workspace");
  mkdirSync(folder);
  writeFileSync(join(folder, "a.txt"), "");
  const [path, outputs] = ["path", "outputs"].map((name) => join(temp, name));
  for (const file of [path, outputs]) writeFileSync(file ?? "", "");
  const values = {
    ...Object.fromEntries(
      Object.entries(action.inputs).map(([name, { default: value }]) => [name, value]),
    ),
    "base-url": server.url.href.replace(/\/$/, ""),
    ...inputs,
  };
  const filled = (expression: string): string =>
    expression
      .replace(/\$\{\{ github\.action_path \}\}/, actionPath)
      .replace(
        /\$\{\{ inputs\.([a-z-]+) \}\}/,
        (_, name: keyof typeof values) => values[name] ?? "",
      );
  let last = { exitCode: 0, stdout: "", stderr: "" };
  for (const [at, step] of action.runs.steps.entries()) {
    const script = join(temp, `${at}.sh`);
    writeFileSync(script, step.run);
    const env = Object.fromEntries(Object.entries(step.env).map(([name, e]) => [name, filled(e)]));
    // `shell: sh` is `sh -e FILE`.
    const child = Bun.spawn([step.shell, "-e", script], {
      cwd: folder,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: temp,
        RUNNER_TEMP: temp,
        GITHUB_PATH: path ?? "",
        GITHUB_OUTPUT: outputs ?? "",
        ...more,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    last = { exitCode, stdout, stderr };
    if (exitCode !== 0) break;
  }
  const read = (file: string | undefined): string =>
    readFileSync(file ?? "", "utf8").replaceAll(temp, "TEMP");
  return { ...last, path: read(path), outputs: read(outputs) };
}

describe("action.yml", () => {
  test.each<[string, Record<string, string>, string]>([
    ["a plan", { plan: "p" }, "run,p,--json,"],
    ["the one live plan", {}, "run,--json,"],
    ["a version", { plan: "p", version: "1.0.0" }, "run,p,--json,"],
    [
      "additional arguments",
      { plan: "my plan", args: "-y --only a" },
      "run,my plan,--json,-y,--only,a,",
    ],
    ["a pattern without expanding it", { args: "--only *.txt" }, "run,--json,--only,*.txt,"],
    [
      "shell syntax as text",
      { plan: "$(touch x); `id`", args: "; id" },
      "run,$(touch x); `id`,--json,;,id,",
    ],
    ["the preflight command", { command: "preflight" }, "preflight,--json,"],
    ["a base", { command: "preflight", base: "a b" }, "preflight,--base=a b,--json,"],
    ["a run without the base", { plan: "p", base: "main" }, "run,p,--json,"],
  ])("action.yml passes on %s", async (_, inputs, args) => {
    expect(await perform(inputs)).toEqual({
      exitCode: 0,
      stdout: `{"args":"${args}"}\n`,
      stderr: "",
      path: "TEMP/dgov-bin\n",
      outputs: "result=TEMP/dgov-result.json\nexit-code=0\n",
    });
  });

  test("action.yml ends the job with the command's exit code and still gives its outputs", async () => {
    const { exitCode, stdout, outputs } = await perform({ plan: "p" }, { FAKE_EXIT: "4" });
    expect([exitCode, stdout]).toEqual([4, '{"args":"run,p,--json,"}\n']);
    expect(outputs).toEndWith("exit-code=4\n");
  });

  test.each([
    ["a wrong checksum", { "base-url": "damaged" }, 1, /checksum mismatch/],
    ["a version that does not exist", { version: "9.9.9" }, 1, /failed to download/],
    ["an unsupported command", { command: "clean" }, 2, /^::error title=dgov::command must be run/],
    [
      "an option in place of a plan",
      { plan: "--restart" },
      2,
      /^::error title=dgov::invalid plan name: --restart/,
    ],
  ])("action.yml stops at %s", async (_, inputs, code, words) => {
    const base = inputs["base-url" as keyof typeof inputs];
    const at = base === undefined ? {} : { "base-url": `${server.url.href}${base}` };
    const { exitCode, stderr, outputs } = await perform({ ...inputs, ...at });
    expect([exitCode, outputs]).toEqual([code, ""]);
    expect(stderr).toMatch(words);
  });

  test("action.yml passes inputs as environment variables, never as script text", () => {
    for (const { run } of action.runs.steps) expect(run).not.toMatch(/\$\{\{/);
  });
});
