/** Targets of make, just, Task, tox and nox that may become gates. Pure. */
import { type CommandCandidate, candidate, slotOfName } from "./command-kind.ts";
import { list, objectOf, type RepositoryFiles, strings } from "./project-files.ts";

/** Candidates of the files in which a repository names its own commands, package.json apart. */
export function targetCandidates(tree: RepositoryFiles): CommandCandidate[] {
  const make = tree.first("Makefile", "GNUmakefile", "makefile");
  const just = tree.first("justfile", "Justfile", ".justfile");
  const task = tree.first("Taskfile.yml", "Taskfile.yaml", "Taskfile.dist.yml");
  return [
    ...named("make", make, make === null ? [] : makeTargets(tree.text(make))),
    ...named("just", just, just === null ? [] : justRecipes(tree.text(just))),
    ...named("task", task, task === null ? [] : Object.keys(objectOf(tree.yaml(task)["tasks"]))),
  ];
}

function named(
  program: string,
  origin: string | null,
  names: readonly string[],
): CommandCandidate[] {
  if (origin === null) return [];
  return names.flatMap((name) => {
    const found = candidate(`${program} ${name}`, { folder: ".", origin });
    // `make test` often runs all that there is; the unit tests are those that can run anywhere.
    const isUnit = found?.slot === "test" && /unit/.test(name);
    return found === null ? [] : [isUnit ? { ...found, cost: found.cost - 4 } : found];
  });
}

function makeTargets(text: string): string[] {
  return [...text.matchAll(/^([A-Za-z0-9][\w.-]*(?:[ \t]+[\w.-]+)*)[ \t]*:(?![:=])/gm)].flatMap(
    ([, names = ""]) => names.split(/\s+/),
  );
}

/** Recipes without parameters. */
function justRecipes(text: string): string[] {
  return [...text.matchAll(/^@?([A-Za-z][\w-]*)\s*:(?!=)/gm)].map(([, name = ""]) => name);
}

/** The commands of tox environments, and the sessions of nox, for which no environment of their own is made. */
export function toxCandidates(tree: RepositoryFiles): CommandCandidate[] {
  const ini = ["tox.ini", "setup.cfg"].flatMap((path) =>
    iniSections(tree.text(path))
      .filter(({ name }) => /^(?:tox:)?testenv(?::|$)/.test(name))
      .flatMap(({ name, text }) => toxCommands(name, text, path)),
  );
  const settings = [
    { origin: "tox.toml", tox: tree.toml("tox.toml") },
    {
      origin: "pyproject.toml",
      tox: objectOf(objectOf(tree.toml("pyproject.toml")["tool"])["tox"]),
    },
  ];
  const toml = settings.flatMap(({ origin, tox }) => {
    const envs = { ...objectOf(tox["env"]), "": objectOf(tox["env_run_base"]) };
    return Object.values(envs).flatMap((env) =>
      list(objectOf(env)["commands"]).flatMap((words) =>
        toxCandidate(strings(words).join(" "), origin),
      ),
    );
  });
  return [...ini, ...toml];
}

function toxCommands(section: string, text: string, origin: string): CommandCandidate[] {
  const block = /^commands\s*=(.*(?:\n[ \t]+.*|\n(?=\n[ \t]))*)/m.exec(text)?.[1] ?? "";
  const isPart = /docs?|benchmark|release|upgrade|integration|smoke/.test(section);
  if (isPart) return [];
  // Of the tests, those of the environments for a version of Python.
  const isBase = /^(?:tox:)?testenv$/.test(section) || /:(?:py|tests?\b|unit)/.test(section);
  return block
    .replace(/\\\n/g, " ")
    .split("\n")
    .flatMap((line) => toxCandidate(line, origin))
    .filter(({ slot }) => slot !== "test" || isBase);
}

function toxCandidate(line: string, origin: string): CommandCandidate[] {
  const plain = line
    .trim()
    // A factor before the command: `py39: pytest`.
    .replace(/^[\w,!.{}-]+:\s+/, "")
    .replace(/^-\s*/, "")
    .replace(/^env(?:\s+-u\s+\w+)+\s+/, "")
    .replace(/\{posargs:([^{}]*)\}/g, "$1")
    .replace(/\{posargs\}|\[\]/g, "")
    .replace(/\s\S*\{(?:env|tox|work)[^{}]*\}\S*/g, "");
  const found = candidate(plain, { folder: ".", origin });
  return found === null ? [] : [found];
}

interface IniSection {
  name: string;
  text: string;
}

/** The sections of an INI file. */
export function iniSections(text: string): IniSection[] {
  return text
    .split(/^(?=\[)/m)
    .map((part) => ({ name: /^\[([^\]]*)\]/.exec(part)?.[1] ?? "", text: part }))
    .filter(({ name }) => name !== "");
}

/** The best candidate of sessions in a noxfile: a session makes an environment of its own. */
export function noxCandidates(tree: RepositoryFiles): CommandCandidate[] {
  const origin = "noxfile.py";
  const text = tree.text(origin);
  const names = [...text.matchAll(/^@nox\.session(?:\([^)]*\))?\s*\n(?:@.*\n)*def (\w+)\(/gm)];
  return names.flatMap(([, name = ""]) => {
    const kind = slotOfName(name);
    return kind === null ? [] : [{ ...kind, text: `nox -s ${name}`, folder: ".", origin }];
  });
}
