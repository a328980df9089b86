/**
 * The test command: says what it is about to do and how long that takes, runs every test file against
 * the built binary, and prints one line per file. Output of a file is shown only when a test failed.
 *
 *     bun test/run.ts [PATH...]     paths or filters as `bun test` takes them; all tests by default
 */
import { availableParallelism, loadavg } from "node:os";
import { relative, resolve } from "node:path";
import { fileEnded, measuredScale, testLimitMs } from "./harness/limits.ts";

const root = resolve(import.meta.dir, "..");

/** Seconds the whole suite takes on two idle cores; printed, never asserted. */
const expectedSeconds = 600;

/** A test file's results so far. */
interface FileResult {
  passed: number;
  failed: number;
  skipped: number;
  output: string[];
}

const results = new Map<string, FileResult>();
let done = 0;
let lastLine = performance.now();
const filters = process.argv.slice(2);
const files = testFiles();
const cores = availableParallelism();
const [load = 0] = loadavg();
const scale = measuredScale({ load, cores, spawnMs: await spawnTime() });
const limitMs = Math.ceil(testLimitMs * scale);

print(`Testing ${process.env["DGOV_BIN"] ?? "the source"}: ${announcement()}`);
const started = performance.now();
// Before the child starts: a signal that came between would leave it running.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
const reminder = setInterval(() => {
  if (performance.now() - lastLine < 30_000) return;
  print(`... ${done} of ${files.length} files done, ${seconds(started)} s`);
}, 10_000);

const child = Bun.spawn(
  [
    process.execPath,
    "test",
    ...["--parallel", "--no-isolate", "--max-concurrency", "4", "--timeout", String(limitMs)],
    ...filters,
  ],
  {
    cwd: root,
    env: childEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  },
);
const [, summary] = await Promise.all([drain(child.stdout), follow(child.stderr)]);
const code = await child.exited;
clearInterval(reminder);
for (const [file, result] of results) if (result.output.length > 0) report(file, result);
print("");
for (const line of summary) print(line);
process.exit(code);

/** The sentence printed first. */
function announcement(): string {
  const idle = Math.round(expectedSeconds / 60);
  const loaded = Math.round((expectedSeconds * scale) / 60);
  const more = loaded > 2 * idle ? `, up to ${loaded} at this load` : "";
  const time = filters.length > 0 ? "" : ` About ${idle} minutes on 2 idle cores${more}.`;
  return `${files.length} files, ${cores} at a time.${time} A test may take ${Math.round(limitMs / 1000)} s (scale ${scale}).`;
}

/** The test files that will run. A filter that begins with `./` names one file, whatever its name. */
function testFiles(): string[] {
  const named = filters.filter((filter) => filter.startsWith("./"));
  if (named.length > 0 && named.length === filters.length) return named;
  const found = [...new Bun.Glob("{src,test}/**/*.test.ts").scanSync({ cwd: root })];
  const wanted = (file: string): boolean =>
    filters.length === 0 || filters.some((filter) => file.includes(filter));
  return found.filter(wanted).filter((file) => !file.startsWith("test/fixtures/"));
}

/** Median time to start a process, in milliseconds. */
async function spawnTime(): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 9; n++) {
    const before = performance.now();
    await Bun.spawn(["git", "--version"], { stdio: ["ignore", "ignore", "ignore"] }).exited;
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[4] ?? 0;
}

/** The environment of the tests. Without the variables that make `bun test` print failures only. */
function childEnvironment(): Record<string, string | undefined> {
  const { CLAUDECODE: _, AGENT: __, REPL_ID: ___, ...env } = process.env;
  return { ...env, DGOV_TEST_SCALE: String(scale), DGOV_TEST_PROGRESS: "1" };
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}

/** Reads the runner's output, reports each file when it ended, and returns the final summary. */
async function follow(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  let current: FileResult | null = null;
  let summary: string[] | null = null;
  const read = (line: string): void => {
    const header = /^(\S+\.ts):$/.exec(line)?.[1];
    const ended = line.startsWith(fileEnded) ? line.slice(fileEnded.length) : null;
    if (summary !== null) summary.push(line);
    else if (header !== undefined) current = resultOf(header);
    else if (ended !== null) {
      const file = relative(root, ended);
      report(file, resultOf(file));
    } else if (/^ *\d+ (pass|tests? failed:?)$/.test(line) || /^\d+ tests? failed:$/.test(line)) {
      summary = [line];
    } else if (current !== null) count(current, line);
  };
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) read(line);
  }
  if (rest !== "") read(rest);
  return summary ?? [];
}

function resultOf(file: string): FileResult {
  const known = results.get(file);
  if (known !== undefined) return known;
  const made: FileResult = { passed: 0, failed: 0, skipped: 0, output: [] };
  results.set(file, made);
  return made;
}

function count(result: FileResult, line: string): void {
  if (line.startsWith("(pass) ")) result.passed++;
  else if (/^\((skip|todo)\) /.test(line)) result.skipped++;
  else if (line.startsWith("(fail) ")) result.failed++;
  result.output.push(line);
}

/** Prints the line of a file, and its output when a test failed. */
function report(file: string, result: FileResult): void {
  const { passed, failed, skipped, output } = result;
  results.set(file, { passed: 0, failed: 0, skipped: 0, output: [] });
  done++;
  const parts = [`${passed} passed`];
  if (skipped > 0) parts.push(`${skipped} skipped`);
  if (failed > 0) parts.push(`${failed} FAILED`);
  const position = String(done).padStart(String(files.length).length);
  if (failed > 0) for (const line of output) if (!line.startsWith("(pass) ")) print(line);
  print(`[${position}/${files.length}] ${file}: ${parts.join(", ")}`);
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 1000);
}

function print(line: string): void {
  lastLine = performance.now();
  process.stdout.write(`${line}\n`);
}
