/** The plan that `dgov plan remediate` writes: units that fix failing gates and structural offenders. Pure. */
import { parseClaims } from "../claims/path.ts";
import { stringifyToml } from "../config/toml.ts";
import { safeName } from "./names.ts";

export interface Remediation {
  /** Name of the plan and of its folder. */
  name: string;
  /** The plan and the run that left the branch in this state. */
  of: { plan: string; run: string };
  /** The reason why the gates fail on the branch; "" when they pass. */
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
  /** Files that the run changed and that still exist, relative to the project. */
  changed: readonly string[];
}

interface Task {
  summary: string;
  prompt: string;
  commit_message: string;
  files: string[];
  depends_on?: string[];
}

/** Maximum number of claimed files, equal to the files an attempt may change. More are claimed as `**`. */
const claimsMax = 100;
const everything = ["**"];

/** The texts of a remediation plan's files, by path below the plan's folder. Its only section is `fix`. */
export function remediationFiles(o: Remediation): Record<string, string> {
  const tasks: Record<string, Task> = {};
  if (o.red !== "") tasks["repair"] = repairTask(o);
  const first = o.red === "" ? {} : { depends_on: ["repair"] };
  for (const [key, task] of structureTasks(o)) tasks[key] = { ...task, ...first };
  const summary = `Fix the problems left by run ${o.of.run} of ${o.of.plan}`;
  return {
    "_root.toml": stringifyToml({ plan: { name: o.name, summary, sections: ["fix"] } }),
    "fix/main.toml": stringifyToml({ tasks }),
  };
}

/** The task that makes the gates pass again. */
function repairTask(o: Remediation): Task {
  const named = o.gates.flatMap(({ files }) => files);
  const outputs = o.gates.flatMap(({ gate, command, tail }) =>
    tail.trim() === "" ? [] : ["", `Output of ${gate} (${command}):`, "", tail.trimEnd()],
  );
  return {
    summary: "Make the gates pass again",
    prompt: prompt({
      orient: [`The gates fail on the branch as it is: ${o.red}`, ...outputs],
      edit: [
        "Fix the reported problems. Change as little as possible, and do not change a test to make it pass.",
      ],
    }),
    commit_message: "fix: make the gates pass again",
    files: claims([...named, ...o.changed]),
  };
}

/** One task for each group of offenders that share files. */
function structureTasks(o: Remediation): [string, Task][] {
  if (!o.degraded) return [];
  if (o.offenders.length === 0) {
    const orient = ["The structure of the project as a whole got worse."];
    return [["structure", structureTask(orient, "the project", claims(o.changed))]];
  }
  const keys = new Set<string>(["repair"]);
  return groups(o.offenders).map(({ paths, offenders }) => {
    const [path = ""] = paths;
    const lines = offenders.map(offenderLine);
    const orient = ["These exceed a structural limit:", "", ...lines.map((line) => `- ${line}`)];
    return [freshKey(path, keys), structureTask(orient, path, claims(paths))];
  });
}

function structureTask(orient: string[], subject: string, files: string[]): Task {
  return {
    summary: `Bring ${subject} within the structural limits`,
    prompt: prompt({
      orient,
      edit: [
        "Split them until they are within the limits. Do not change the behaviour of the code.",
      ],
    }),
    commit_message: `refactor: bring ${subject} within the structural limits`,
    files,
  };
}

function offenderLine(one: Remediation["offenders"][number]): string {
  const name = one.name === "" ? "" : ` ${one.name}`;
  return `${one.path}: ${one.kind.replaceAll("_", " ")}${name}: ${one.value}, the limit is ${one.limit}`;
}

interface Group {
  paths: string[];
  offenders: Remediation["offenders"][number][];
}

/** Groups of offenders connected by shared files, since two tasks cannot claim one file. */
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
        offenders: [...joined.flatMap((group) => group.offenders), one],
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
