/**
 * A temporary git repository for tests: branch `main`, a private HOME, no global or system
 * configuration, a fixed identity and fixed dates, so that the same steps give the same commit ids on
 * every machine.
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface TestRepo {
  /** The repository's top level. HOME lies beside it, not in it. */
  path: string;
  /** The folder that holds the repository, HOME and other files of the test; removed at the end. */
  root: string;
  /** The whole environment for child processes; only PATH comes from the caller. */
  env: Record<string, string>;
  /** Runs git in the repository; returns stdout without its last newline, throws when git fails. */
  git(...args: string[]): Promise<string>;
  /** Writes a file, relative to the repository, and its folders. A text that begins with `#!` becomes executable. */
  write(path: string, text: string): void;
  /** Text of a file, relative to the repository. */
  read(path: string): string;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestRepoOptions {
  /** Commit the files; default true. */
  commit?: boolean;
  /** Name of the repository's folder; default "repo". */
  name?: string;
  /** Arguments for `git init`, e.g. `--object-format=sha256`. */
  init?: string[];
  /** Existing folder to make it in; default `DGOV_TEST_TMP` or the system's folder of temporary files. */
  tmp?: string;
}

/** Creates a repository with these files, committed on `main` unless `commit` is false. */
export async function testRepo(
  files: Record<string, string>,
  options: TestRepoOptions = {},
): Promise<TestRepo> {
  const root = realpathSync(
    mkdtempSync(join(options.tmp ?? process.env["DGOV_TEST_TMP"] ?? tmpdir(), "dgov-test-")),
  );
  const path = join(root, options.name ?? "repo");
  const home = join(root, "home");
  mkdirSync(path);
  mkdirSync(home);
  const env = testEnvironment(home);

  const git = async (...args: string[]): Promise<string> => {
    const child = Bun.spawn(["git", ...args], { cwd: path, env, stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    if (code !== 0) throw new Error(`git ${args.join(" ")} gave ${code}: ${stderr.trim()}`);
    return stdout.replace(/\n$/, "");
  };
  const write = (name: string, text: string): void => {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (text.startsWith("#!")) chmodSync(file, 0o755);
  };

  await git("init", "-q", "-b", "main", ...(options.init ?? []));
  for (const [name, text] of Object.entries(files)) write(name, text);
  if (options.commit !== false) {
    await git("add", "-A");
    await git("commit", "-q", "--allow-empty", "-m", "initial");
  }
  return {
    path,
    root,
    env,
    git,
    write,
    read: (name) => readFileSync(join(path, name), "utf8"),
    async [Symbol.asyncDispose]() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Environment of a test's child processes: PATH, a private HOME, and fixed values for all that varies. */
export function testEnvironment(home: string): Record<string, string> {
  const date = "2026-01-02T03:04:05Z";
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    LANG: "C.UTF-8",
    TZ: "UTC",
    NO_COLOR: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_AUTHOR_NAME: "Test Author",
    GIT_AUTHOR_EMAIL: "author@example.com",
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: "Test Author",
    GIT_COMMITTER_EMAIL: "author@example.com",
    GIT_COMMITTER_DATE: date,
  };
}
