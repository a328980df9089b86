/**
 * The scope verdict: whether a set of changes is within the claims of a task.
 *
 * Used by the review, the worker's write tools, `scope_status` and `dgov scope status`, which therefore agree.
 * Changed paths are relative to the repository, claims to the project root; `projectDir` is the project root
 * relative to the repository.
 */

import { listed, shownPath } from "../std/text.ts";
import { areaOf, type Department, foreignDepartment } from "./areas.ts";
import { coversAny } from "./cover.ts";
import { type Claim, parseClaims } from "./path.ts";
import { reservedReason } from "./reserved.ts";
import { type ScopeChange, unsafeProblem } from "./unsafe.ts";

/** Maximum number of files that an attempt may change. */
export const changedFilesMax = 100;

export interface ScopePolicy {
  claims: {
    create: readonly string[];
    edit: readonly string[];
    delete: readonly string[];
    touch: readonly string[];
    read: readonly string[];
  };
  scope: {
    allow: readonly string[];
    deny: readonly string[];
    ignore: readonly string[];
    allowGitControl: boolean;
  };
  /** Project root relative to the repository; "" when they are the same. */
  projectDir: string;
  /** Maximum number of changed files. */
  filesMax: number;
  departments?: readonly Department[];
  /** The task's summary; departments named in it are allowed. */
  unitSummary?: string;
}

type ScopeViolation =
  | "empty_diff"
  | "diff_too_large"
  | "reserved_path"
  | "unsafe_path"
  | "path_policy_violation"
  | "department_violation"
  | "scope_violation"
  | "read_scope_violation";

export type ScopeVerdict = (
  | { passed: true; verdict: "ok" }
  | { passed: false; verdict: ScopeViolation }
) & {
  /** True only for `read_scope_violation`: another attempt of the same task may leave the files alone. */
  retriable: boolean;
  /** One sentence that names the paths; "" when passed. */
  reason: string;
  /** The rejected paths, relative to the repository, with the reason for each. */
  paths: { path: string; problem: string }[];
  /** Changed paths that the claims cover and that may be committed. */
  claimed: string[];
  /** Changed paths that match `[scope] ignore_files` and that no claim covers; they are left out. */
  ignored: string[];
};

interface Rules {
  policy: ScopePolicy;
  write: Claim[];
  /** Claims that allow deletion: all write claims but `edit`. */
  remove: Claim[];
  read: Claim[];
  exactClaims: Set<string>;
}

type Problem = { path: string; problem: string };
type Action = "write" | "delete";

/** The verdict on all changes of an attempt. The first kind of problem that is found decides. */
export function judgeChanges(changes: readonly ScopeChange[], policy: ScopePolicy): ScopeVerdict {
  const rules = rulesOf(policy);
  const claimed: string[] = [];
  const ignored: string[] = [];
  const outside: ScopeChange[] = [];
  for (const change of changes) {
    if (outsideReason(change, rules) === null) claimed.push(change.path);
    else if (isIgnored(change.path, policy)) ignored.push(change.path);
    else outside.push(change);
  }
  const ignoredPaths = new Set(ignored);
  const judged = changes.filter((change) => !ignoredPaths.has(change.path));
  const failed = (verdict: ScopeViolation, reason: string, paths: Problem[]): ScopeVerdict => ({
    passed: false,
    verdict,
    retriable: verdict === "read_scope_violation",
    reason,
    paths,
    claimed,
    ignored,
  });

  if (changes.length === 0) return failed("empty_diff", "the attempt changed nothing", []);
  if (judged.length > policy.filesMax) {
    const reason = `changed ${judged.length} files, more than the ${policy.filesMax} allowed`;
    return failed("diff_too_large", reason, []);
  }
  const reserved = problems(changes, (change) => reservedProblem(change.path, rules));
  if (reserved.length > 0) {
    return failed("reserved_path", `changed reserved paths: ${list(reserved)}`, reserved);
  }
  if (judged.length === 0) {
    const reason = `the attempt changed nothing but ignored files: ${ignored.map(shownPath).join(", ")}`;
    return failed("empty_diff", reason, []);
  }
  const unsafe = problems(judged, (change) =>
    unsafeProblem(change, isExactlyClaimed(change.path, rules)),
  );
  if (unsafe.length > 0) {
    return failed("unsafe_path", `changed paths that cannot be landed: ${list(unsafe)}`, unsafe);
  }
  const denied = problems(judged, (change) => policyProblem(change.path, policy));
  if (denied.length > 0) {
    return failed(
      "path_policy_violation",
      `changed paths that \`[scope]\` denies: ${list(denied)}`,
      denied,
    );
  }
  const foreign = problems(judged, (change) => departmentProblem(change.path, policy));
  if (foreign.length > 0) {
    const reason = `changed paths of other departments: ${list(foreign)}`;
    return failed("department_violation", reason, foreign);
  }
  const unclaimed = problems(outside, (change) => outsideReason(change, rules));
  if (unclaimed.length > 0) {
    const onlyRead = outside.every((change) => isReadOnly(change.path, rules));
    return onlyRead
      ? failed(
          "read_scope_violation",
          `changed files claimed for reading only: ${list(unclaimed)}`,
          unclaimed,
        )
      : failed(
          "scope_violation",
          `changed paths outside the claims: ${list(unclaimed)}`,
          unclaimed,
        );
  }
  return { passed: true, verdict: "ok", retriable: false, reason: "", paths: [], claimed, ignored };
}

/**
 * The permission of a worker to write or delete a path, relative to the project root. Under the same policy,
 * `judgeChanges` accepts or ignores every allowed path: files that match `[scope] ignore_files` are allowed too.
 */
