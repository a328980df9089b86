/** The test command: what it prints, and limits that scale with the machine. */
import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { markedProcesses } from "../src/process/tree.ts";
import { measuredScale, scaled, scaleFrom } from "./harness/limits.ts";

const root = resolve(import.meta.dir, "..");

async function runTests(...filters: string[]): Promise<{ lines: string[]; exitCode: number }> {
  const child = Bun.spawn([process.execPath, "test/run.ts", ...filters], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = await new Response(child.stdout).text();
  return { lines: text.split("\n"), exitCode: await child.exited };
}

test("D19 the test command prints the work and the limit first, then one line per file, then the sums", async () => {
  const { lines, exitCode } = await runTests("src/std");
  const files = [...new Bun.Glob("src/std/*.test.ts").scanSync(root)].sort();
  expect(lines[0]).toMatch(/ \d+ at a time\. A test may take \d+ s \(scale [\d.]+\)\.$/);
  expect(lines[0]).toContain(`: ${files.length} files,`);
  const perFile = lines.filter((line) => line.startsWith("["));
  const passed = /^\[\d+\/\d+\] (\S+): \d+ passed$/;
  expect(perFile.map((line) => line.replace(passed, "$1")).sort()).toEqual(files);
  expect(lines.some((line) => /^ *\d+ pass$/.test(line))).toBe(true);
  expect(exitCode).toBe(0);
});

test("the whole suite is announced with its expected duration, and a signal ends all of it", async () => {
  const marker = `suite-${process.pid}`;
  const child = Bun.spawn([process.execPath, "test/run.ts"], {
    cwd: root,
    env: { ...process.env, DGOV_ATTEMPT: `${marker}/1` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  child.kill("SIGTERM");
  await child.exited;
  expect(new TextDecoder().decode(value)).toMatch(
    /About \d+ minutes on 2 idle cores(, up to \d+ at this load)?\./,
  );
  while (markedProcesses(`${marker}/`).length > 0) await Bun.sleep(20);
});

test("the output of a file is printed when one of its tests fails", async () => {
  const { lines, exitCode } = await runTests("./test/fixtures/run/failing.ts");
  const text = lines.join("\n");
  expect(text).toContain('Received: "actual"');
  expect(text).toMatch(/^\[1\/1\] test\/fixtures\/run\/failing\.ts: 1 passed, 1 FAILED$/m);
  expect(text).not.toContain("(pass)");
  expect(exitCode).toBe(1);
});

test.each([
  ["idle", { load: 0, cores: 2, spawnMs: 3 }, 1],
  ["as many processes as cores", { load: 2, cores: 2, spawnMs: 3 }, 2],
  ["loaded", { load: 12, cores: 2, spawnMs: 3 }, 7],
  ["slow", { load: 0, cores: 2, spawnMs: 45 }, 4.5],
  ["stalled", { load: 500, cores: 2, spawnMs: 3 }, 20],
])("D19 limits scale with load and speed: a machine that is %s", (_, machine, scale) => {
  expect(measuredScale(machine)).toBe(scale);
});

test.each([
  [undefined, 1],
  ["2.5", 2.5],
  ["0", 1],
  ["21", 1],
  ["fast", 1],
])("a scale of %p is read as %d", (text, scale) => {
  expect(scaleFrom(text)).toBe(scale);
});

test("a scaled limit is a whole number and never below the limit", () => {
  expect(scaled(3)).toBeGreaterThanOrEqual(3);
  expect(Number.isInteger(scaled(2.5))).toBe(true);
});
