/** Gathers the state after a schedule, as the oracle reads it. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { openEventLogForReading } from "../../src/log/event-log.ts";
import { dgov } from "../harness/bin.ts";
import type { EndState, HistoryCommit, LogRecord } from "./oracle.ts";
import type { Place } from "./place.ts";
import type { Played } from "./play.ts";
import type { Schedule } from "./schedule.ts";

/** Time that processes get to end after their run, in milliseconds. */
const leaveMs = 3000;

/** The state of a place after its schedule was played. */
export async function observe(s: Schedule, place: Place, played: Played): Promise<EndState> {
  const { repo } = place;
  const { operator, invocations, target } = played;
  const processes = await processesOf(place);
  const events = allRecords(repo.path);
  const operatorFiles = [...operator.files].map(([path, written]) => {
    const file = join(repo.path, path);
    return { path, written, found: existsSync(file) ? readFileSync(file, "utf8") : null };
  });
  const status = await repo.git("status", "--porcelain", "--untracked-files=all");
  const strangeChanges = status
    .split("\n")
    .filter((line) => line !== "" && !operator.files.has(line.slice(3)))
    .filter((line) => !isLeftHistory(line, events));
  const [planStatus, statusView] = await views(place);
  return {
    units: s.units,
    history: await historyOf(place, target),
    moves: await operator.moves(),
    tip: await filesAt(place, target),
    events,
    keepRefs: await keepRefsOf(place, events),
    operatorCommits: operator.commits,
    branches: await branchesOf(place),
    operatorFiles,
    strangeChanges,
    processes,
    locks: locksIn(join(repo.path, ".git")),
    leftovers: await leftoversOf(place),
    fsck: await fsck(place),
    planStatus,
    status: statusView,
    invocations,
  };
}

/** True for the history of landings that a run left in the checkout of another branch, and said so. */
function isLeftHistory(line: string, events: readonly LogRecord[]): boolean {
  const path = ".dgov/plans/deployed.jsonl";
  const said = events.some(
    (e) => e.type === "run.finished" && String(e.data["warnings"]).includes(path),
  );
  return said && line.endsWith(path);
}

function allRecords(root: string): LogRecord[] {
  using log = openEventLogForReading(root);
  if (log === null) return [];
  const telemetry = log.runs({ limit: 100 }).flatMap(({ run }) => log.telemetry({ run }));
  const all = [...log.lifecycle({}), ...telemetry] as unknown as LogRecord[];
  return all.sort((a, b) => a.seq - b.seq);
}

async function historyOf({ repo }: Place, target: string): Promise<HistoryCommit[]> {
  const trailer = (key: string): string => `%(trailers:key=Dgov-${key},valueonly,separator=%x2C)`;
  const format = `%x01%H%x02%T%x02%s%x02${trailer("Unit")}%x02${trailer("Run")}%x02`;
  const text = await repo.git(
    "log",
    "--reverse",
    "--first-parent",
    "--name-only",
    `--format=${format}`,
    target,
  );
  const commits = text
    .split("\x01")
    .slice(1)
    .map((record) => {
      const [oid = "", tree = "", subject = "", unit = "", run = "", paths = ""] =
        record.split("\x02");
      return {
        oid,
        tree,
        subject,
        unit: unit === "" ? null : unit,
        run: run === "" ? null : run,
        paths: paths.split("\n").filter((path) => path !== ""),
      };
    });
  return commits.filter(
    ({ subject }) => subject !== "initial" && !subject.startsWith("operator upstream"),
  );
}

/** Text of the files at a revision that units and the operator write. */
async function filesAt({ repo }: Place, revision: string): Promise<Record<string, string>> {
  const names = (await repo.git("ls-tree", "--name-only", revision)).split("\n");
  const files: Record<string, string> = {};
  for (const name of names.filter((one) => one.endsWith(".txt"))) {
    files[name] = await repo.git("show", `${revision}:${name}`);
  }
  return files;
}

