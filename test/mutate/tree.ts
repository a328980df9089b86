/** A copy of the checkout, in which sources are replaced and tests are run. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { limitScale, measuredScale, testLimitMs } from "../harness/limits.ts";

const root = resolve(import.meta.dir, "../..");

/** The result of a test run. `broken`: it ended without the result of a test. */
export type TestResult = "passed" | "failed" | "broken";

/** A test run and its output. */
export interface TestRun {
  result: TestResult;
  output: string;
  /** Names of the failed tests. */
  failed: string[];
}

/** A copy of the files that git knows or would add, with the installed packages of the checkout. */
export class Tree {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Tree> {
    const list = await Bun.$`git ls-files -z --cached --others --exclude-standard`.cwd(root).text();
    const tree = new Tree(mkdtempSync(join(tmpdir(), "dgov-mutate-")));
    for (const file of list.split("\0").filter((name) => name !== "")) {
      const target = join(tree.folder, file);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(root, file), target, { force: true });
    }
    symlinkSync(join(root, "node_modules"), join(tree.folder, "node_modules"));
    return tree;
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /**
   * Runs the tests of `paths`, those whose name contains `name` where one is given. The program under test is
   * the source of this copy. A run that exceeds ten times the limit of a test is ended and counts as failed; the
   * limit scales with the load of the machine at the start of the run.
   */
  async test(paths: readonly string[], name?: string): Promise<TestRun> {
    rmSync(join(this.folder, "dist"), { recursive: true, force: true });
    const { DGOV_BIN: _, CLAUDECODE: __, AGENT: ___, REPL_ID: ____, ...env } = process.env;
    const scale = currentScale();
    const limitMs = Math.ceil(testLimitMs * scale);
    const only = name === undefined ? [] : ["-t", name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")];
    const command = ["test", "--timeout", String(limitMs), ...only, ...paths];
    const child = Bun.spawn([process.execPath, ...command], {
      cwd: this.folder,
      env: { ...env, DGOV_TEST_SCALE: String(scale) },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 10 * limitMs,
      killSignal: "SIGKILL",
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const output = stdout + stderr;
    const failed = [...output.matchAll(/^\(fail\) (.*?)(?: \[[\d.]+ms\])?$/gm)].map(
      ([, test = ""]) => test,
    );
    const passes = /^\(pass\) /m.test(output);
    const ended = child.signalCode === "SIGKILL";
    const result =
      failed.length > 0 || ended ? "failed" : code === 0 && passes ? "passed" : "broken";
    return { result, output, failed };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The factor for limits at the present load, at least that of the run this is part of. */
function currentScale(): number {
  const [load = 0] = loadavg();
  const measured = measuredScale({ load, cores: availableParallelism(), spawnMs: 0 });
  return Math.max(limitScale, measured);
}
