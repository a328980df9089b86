/**
 * `bun run soak -- --schedules N --seed S [--from N] [--only K] [--kind K] [--jobs J] [--json]
 * [--keep]`: runs the program under random schedules of faults, and checks the state after each.
 *
 * `--kind` takes only schedules with a kind of fault, as the summary names it. `DGOV_BIN` names the program; otherwise it is dist/dgov, or the source when there is none. With `--json` each
 * schedule is one line of JSON. A violation is printed with the command that repeats its schedule.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildClockShim } from "./clock.ts";
import { observe } from "./observe.ts";
import { violationsOf } from "./oracle.ts";
import { makePlace } from "./place.ts";
import { play } from "./play.ts";
import { drawSchedule, kindOf, type Schedule, scheduleText } from "./schedule.ts";
import { type Result, summaryText } from "./summary.ts";

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    schedules: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    only: { type: "string" },
    kind: { type: "string" },
    jobs: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    "in-namespace": { type: "boolean", default: false },
  },
});

/** Size of the disk of one schedule, in MiB. */
const diskMib = 48;

if (!values["in-namespace"]) process.exit(await inNamespace());

const root = resolve(import.meta.dir, "../..");
if (process.env["DGOV_BIN"] === undefined && existsSync(join(root, "dist/dgov"))) {
  process.env["DGOV_BIN"] = join(root, "dist/dgov");
}
const work = mkdtempSync(join(tmpdir(), "dgov-soak-"));
const ownDisk = mount(join(work, "probe"));
if (ownDisk) unmount(join(work, "probe"));
const clock = await buildClockShim(work);
const keepIn = join(tmpdir(), "dgov-soak-kept");
const seed = Number(values.seed);
const numbers = values.only === undefined ? chosenNumbers() : [Number(values.only)];
const results: Result[] = [];
const say = (line: string): void => {
  if (!values.json) console.log(line);
};
say(
  `soak: ${numbers.length} schedules of seed ${seed}, ${values.jobs} at a time, ` +
    `full disks ${ownDisk ? "on tmpfs" : "left out (no permission to mount)"}, ` +
    `clock jumps ${clock === null ? "left out (no C compiler)" : "by a preloaded library"}`,
);
const started = performance.now();
const waiting = [...numbers];
const lane = async (lane: number): Promise<void> => {
  for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
    report(await one(drawSchedule(seed, number), lane));
  }
};
await Promise.all(Array.from({ length: Number(values.jobs) }, (_, at) => lane(at)));
rmSync(work, { recursive: true, force: true });
const summary = summaryText(results, (performance.now() - started) / 1000);
if (!values.json) console.log(summary.join("\n"));
process.exit(results.some((r) => r.violations.length > 0) ? 1 : 0);

/** Numbers of the schedules to play. */
function chosenNumbers(): number[] {
  const found: number[] = [];
  for (let at = Number(values.from); found.length < Number(values.schedules); at++) {
    const kinds = drawSchedule(seed, at)
      .runs.flat()
      .map(({ fault }) => kindOf(fault));
    if (values.kind === undefined || kinds.includes(values.kind)) found.push(at);
  }
  return found;
}

/** Plays one schedule on a disk of its own and asks the oracle. */
async function one(s: Schedule, lane: number): Promise<Result> {
  const before = performance.now();
  const folder = join(work, `lane-${lane}`);
  const disk = join(folder, "disk");
  const control = join(folder, `control-${s.number}`);
  mkdirSync(control, { recursive: true });
  const mounted = mount(disk);
  const result: Result = {
    seed: s.seed,
    number: s.number,
    schedule: scheduleText(s),
    violations: [],
    reached: [],
    exits: [],
    fates: s.units.map((unit) => unit.fate),
    continued: 0,
    kept: null,
    ms: 0,
  };
  try {
    await using place = await makePlace(s, { disk, control, clock });
    try {
      const played = await play(s, place, { canFill: mounted });
      const state = await observe(s, place, played);
      result.violations = violationsOf(state);
      result.reached = played.reached;
      result.continued = played.continued;
      result.exits = played.invocations.map((i) => `${i.role} ${i.signal ?? i.exit}`);
      if (result.violations.length > 0 || values.keep) {
        result.stderr = played.invocations.map((i) => `$ dgov ${i.args.join(" ")}\n${i.stderr}`);
      }
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      result.violations.push({ rule: "soak", text });
    }
    if (values.keep || result.violations.length > 0) {
      result.kept = join(keepIn, `${s.seed}-${s.number}`);
      rmSync(result.kept, { recursive: true, force: true });
      cpSync(place.repo.root, result.kept, { recursive: true, verbatimSymlinks: true });
      await Bun.write(join(result.kept, "soak.json"), JSON.stringify(result, null, 1));
    }
  } catch (error) {
    result.violations.push({ rule: "soak", text: String(error) });
  } finally {
    if (mounted) unmount(disk);
    rmSync(folder, { recursive: true, force: true });
  }
  result.ms = Math.round(performance.now() - before);
  return result;
}

function report(result: Result): void {
  results.push(result);
  if (values.json) {
    console.log(JSON.stringify(result));
    return;
  }
  const { number, violations, reached, exits, ms } = result;
  const faults = reached.map((r) => `${r.kind}${r.end === "done" ? "" : ` (${r.end})`}`).join(", ");
  const verdict = violations.length === 0 ? "ok" : `${violations.length} VIOLATIONS`;
  const runs = exits.filter((exit) => exit.startsWith("run ")).map((exit) => exit.slice(4));
  say(
    `[${results.length}/${numbers.length}] ${number} ${verdict} ${(ms / 1000).toFixed(1)} s: ${faults}; runs ended ${runs.join(", ")}`,
  );
  if (violations.length === 0) return;
  for (const line of result.schedule) say(`    ${line}`);
  for (const { rule, text } of violations) say(`    ${rule}: ${text}`);
  say(`    kept: ${result.kept}; again: bun run soak -- --seed ${seed} --only ${number}`);
}

/** Mounts a disk of its own at a folder; false where that is not permitted. */
function mount(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  if (process.platform !== "linux") return false;
  const options = `size=${diskMib}m,mode=755`;
  return Bun.spawnSync(["mount", "-t", "tmpfs", "-o", options, "none", folder]).exitCode === 0;
}

function unmount(folder: string): void {
  Bun.spawnSync(["umount", "-l", folder]);
}

/** Repeats this command in a mount namespace of its own, so that its disks end with it; or here, without permission. */
async function inNamespace(): Promise<number> {
  const again = [process.execPath, import.meta.path, "--in-namespace", ...process.argv.slice(2)];
  const ways = [
    ["unshare", "-m"],
    ["unshare", "-r", "-m"],
  ];
  const works = (way: string[]): boolean => {
    try {
      return Bun.spawnSync([...way, "true"]).exitCode === 0;
    } catch {
      return false;
    }
  };
  const way = ways.find(works) ?? [];
  const child = Bun.spawn([...way, ...again], { stdio: ["inherit", "inherit", "inherit"] });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return child.exited;
}
