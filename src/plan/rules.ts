/** The rules a plan must keep, each `(plan, facts) => diagnostics`; all are asked, all answers shown. Pure. */
import { coversAny } from "../claims/cover.ts";
import { claimIndex, overlaps } from "../claims/overlap.ts";
import { type Claim, parseClaim, parseClaims } from "../claims/path.ts";
import { foreignDepartment } from "../claims/policy.ts";
import { reservedReason } from "../claims/reserved.ts";
import type { Config } from "../config/config.ts";
import { resolveModel } from "../config/resolve.ts";
import type { Diagnostic } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import { writeClaims } from "./compiled.ts";
import { cycles, precedence, topological } from "./order.ts";
import { at, type Plan, type PlanTask } from "./plan.ts";
import { pathMentions, promptHeaders } from "./prompt-text.ts";

export interface Facts {
  config: Config;
  /** Write claims that the repository ignores. */
  ignored: ReadonlySet<string>;
  /** Whether a path (project-relative) exists. */
  exists(path: string): boolean;
  /** Folders of submodules, project-relative. */
  submodules: readonly string[];
  /** Providers and models are needed. */
  needModels: boolean;
}

type Rule = (plan: Plan, facts: Facts) => Diagnostic[];

const writeKinds = ["create", "edit", "delete", "touch"] as const;

const cyclesRule: Rule = ({ graph, byId, source }) =>
  cycles(graph).flatMap((path) => {
    const task = byId.get(path[0] ?? "");
    if (task === undefined) return [];
    return at(source, task, "depends_on", "cycle", `dependency cycle: ${path.join(" -> ")}`, null);
  });

const required: Rule = ({ tasks, source }) =>
  tasks.flatMap((task) => {
    const { written: w, role } = task;
    const found: Diagnostic[] = [];
    const say = (key: string, code: string, message: string, hint: string | null = null): void => {
      found.push(at(source, task, key, code, message, hint));
    };
    if (w.summary.trim() === "") say("summary", "blank-summary", "`summary` is blank");
    if (w.prompt !== undefined && w.prompt_file !== undefined) {
      say("prompt_file", "two-prompts", "both `prompt` and `prompt_file` are given", "keep one");
    } else if (w.prompt_file !== undefined && task.prompt === null) {
      say(
        "prompt_file",
        "missing-prompt-file",
        `the prompt file \`${w.prompt_file}\` cannot be read`,
        "it is looked for beside the file that names it, inside the project",
      );
    } else if ((task.prompt ?? "").trim() === "" && role !== "reviewer") {
      say("prompt", "empty-prompt", "the task has no prompt", "give `prompt` or `prompt_file`");
    }
    if (role !== "worker") {
      if (writeClaims(task.claims).length > 0) {
        say(
          "files",
          "read-only-claims",
          `a ${role} is read-only and cannot claim files for writing`,
          "use files.read",
        );
      }
      return found;
    }
    if ((w.commit_message ?? "").trim() === "") {
      say("commit_message", "missing-commit-message", "a worker needs a `commit_message`");
    }
    if (writeClaims(task.claims).length === 0) {
      say(
        "files",
        "no-write-claim",
        "a worker needs a write claim",
        "files.create, files.edit, files.delete or files.touch",
      );
    }
    return found;
  });

const claimSyntax: Rule = ({ tasks, source }, { config }) =>
  tasks.flatMap((task) =>
    ([...writeKinds, "read"] as const).flatMap((kind) =>
      task.claims[kind].flatMap((text) => {
        const parsed = parseClaim(text);
        if (!parsed.ok) {
          return at(
            source,
            task,
            ["files", kind],
            "bad-claim",
            `the claim \`${text}\` ${parsed.problem}`,
            null,
          );
        }
        if (kind === "read") return [];
        const exactClaims = new Set(parsed.claim.glob ? [] : [parsed.claim.text]);
        const reason = reservedReason(parsed.claim.text, {
          gitControlAllowed: config.scope.allowGitControl,
          exactClaims,
        });
        return reason === null
          ? []
          : at(
              source,
              task,
              ["files", kind],
              "reserved-claim",
              `the claim \`${text}\` is reserved: ${reason}`,
              null,
            );
      }),
    ),
  );