export function mayWrite(
  path: string,
  policy: ScopePolicy,
  action: Action = "write",
): { ok: true } | { ok: false; reason: string } {
  const repoPath = joinPath(policy.projectDir, path);
  const rules = rulesOf(policy);
  const reserved = reservedProblem(repoPath, rules);
  if (reserved !== null) return { ok: false, reason: reserved };
  const outside = outsideReason(
    { path: repoPath, status: action === "delete" ? "deleted" : "modified" },
    rules,
  );
  if (outside !== null && isIgnored(repoPath, policy)) return { ok: true };
  const reason = policyProblem(repoPath, policy) ?? departmentProblem(repoPath, policy) ?? outside;
  return reason === null ? { ok: true } : { ok: false, reason };
}

/**
 * True when write claims of the task cover a path, relative to the repository. A submodule can only be moved to another
 * commit, and needs a claim of exactly its path.
 */
export function writeClaimed(
  path: string,
  policy: ScopePolicy,
  kind: "file" | "submodule" = "file",
): boolean {
  const rules = rulesOf(policy);
  if (outsideReason({ path, status: "modified" }, rules) !== null) return false;
  return kind === "file" || isExactlyClaimed(path, rules);
}

function isExactlyClaimed(repoPath: string, { policy, exactClaims }: Rules): boolean {
  const path = withinProject(repoPath, policy.projectDir);
  return path !== null && exactClaims.has(path);
}

const rulesCache = new WeakMap<ScopePolicy, Rules>();

function rulesOf(policy: ScopePolicy): Rules {
  const cached = rulesCache.get(policy);
  if (cached !== undefined) return cached;
  const { create, edit, delete: remove, touch, read } = policy.claims;
  const write = parseClaims([...create, ...edit, ...remove, ...touch]);
  const rules: Rules = {
    policy,
    write,
    remove: parseClaims([...create, ...remove, ...touch]),
    read: parseClaims(read),
    exactClaims: new Set(write.map((claim) => claim.text)),
  };
  rulesCache.set(policy, rules);
  return rules;
}

function problems(
  changes: readonly ScopeChange[],
  problemOf: (change: ScopeChange) => string | null,
): Problem[] {
  return changes.flatMap((change) => {
    const problem = problemOf(change);
    return problem === null ? [] : [{ path: change.path, problem }];
  });
}

const shownMax = 10;

/** "path (problem), ..." for the first problems. */
function list(found: readonly Problem[]): string {
  return listed(
    found.map(({ path, problem }) => `${shownPath(path)} (${problem})`),
    shownMax,
  );
}

/** The reason why the write claims do not allow a change; null when they do. */
function outsideReason(
  change: { path: string; status: ScopeChange["status"] },
  rules: Rules,
): string | null {
  const path = withinProject(change.path, rules.policy.projectDir);
  if (path === null) return "outside the project";
  if (change.status === "deleted" && !coversAny(rules.remove, path)) {
    return coversAny(rules.write, path)
      ? "deleted, but claimed only for `edit`"
      : notClaimed(path, rules);
  }
  return coversAny(rules.write, path) ? null : notClaimed(path, rules);
}

function notClaimed(path: string, rules: Rules): string {
  return coversAny(rules.read, path) ? "claimed for reading only" : "not claimed";
}

function isReadOnly(repoPath: string, rules: Rules): boolean {
  const path = withinProject(repoPath, rules.policy.projectDir);
  return path !== null && !coversAny(rules.write, path) && coversAny(rules.read, path);
}

function isIgnored(repoPath: string, policy: ScopePolicy): boolean {
  const path = withinProject(repoPath, policy.projectDir);
  return path !== null && areaOf(policy.scope.ignore, path) !== null;
}

function reservedProblem(repoPath: string, rules: Rules): string | null {
  const options = {
    gitControlAllowed: rules.policy.scope.allowGitControl,
    exactClaims: rules.exactClaims,
  };
  const path = withinProject(repoPath, rules.policy.projectDir);
  const reason = path === null ? null : reservedReason(path, options);
  if (reason !== null || path === repoPath) return reserved(reason);
  // The same path relative to the repository; exact claims are relative to the project root.
  const exactClaims = new Set(
    [...rules.exactClaims].map((claim) => joinPath(rules.policy.projectDir, claim)),
  );
  return reserved(reservedReason(repoPath, { ...options, exactClaims }));
}

function reserved(reason: string | null): string | null {
  return reason === null ? null : `reserved: ${reason}`;
}

function policyProblem(repoPath: string, policy: ScopePolicy): string | null {
  const path = withinProject(repoPath, policy.projectDir) ?? repoPath;
  const denied = areaOf(policy.scope.deny, path);
  if (denied !== null) return `denied by \`${denied}\``;
  if (policy.scope.allow.length === 0 || areaOf(policy.scope.allow, path) !== null) return null;
  return "not in `allow_files`";
}

function departmentProblem(repoPath: string, policy: ScopePolicy): string | null {
  const path = withinProject(repoPath, policy.projectDir);
  if (path === null) return null;
  const owner = foreignDepartment(policy.departments ?? [], path, policy.unitSummary ?? "");
  return owner === null ? null : `belongs to department ${owner}`;
}

/** The path relative to the project root; null when it is outside. */
function withinProject(repoPath: string, projectDir: string): string | null {
  if (projectDir === "") return repoPath;
  return repoPath.startsWith(`${projectDir}/`) ? repoPath.slice(projectDir.length + 1) : null;
}

function joinPath(folder: string, path: string): string {
  return folder === "" ? path : `${folder}/${path}`;
}
