/**
 * State that the Python program of the same name leaves in a repository, as its version 0.8.1 writes it: its database,
 * its history of landings, compiled plans, logs and ignore rules.
 */
import { Database } from "bun:sqlite";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const tables = [
  `CREATE TABLE tasks (slug TEXT PRIMARY KEY, task_id TEXT, agent TEXT, project_root TEXT, worktree_path TEXT,
    branch_name TEXT, created_at REAL, owns_worktree INTEGER, base_sha TEXT,
    provenance TEXT NOT NULL DEFAULT '{"kind": "original"}', role TEXT DEFAULT 'worker', state TEXT, metadata TEXT,
    plan_name TEXT DEFAULT NULL)`,
  `CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, ts TEXT NOT NULL, event TEXT NOT NULL,
    pane TEXT NOT NULL, data TEXT NOT NULL DEFAULT '{}', task_slug TEXT DEFAULT NULL, plan_name TEXT DEFAULT NULL,
    action TEXT DEFAULT NULL, commit_count TEXT DEFAULT NULL, error TEXT DEFAULT NULL, reason TEXT DEFAULT NULL,
    merge_sha TEXT DEFAULT NULL, branch TEXT DEFAULT NULL, new_slug TEXT DEFAULT NULL,
    target_agent TEXT DEFAULT NULL, message TEXT DEFAULT NULL, run_source TEXT DEFAULT NULL)`,
  "CREATE TABLE slug_history (slug TEXT PRIMARY KEY, used_at TEXT NOT NULL)",
  `CREATE TABLE ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, category TEXT NOT NULL, content TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'open', created_at REAL NOT NULL, resolved_at REAL DEFAULT NULL,
    affected_paths TEXT DEFAULT NULL, affected_tags TEXT DEFAULT NULL)`,
  `CREATE TABLE dispatch_runs (id TEXT PRIMARY KEY, from_plan_id TEXT NOT NULL, unit_slug TEXT NOT NULL,
    worktree_id TEXT NOT NULL, branch TEXT NOT NULL, base_commit TEXT NOT NULL, agent_model TEXT NOT NULL,
    effective_sop_set_hash TEXT NOT NULL, drift_against_plan INTEGER NOT NULL,
    drift_evidence TEXT NOT NULL DEFAULT '[]', run_source TEXT NOT NULL DEFAULT 'manual', retried_from TEXT,
    forked_from TEXT, retry_index INTEGER NOT NULL DEFAULT 0, fork_depth INTEGER NOT NULL DEFAULT 0,
    dispatched_by TEXT NOT NULL, dispatched_at TEXT NOT NULL, state TEXT NOT NULL, exit_code INTEGER,
    last_error TEXT NOT NULL DEFAULT '', output_dir TEXT NOT NULL DEFAULT '', prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0, iteration_count INTEGER NOT NULL DEFAULT 0, terminated_at TEXT)`,
];

/**
 * Its `.dgov/.gitignore`, without a newline at its end. It ignores the history of landings, but not the compiled plan
 * in the folder of an archived one.
 */
export const pythonGitignore = `# Runtime state — never commit
state.db
state.db-wal
state.db-shm
runs.log
out/
runtime/
plans/deployed.jsonl
plans/*/_compiled.toml`;

/** A unit in a run of the Python program. */
export interface PythonUnit {
  plan: string;
  unit: string;
  role?: string;
  /**
   * The commit in its history: of a worker the landed one, of a read-only unit the one that it saw. Null for a unit
   * that failed, which its history does not list.
   */
  commit: string | null;
}

/** Time of the runs. */
const second = "2026-01-02T03:04:05";

