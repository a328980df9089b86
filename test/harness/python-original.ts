/**
 * State that the Python program of the same name leaves in a repository: its database, its history of landings, and
 * its ignore rules. The schema is that of its version 0.8.1.
 */
import { Database } from "bun:sqlite";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

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

/** Its `.dgov/.gitignore`, which also ignores the history of landings. */
export const pythonGitignore = `# Runtime state — never commit
state.db
state.db-wal
state.db-shm
runs.log
out/
runtime/
plans/deployed.jsonl
plans/*/_compiled.toml
`;

/** Writes the state of runs in which these units landed with these commits. */
export function writePythonState(
  projectRoot: string,
  landings: readonly { plan: string; unit: string; commit: string }[],
): void {
  const folder = join(projectRoot, ".dgov");
  mkdirSync(join(folder, "plans"), { recursive: true });
  using db = new Database(join(folder, "state.db"), { create: true });
  db.run("PRAGMA journal_mode = WAL");
  for (const table of tables) db.run(table);
  const ts = "2026-01-02T03:04:05Z";
  for (const { plan, unit, commit } of landings) {
    const values = [ts, plan, unit];
    const events = "INSERT INTO events (ts, event, pane, plan_name, task_slug)";
    db.run(`${events} VALUES (?1, 'run_start', 'run-' || ?2, ?2, NULL)`, values.slice(0, 2));
    db.run(`${events} VALUES (?1, 'merge_completed', ?3, ?2, ?3)`, values);
    db.run("INSERT INTO tasks (slug, plan_name, state) VALUES (?, ?, 'merged')", [unit, plan]);
    const line = JSON.stringify({ plan, unit, sha: commit, ts });
    appendFileSync(join(folder, "plans/deployed.jsonl"), `${line}\n`);
  }
  writeFileSync(join(folder, "runs.log"), `${ts} run complete\n`);
}