async function keepRefsOf(
  place: Place,
  events: readonly LogRecord[],
): Promise<EndState["keepRefs"]> {
  const { repo } = place;
  const listed = await repo.git(
    "for-each-ref",
    "--format=%(objectname) %(refname)",
    "refs/dgov/keep",
  );
  const refs: EndState["keepRefs"] = {};
  for (const { data, type } of events)
    if (type === "attempt.kept") refs[String(data["ref"])] = null;
  for (const line of listed.split("\n").filter((one) => one !== "")) {
    const [oid = "", ref = ""] = line.split(" ");
    // The units' files are the only ones that an attempt changes.
    const changed = await repo.git("show", "--format=", "-U0", oid).catch(() => null);
    if (changed !== null) refs[ref] = { oid, files: await filesOfKeep(place, oid) };
  }
  return refs;
}

async function filesOfKeep({ repo }: Place, oid: string): Promise<Record<string, string>> {
  const text = await repo.git("grep", "-h", "-E", "(good|BAD) [0-9]+$", oid).catch(() => "");
  return { all: text };
}

async function branchesOf({ repo }: Place): Promise<Record<string, string[]>> {
  const names = (await repo.git("for-each-ref", "--format=%(refname:short)", "refs/heads")).split(
    "\n",
  );
  const branches: Record<string, string[]> = {};
  for (const name of names)
    branches[name] = (await repo.git("log", "--format=%s", name)).split("\n");
  return branches;
}

/** Lock files below a git dir. */
function locksIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith(".lock") || entry.name.startsWith("index.dgov"))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

async function leftoversOf({ repo }: Place): Promise<string[]> {
  const [, ...worktrees] = (await repo.git("worktree", "list", "--porcelain"))
    .split("\n")
    .filter((line) => line.startsWith("worktree "));
  const candidates = await repo.git(
    "for-each-ref",
    "--format=%(refname)",
    "refs/dgov/candidate",
    "refs/dgov/base",
  );
  const cache = join(repo.root, "home/.cache/dgov");
  const runs = existsSync(cache)
    ? readdirSync(cache).flatMap((id) => {
        const folder = join(cache, id, "runs");
        return existsSync(folder) ? readdirSync(folder).map((run) => `runs/${run}`) : [];
      })
    : [];
  return [...worktrees, ...candidates.split("\n").filter((ref) => ref !== ""), ...runs];
}

async function fsck({ repo }: Place): Promise<string> {
  try {
    return await repo.git("fsck", "--connectivity-only", "--no-dangling");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Processes whose environment or folder names the place, after they had time to end; they are then killed. */
async function processesOf(place: Place): Promise<string[]> {
  const deadline = performance.now() + leaveMs;
  for (;;) {
    const found = processesNow(place);
    if (found.length === 0) return found;
    if (performance.now() > deadline) {
      for (const one of found) killIfAlive(Number(one.split(" ")[0]));
      return found;
    }
    await Bun.sleep(50);
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended since.
  }
}

function processesNow({ repo, control }: Place): string[] {
  if (!existsSync("/proc/self/environ")) return [];
  const mine = (text: string): boolean => text.includes(repo.root) || text.includes(control);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const found =
          mine(readFileSync(`/proc/${pid}/environ`, "utf8")) ||
          mine(readlinkSync(`/proc/${pid}/cwd`));
        return found && command !== "" ? [`${pid} ${command.slice(0, 120)}`] : [];
      } catch {
        return [];
      }
    });
}

async function views(place: Place): Promise<[EndState["planStatus"], EndState["status"]]> {
  const options = { cwd: place.repo.path, env: place.env };
  const [plan, status] = await Promise.all([
    dgov(["plan", "status", "p", "--json"], options),
    dgov(["status", "--json"], options),
  ]);
  const document = (text: string): Record<string, unknown> => {
    try {
      return JSON.parse(text) as Record<string, unknown>;
    } catch {
      return {};
    }
  };
  const units = document(plan.stdout)["units"] as { unit: string; phase: string }[] | undefined;
  const state = document(status.stdout)["status"];
  return [
    units === undefined
      ? null
      : Object.fromEntries(units.map((u) => [u.unit, u.phase === "landed"])),
    typeof state === "string" ? state : null,
  ];
}