const claimPlaces: Rule = ({ tasks, source }, facts) =>
  tasks.flatMap((task) =>
    writeKinds.flatMap((kind) =>
      task.claims[kind].flatMap((text) => {
        if (facts.ignored.has(text)) {
          return at(
            source,
            task,
            ["files", kind],
            "ignored-claim",
            `the claim \`${text}\` is ignored by git and could never land`,
            "take it out of .gitignore, or claim another path",
          );
        }
        const inside = facts.submodules.find((dir) => text === dir || text.startsWith(`${dir}/`));
        return inside === undefined
          ? []
          : at(
              source,
              task,
              ["files", kind],
              "submodule-claim",
              `the claim \`${text}\` lies in the submodule \`${inside}\``,
              null,
            );
      }),
    ),
  );

/** Independent tasks may not overlap: of the owners of overlapping claims, each must come after the one before. */
const overlap: Rule = (plan) => {
  const before = precedence(plan.graph);
  const position = new Map(topological(plan.graph).map((id, i) => [id, i]));
  const index = claimIndex<PlanTask>();
  for (const task of plan.tasks) {
    for (const claim of parseClaims(writeClaims(task.claims))) index.add(claim, task);
  }
  const found = new Map<string, Diagnostic>();
  for (const group of index.groups()) {
    for (const other of index.overlapping(group.claim)) {
      const owners = [...new Set([...group.owners, ...other.owners])].sort(
        (a, b) => (position.get(a.id) ?? 0) - (position.get(b.id) ?? 0),
      );
      for (let i = 1; i < owners.length; i++) {
        const [first, second] = [owners[i - 1], owners[i]];
        if (first === undefined || second === undefined) continue;
        const key = [first.id, second.id].sort().join("\n");
        if (found.has(key) || before(first.id, second.id)) continue;
        const pair = firstOverlap(first, second);
        if (pair === null) continue;
        const [mine, theirs] = pair;
        const paths = mine === theirs ? `\`${mine}\`` : `\`${theirs}\` and \`${mine}\``;
        found.set(
          key,
          at(
            plan.source,
            second,
            "files",
            "claim-overlap",
            `${second.id} and ${first.id} both write ${paths}, and neither waits for the other`,
            `add depends_on = ["${first.id}"]`,
          ),
        );
      }
    }
  }
  return [...found.values()];
};

/** Texts of the first claims of two tasks that overlap: the second's, then the first's. */
function firstOverlap(first: PlanTask, second: PlanTask): [string, string] | null {
  const theirs = parseClaims(writeClaims(first.claims));
  for (const mine of parseClaims(writeClaims(second.claims))) {
    const met = theirs.find((claim) => overlaps(mine, claim));
    if (met !== undefined) return [mine.text, met.text];
  }
  return null;
}

const readers: Rule = (plan) => {
  const before = precedence(plan.graph);
  const index = claimIndex<PlanTask>();
  for (const task of plan.tasks) {
    for (const claim of parseClaims(writeClaims(task.claims))) index.add(claim, task);
  }
  return plan.tasks.flatMap((task) =>
    parseClaims(task.claims.read).flatMap((claim) => {
      for (const group of index.overlapping(claim)) {
        for (const writer of group.owners.slice(0, 20)) {
          if (writer.id === task.id || before(writer.id, task.id) || before(task.id, writer.id))
            continue;
          return at(
            plan.source,
            task,
            ["files", "read"],
            "unordered-read",
            `reads \`${claim.text}\`, which ${writer.id} writes, without waiting for it`,
            `add depends_on = ["${writer.id}"] if the change matters`,
            "warning",
          );
        }
      }
      return [];
    }),
  );
};

const existence: Rule = (plan, facts) => {
  const creators = new Map<string, string[]>();
  for (const task of plan.tasks) {
    for (const path of [...task.claims.create, ...task.claims.touch]) {
      creators.set(path, [...(creators.get(path) ?? []), task.id]);
    }
  }
  const before = precedence(plan.graph);
  const plain = (text: string): boolean => {
    const parsed = parseClaim(text);
    return parsed.ok && !parsed.claim.glob;
  };
  return plan.tasks.flatMap((task) => [
    ...task.claims.create
      .filter((path) => plain(path) && !path.endsWith("/") && facts.exists(path))
      .map((path) =>
        at(
          plan.source,
          task,
          ["files", "create"],
          "creates-existing",
          `\`${path}\` exists already`,
          "files.edit says what is meant",
          "warning",
        ),
      ),
    ...(["edit", "delete"] as const).flatMap((kind) =>
      task.claims[kind]
        .filter(
          (path) =>
            plain(path) &&
            !facts.exists(path) &&
            !(creators.get(path) ?? []).some((id) => before(id, task.id)),
        )
        .map((path) =>
          at(
            plan.source,
            task,
            ["files", kind],
            "missing-file-claim",
            `\`${path}\` does not exist, and no dependency makes it`,
            "files.create says what is meant",
            "warning",
          ),
        ),
    ),
  ]);
};

