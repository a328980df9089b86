/** The plan of `dgov plan remediate`: units that name what is wrong with a branch. Pure. */

import { parseClaims } from "../claims/path.ts";
import { stringifyToml } from "../config/toml.ts";
import { safeName } from "./names.ts";

export interface Remediation {
  /** Name of the plan and of its folder. */
  name: string;
  /** The plan and the run that left the branch so. */
  of: { plan: string; run: string };
  /** Why the branch is red; "" when it is not. */
  red: string;
  gates: readonly { gate: string; command: string; tail: string; files: readonly string[] }[];
  degraded: boolean;
  offenders: readonly {
    kind: string;
    path: string;
    name: string;
    value: number;
    limit: number;
  }[];
  /** What the run changed and is still there, relative to the project. */
  changed: readonly string[];
}

interface Task {
  summary: string;
  prompt: string;
  commit_message: string;
  files: string[];
  depends_on?: string[];
}

/** Beyond so many, files are claimed by pattern: a worker may not change more in one attempt. */
const claimsMax = 100;
const everything = ["**"];

/** The files of a remediation plan, by their path below the plan's folder; one section, `fix`. */
export function remediationFiles(o: Remediation): Record<string, string> {
  const tasks: Record<string, Task> = {};
  if (o.red !== "") tasks["repair"] = repairTask(o);
  const first = o.red === "" ? {} : { depends_on: ["repair"] };
  for (const [key, task] of structureTasks(o)) tasks[key] = { ...task, ...first };
  const summary = `Mend what run ${o.of.run} of ${o.of.plan} left`;
  return {
    "_root.toml": stringifyToml({ plan: { name: o.name, summary, sections: ["fix"] } }),
    "fix/main.toml": stringifyToml({ tasks }),
  };
}

/** Makes the gates pass again. */
function repairTask(o: Remediation): Task {
  const named = o.gates.flatMap(({ files }) => files);
  const outputs = o.gates.flatMap(({ gate, command, tail }) =>
    tail.trim() === "" ? [] : ["", `${gate} (${command}) said:`, "", tail.trimEnd()],
  );
  return {
    summary: "Make the gates pass again",
    prompt: prompt({
      orient: [`The gates fail on the branch as it is: ${o.red}`, ...outputs],
      edit: ["Mend what they name. Change as little as you can, and no test to make it pass."],
    }),
    commit_message: "fix: make the gates pass again",
    files: claims([...named, ...o.changed]),
  };
}

/** A task for every set of files that offences have in common. */
function structureTasks(o: Remediation): [string, Task][] {
  if (!o.degraded) return [];
  if (o.offenders.length === 0) {
    const orient = ["The structure of the project got worse, by a measure of all of it."];
    return [["structure", structureTask(orient, "the project", claims(o.changed))]];
  }
  const keys = new Set<string>(["repair"]);
  return groups(o.offenders).map(({ paths, offences }) => {
    const [path = ""] = paths;
    const lines = offences.map(offenceLine);
    const orient = ["These break a structural limit:", "", ...lines.map((line) => `- ${line}`)];
    return [freshKey(path, keys), structureTask(orient, path, claims(paths))];
  });
}

function structureTask(orient: string[], what: string, files: string[]): Task {
  return {
    summary: `Bring ${what} within the structural limits`,
    prompt: prompt({
      orient,
      edit: ["Take them apart until they keep the limits. What the code does stays the same."],
    }),
    commit_message: `refactor: bring ${what} within the structural limits`,
    files,
  };
}

function offenceLine(one: Remediation["offenders"][number]): string {
  const name = one.name === "" ? "" : ` ${one.name}`;
  return `${one.path}: ${one.kind.replaceAll("_", " ")}${name}: ${one.value}, the limit is ${one.limit}`;
}

interface Group {
  paths: string[];
  offences: Remediation["offenders"][number][];
}

/** Offences that share a file, directly or through others: two tasks may not claim one file. */
function groups(offenders: Remediation["offenders"]): Group[] {
  let found: Group[] = [];
  for (const one of offenders) {
    const paths = one.kind === "cycle" ? [one.path, ...one.name.split(", ")] : [one.path];
    const shares = (group: Group): boolean => group.paths.some((path) => paths.includes(path));
    const joined = found.filter(shares);
    found = [
      ...found.filter((group) => !shares(group)),
      {
        paths: [...new Set([...joined.flatMap((group) => group.paths), ...paths])],
        offences: [...joined.flatMap((group) => group.offences), one],
      },
    ];
  }
  return found;
}

function freshKey(path: string, used: Set<string>): string {
  const base = safeName(path, "structure");
  for (let n = 1; ; n++) {
    const key = n === 1 ? base : `${base}-${n}`;
    if (used.has(key)) continue;
    used.add(key);
    return key;
  }
}

function claims(paths: readonly string[]): string[] {
  const all = [...new Set(parseClaims(paths).map(({ text }) => text))];
  return all.length === 0 || all.length > claimsMax ? everything : all;
}

function prompt({ orient, edit }: { orient: string[]; edit: string[] }): string {
  const verify = "Run the project's tests, linter and type checker with your tools.";
  return ["Orient:", ...orient, "", "Edit:", ...edit, "", "Verify:", verify, ""].join("\n");
}
