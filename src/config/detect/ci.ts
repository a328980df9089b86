/** Commands that the CI of a repository runs for changes, read from its files as data. Pure. */
import { type CommandCandidate, candidate } from "./command-kind.ts";
import { list, objectOf, type RepositoryFiles, strings } from "./project-files.ts";

/** One line of shell text, with its folder. */
interface CiLine {
  text: string;
  folder: string;
  origin: string;
}

/** Values of `${{ ... }}` by name: `matrix.node`, `env.CARGO`, `inputs.script`. */
type Values = ReadonlyMap<string, readonly string[]>;

/** Variants of one line that are tried. */
const variantsMax = 12;

/** The candidates for gates that CI runs, each with the file that has it. */
export function ciCandidates(tree: RepositoryFiles): CommandCandidate[] {
  return ciLines(tree).flatMap(({ text, folder, origin }) => {
    const found = candidate(text, { folder, origin });
    return found === null ? [] : [found];
  });
}

function ciLines(tree: RepositoryFiles): CiLine[] {
  const workflows = tree.paths.filter((path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path));
  const parsed = workflows.map((path) => ({ path, flow: tree.yaml(path) }));
  const inputs = inputsOf(parsed);
  const github = parsed.flatMap(({ path, flow }) =>
    runsOnChanges(flow) ? workflowLines(path, flow, inputs.get(path) ?? new Map()) : [],
  );
  return [...github, ...gitlabLines(tree)];
}

/** True for a workflow that runs for pushes of branches or pull requests, or that another one calls. */
function runsOnChanges(flow: Record<string, unknown>): boolean {
  // YAML 1.1 readers take `on` for true.
  const on = flow["on"] ?? flow["true"];
  const names = typeof on === "string" ? [on] : Array.isArray(on) ? on : Object.keys(objectOf(on));
  if (names.includes("pull_request") || names.includes("workflow_call")) return true;
  if (!names.includes("push")) return false;
  const push = objectOf(objectOf(on)["push"]);
  return push["tags"] === undefined || push["branches"] !== undefined;
}

/** The values that callers give to the inputs of reusable workflows, by the workflow's path. */
function inputsOf(
  flows: readonly { path: string; flow: Record<string, unknown> }[],
): Map<string, Map<string, string[]>> {
  const found = new Map<string, Map<string, string[]>>();
  for (const { flow } of flows) {
    for (const job of Object.values(objectOf(flow["jobs"])).map(objectOf)) {
      const uses = String(job["uses"] ?? "");
      if (!uses.startsWith("./")) continue;
      const path = uses.slice(2);
      const known = found.get(path) ?? new Map<string, string[]>();
      found.set(path, known);
      for (const [name, value] of Object.entries(objectOf(job["with"]))) {
        known.set(`inputs.${name}`, [...(known.get(`inputs.${name}`) ?? []), String(value)]);
      }
    }
  }
  return found;
}

function workflowLines(
  path: string,
  flow: Record<string, unknown>,
  inputs: ReadonlyMap<string, string[]>,
): CiLine[] {
  const folderOf = (of: Record<string, unknown>): unknown =>
    objectOf(objectOf(of["defaults"])["run"])["working-directory"];
  return Object.values(objectOf(flow["jobs"])).flatMap((value) => {
    const job = objectOf(value);
    const matrix = matrixValues(objectOf(objectOf(job["strategy"])["matrix"]));
    return list(job["steps"]).flatMap((one): CiLine[] => {
      const step = objectOf(one);
      const run = step["run"];
      if (typeof run !== "string" || /pwsh|powershell|cmd/.test(String(step["shell"] ?? ""))) {
        return [];
      }
      const env = { ...objectOf(flow["env"]), ...objectOf(job["env"]), ...objectOf(step["env"]) };
      const values = new Map<string, readonly string[]>([
        ...matrix,
        ...inputs,
        ...Object.entries(env).map(([name, text]): [string, string[]] => [
          `env.${name}`,
          variants(String(text ?? ""), matrix),
        ]),
      ]);
      const folder = String(step["working-directory"] ?? folderOf(job) ?? folderOf(flow) ?? ".");
      return variants(run, values).flatMap((text) => commandLines(text, folder, path));
    });
  });
}

/** The values of a matrix by key, those of `include` too. */
function matrixValues(matrix: Record<string, unknown>): Map<string, string[]> {
  const values = new Map<string, string[]>();
  const add = (key: string, value: unknown): void => {
    if (typeof value !== "string" && typeof value !== "number") return;
    values.set(`matrix.${key}`, [...(values.get(`matrix.${key}`) ?? []), String(value)]);
  };
  for (const [key, value] of Object.entries(matrix)) {
    if (key === "include" || key === "exclude") continue;
    for (const one of list(value)) add(key, one);
  }
  for (const one of list(matrix["include"])) {
    for (const [key, value] of Object.entries(objectOf(one))) add(key, value);
  }
  return values;
}

/** The text with each `${{ name }}` replaced by its values; unknown ones stay. */
function variants(text: string, values: Values): string[] {
  let texts = [text];
  const names = [...text.matchAll(/\$\{\{\s*([\w.-]+)\s*\}\}/g)].map(([, name = ""]) => name);
  for (const name of new Set(names)) {
    const known = values.get(name);
    if (known === undefined) continue;
    const pattern = new RegExp(`\\$\\{\\{\\s*${name.replaceAll(".", "\\.")}\\s*\\}\\}`, "g");
    texts = texts.flatMap((one) =>
      [...new Set(known)].map((value) => one.replace(pattern, () => value)),
    );
    texts = texts.slice(0, variantsMax);
  }
  for (const [name, [value = ""]] of values) {
    const variable = /^env\.(\w+)$/.exec(name)?.[1];
    if (variable === undefined || !text.includes(`$${variable}`)) continue;
    texts = texts.map((one) => one.replace(new RegExp(`\\$${variable}\\b`, "g"), () => value));
  }
  return texts;
}

/** The simple commands of a step. Those of conditions and loops are left out with the whole text. */
function commandLines(text: string, start: string, origin: string): CiLine[] {
  const joined = text.replace(/\\\n\s*/g, " ");
  if (/^\s*(?:if|for|while|case|function)\b/m.test(joined)) return [];
  let folder = start;
  return joined.split("\n").flatMap((line) => {
    if (line.trim().startsWith("#")) return [];
    let own = folder;
    return line.split(/\s&&\s|;/).flatMap((part): CiLine[] => {
      const to = /^\s*cd\s+["']?([\w./-]+)["']?\s*$/.exec(part)?.[1];
      if (to === undefined) return [{ text: part.trim(), folder: own, origin }];
      own = to.startsWith("/") ? to : joinFolders(own, to);
      // A line with only `cd` holds for the lines after it.
      if (line.trim() === part.trim()) folder = own;
      return [];
    });
  });
}

function joinFolders(one: string, other: string): string {
  const parts = [...one.split("/"), ...other.split("/")].filter(
    (part) => part !== "" && part !== ".",
  );
  const kept: string[] = [];
  for (const part of parts) {
    if (part === "..") kept.pop();
    else kept.push(part);
  }
  return kept.join("/") || ".";
}

/** The scripts of `.gitlab-ci.yml`. */
function gitlabLines(tree: RepositoryFiles): CiLine[] {
  const path = ".gitlab-ci.yml";
  const jobs = Object.entries(tree.yaml(path)).filter(([name]) => !name.startsWith("."));
  return jobs.flatMap(([, value]) => {
    const { script } = objectOf(value);
    const texts = typeof script === "string" ? [script] : strings(script);
    return commandLines(texts.join("\n"), ".", path);
  });
}