const departments: Rule = ({ tasks, source }, { config }) =>
  tasks.flatMap((task) =>
    writeKinds.flatMap((kind) =>
      parseClaims(task.claims[kind]).flatMap((claim: Claim) => {
        const owner = foreignDepartment(config.departments, claim.text, task.written.summary);
        return owner === null
          ? []
          : at(
              source,
              task,
              ["files", kind],
              "department",
              `\`${claim.text}\` belongs to the department \`${owner}\``,
              `name ${owner} in the summary if the task is meant to change it`,
            );
      }),
    ),
  );

const models: Rule = ({ tasks, source }, { config, needModels }) => {
  if (!needModels) return [];
  const plan = {
    defaultAgent: source.root.default_agent ?? null,
    defaultProvider: source.root.default_provider ?? null,
  };
  return tasks.flatMap((task) => {
    const { agent = null, provider = null } = task.written;
    const resolved = resolveModel(config, plan, { agent, provider });
    if (resolved.ok) return [];
    const key = provider !== null ? "provider" : "agent";
    return at(source, task, key, "no-model", resolved.problem, resolved.hint);
  });
};

const recipes: Rule = ({ tasks, source }, { config }) =>
  tasks.flatMap((task) => {
    const name = /^verify:(.*)$/.exec(task.written.test_cmd ?? "")?.[1];
    if (name === undefined || Object.hasOwn(config.verify, name)) return [];
    const near = suggest(name, Object.keys(config.verify));
    return at(
      source,
      task,
      "test_cmd",
      "unknown-recipe",
      `\`verify:${name}\` names no recipe of [verify]`,
      near === null ? "dgov verify list" : `did you mean ${near}?`,
    );
  });

const reviewers: Rule = ({ tasks, source }) =>
  tasks
    .filter((task) => task.role === "reviewer" && task.deps.length === 0)
    .map((task) =>
      at(
        source,
        task,
        "depends_on",
        "reviewer-alone",
        "a reviewer judges what its dependencies landed, and it has none",
        "add depends_on",
        "warning",
      ),
    );

const headers: Rule = ({ tasks, source }) =>
  tasks.flatMap((task) => {
    if ((task.prompt ?? "").trim() === "") return [];
    const wanted = task.role === "worker" ? ["Orient", "Edit", "Verify"] : ["Orient"];
    const have = promptHeaders(task.prompt ?? "");
    const waived = task.written.test_cmd === undefined ? [] : ["Verify"];
    const missing = wanted.filter((name) => !have.has(name) && !waived.includes(name));
    return missing.length === 0
      ? []
      : at(
          source,
          task,
          "prompt",
          "prompt-headers",
          `the prompt lacks the ${missing.length === 1 ? "heading" : "headings"} ${missing.join(", ")}`,
          "each stands alone on a line, like `Orient:`",
          "warning",
        );
  });

const mentions: Rule = ({ tasks, source }) =>
  tasks.flatMap((task) => {
    if (task.role !== "worker") return [];
    const claims = parseClaims([...writeClaims(task.claims), ...task.claims.read]);
    return pathMentions(task.prompt ?? "")
      .filter((path) => !coversAny(claims, path))
      .map((path) =>
        at(
          source,
          task,
          "prompt",
          "unclaimed-mention",
          `the prompt mentions \`${path}\`, which is not claimed`,
          "claim it, files.read is enough for reading",
          "warning",
        ),
      );
  });

export const rules: readonly Rule[] = [
  cyclesRule,
  required,
  claimSyntax,
  claimPlaces,
  overlap,
  readers,
  existence,
  departments,
  models,
  recipes,
  reviewers,
  headers,
  mentions,
];