/** Writes the state of runs of these units: their plans run in the order in which they first appear. */
export function writePythonState(projectRoot: string, units: readonly PythonUnit[]): void {
  const folder = join(projectRoot, ".dgov");
  mkdirSync(join(folder, "plans"), { recursive: true });
  using db = new Database(join(folder, "state.db"), { create: true });
  db.run("PRAGMA journal_mode = WAL");
  for (const table of tables) db.run(table);
  for (const [plan, of] of Map.groupBy(units, (one) => one.plan)) {
    writeEvent(db, plan, { event: "run_start", pane: `run-${plan}` });
    for (const one of of) writeUnit(db, projectRoot, one);
    const ok = of.every(({ commit }) => commit !== null);
    writeEvent(db, plan, {
      event: "run_completed",
      pane: plan,
      data: { run_status: ok ? "complete" : "partial" },
    });
    const merged = of.flatMap(({ unit, commit }) => (commit === null ? [] : [unit])).join(", ");
    const failed = of.flatMap(({ unit, commit }) => (commit === null ? [unit] : [])).join(", ");
    const lines = [
      `[2026-01-02 03:04:05Z] ${plan} (.dgov/plans/${plan}/_compiled.toml) — ${ok ? "ok" : "fail"} (2.16s)`,
      ...(merged === "" ? [] : [`  merged: ${merged}`]),
      ...(failed === "" ? [] : [`  failed: ${failed}`]),
    ];
    appendFileSync(join(folder, "runs.log"), `${lines.join("\n")}\n\n`);
  }
  writeAt(join(folder, "runtime/repo_snapshot/0123.json"), "{}\n");
}

/** Writes the events, the row and the line of one unit. */
function writeUnit(
  db: Database,
  projectRoot: string,
  { plan, unit, role = "worker", commit }: PythonUnit,
): void {
  const pane = `headless-${unit}-64025652`;
  const worktree = join(dirname(projectRoot), ".dgov-worktrees-project", unit);
  const event = (name: string, more: { error?: string; data?: object } = {}): void =>
    writeEvent(db, plan, { event: name, pane, unit, ...more });
  event("dag_task_dispatched", { data: { agent: "scripted" } });
  event("worker_log", { data: { log_type: "done", content: "Did it." } });
  event("task_done", { data: { duration: 1.47, prompt_tokens: 2000, completion_tokens: 100 } });
  if (commit === null)
    event("review_fail", {
      error: "Touched unclaimed files: ['x']",
      data: { verdict: "scope_violation" },
    });
  else {
    event("review_pass", { data: { verdict: role === "worker" ? "ok" : "read_only" } });
    event("merge_completed");
  }
  db.run(
    `INSERT OR REPLACE INTO tasks (slug, agent, project_root, worktree_path, branch_name, created_at, owns_worktree, role, state, plan_name)
     VALUES (?, 'scripted', ?, ?, ?, 1767323045.1614826, 1, ?, ?, ?)`,
    [
      unit,
      projectRoot,
      worktree,
      `dgov/${unit}`,
      role,
      commit === null ? "failed" : "merged",
      plan,
    ],
  );
  mkdirSync(join(projectRoot, ".dgov/out", unit), { recursive: true });
  if (commit === null) return;
  const line = JSON.stringify({ plan, unit, sha: commit, ts: `${second}Z` });
  appendFileSync(join(projectRoot, ".dgov/plans/deployed.jsonl"), `${line}\n`);
}

function writeEvent(
  db: Database,
  plan: string,
  o: { event: string; pane: string; unit?: string; error?: string; data?: object },
): void {
  db.run(
    "INSERT INTO events (ts, event, pane, plan_name, task_slug, error, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
    [
      `${second}.810111+00:00`,
      o.event,
      o.pane,
      plan,
      o.unit ?? null,
      o.error ?? null,
      JSON.stringify(o.data ?? {}),
    ],
  );
}

/** The text of a `_compiled.toml` of the Python program, in which SOPs are part of each prompt. */
export function pythonCompiled(plan: string, units: readonly string[]): string {
  const tasks = units.map(
    (unit) => `[tasks."${unit}"]
summary = "Do it"
prompt = """
[SOP: Large File Handling]
Summary: Use targeted reads.

Do it.
"""
commit_message = "feat: do it"
role = "worker"
`,
  );
  return `[plan]
name = "${plan}"
source_mtime_max = "2026-01-02T03:04:00.705510Z"
sop_set_hash = "160dc3be30f404e5c5b128af7cdddfde9f5e4d8643c341fd805e53cf2c957dc1"

${tasks.join("\n")}`;
}

function writeAt(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
