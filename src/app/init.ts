/** `dgov init`: finds the project, detects its language and writes what is missing of dgov's own files. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { assets, sopsFor } from "../assets/index.ts";
import { type Detection, detect } from "../config/detect/detect.ts";
import { configFile, findProject, localRoot, ownRoot, projectPath } from "../config/find.ts";
import { providerPresets, renderProjectToml } from "../config/project-toml.ts";
import { parseToml } from "../config/toml.ts";
import { recordTrust } from "../config/trust.ts";
import { DgovError } from "../error.ts";
import { must, nulSplit } from "../git/git.ts";
import { inPrivate, withPrivateGit } from "../git/private-dir.ts";
import { headOf } from "../git/refs.ts";
import { openRepository } from "../git/repository.ts";
import { isSource } from "../settlement/source-files.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { readText } from "../std/files.ts";
import { listed } from "../std/text.ts";
import { isReadingNothing, type Reading } from "./doctor/shell-programs.ts";
import { writeSchemas } from "./json-schemas.ts";

/** A name of `[project] language`; null detects it. */
type Language = Parameters<typeof detect>[1];

/** A name of `providerPresets`. */
export type ProviderPreset = keyof typeof providerPresets;

/** The root of the project around `cwd`, else of the repository; with `here`, `cwd`. Throws NOT_A_REPOSITORY. */
export async function initRoot(cwd: string, { here }: { here: boolean }): Promise<string> {
  const { topLevel } = await openRepository(cwd);
  return here ? realpathSync(cwd) : (findProject(cwd) ?? topLevel);
}

/**
 * The folder of the own files of a project that is set up: with `local`, one below the git dir. Throws REFUSED for
 * `local` where the project has files in its folder already.
 */
export function initOwnRoot(root: string, { local }: { local: boolean }): string {
  const own = ownRoot(root);
  if (!local || own !== root) return own;
  if (existsSync(join(root, ".dgov"))) {
    throw new DgovError(
      "REFUSED",
      `${join(root, ".dgov")} exists, so the project is not a local one`,
      {
        hint: "move it out of the repository, or run dgov init",
      },
    );
  }
  return localRoot(root) ?? root;
}

/**
 * Writes what is missing of a project's own files, below the folder `own`, with `force` also over files that differ, after a backup. Without
 * a project.toml (or with `force`) the language is detected and `chooseProvider` is called; choosing a
 * known provider records the user's trust in it. Paths of the result are relative to `root`.
 */
export async function initProject(o: {
  root: string;
  own: string;
  env: Record<string, string | undefined>;
  language: Language;
  force: boolean;
  chooseProvider(): Promise<ProviderPreset>;
  status(text: string): void;
}): Promise<{ created: string[]; backedUp: string[] }> {
  const { created, backedUp } = writeFiles(o.own, await wantedFiles(o), o.force);
  created.push(...(await writeSchemas(o.root)));
  const shown = (names: string[]): string[] =>
    names.map((name) => projectPath(o.root, join(o.own, name)));
  return { created: shown(created), backedUp: shown(backedUp) };
}

async function wantedFiles(o: Parameters<typeof initProject>[0]): Promise<Record<string, string>> {
  const configured = existsSync(join(o.own, configFile)) && !o.force;
  const detection = configured ? null : await detectProject(o.root, o.language);
  const language = o.language ?? detection?.language ?? configuredLanguage(o.own);
  const files: Record<string, string> = {
    // Git looks at no file below its own folder.
    ...(o.own === o.root && {
      ".dgov/.gitignore": assets["gitignore.txt"],
      ".dgov/.gitattributes": assets["gitattributes.txt"],
    }),
    ".dgov/governor.md": assets["governor.md"],
  };
  for (const [name, text] of Object.entries(sopsFor(language))) {
    files[`.dgov/sops/${name}`] = text;
  }
  if (detection === null) return files;
  o.status(`language: ${detection.language} (${detection.because})`);
  for (const [key, origin] of Object.entries(detection.origins)) o.status(`${key}: from ${origin}`);
  if (detection.gates.length > 0) {
    o.status(
      `gates of packages: ${listed(
        detection.gates.map(({ name }) => name),
        shownGates,
      )}`,
    );
  }
  for (const warning of await idleChecks(o.root, detection)) o.status(warning);
  const preset = await o.chooseProvider();
  const choice = providerPresets[preset];
  // The person who runs init in their own project chooses the endpoint: that is the agreement.
  if (preset !== "other") recordTrust(o.env, choice);
  return { [configFile]: renderProjectToml(detection, choice), ...files };
}

const shownGates = 6;

/** A warning for each proposed check that reads none of the project's sources. */
async function idleChecks(root: string, detection: Detection): Promise<string[]> {
  const { commands, gates } = detection;
  const { setup_cmd: _setup, lint_fix_cmd: _fix, format_cmd: _format, ...checks } = commands;
  const files = await projectFiles(root, filesMax);
  const all = [
    ...Object.entries(checks).map(([name, command]) => ({ name, command, cwd: "." })),
    ...gates.map(({ name, command, cwd }) => ({ name: `gate ${name}`, command, cwd })),
  ];
  const found = await Promise.all(
    all.map(async ({ name, command, cwd }) => {
      const reading = readingIn(cwd, { files, root, sourceExtensions: detection.sourceExtensions });
      const reason = await isReadingNothing(command, reading);
      return reason === null ? [] : [`${name}: ${reason}`];
    }),
  );
  return found.flat();
}

/** The files of a folder as a check that runs there reads them. */
function readingIn(
  cwd: string,
  o: { files: readonly string[]; root: string; sourceExtensions: string[] },
): Reading {
  const prefix = cwd === "." ? "" : `${cwd}/`;
  return {
    files: o.files.flatMap((path) => (path.startsWith(prefix) ? path.slice(prefix.length) : [])),
    isSource: (path) => isSource(o, path),
    read: (path) => readText(join(o.root, prefix + path)),
  };
}

/** The language in project.toml; "unknown" when it has none or cannot be parsed. */
function configuredLanguage(own: string): string {
  const parsed = parseToml(readFileSync(join(own, configFile), "utf8"));
  const project = parsed.ok ? parsed.value["project"] : undefined;
  const language =
    typeof project === "object" && project !== null && "language" in project
      ? project.language
      : undefined;
  return typeof language === "string" ? language : "unknown";
}

const filesMax = 20_000;

async function detectProject(root: string, language: Language): Promise<Detection> {
  const read = (path: string): string | null =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : null;
  return detect({ files: await projectFiles(root, filesMax), read }, language);
}

/** At most `max` paths below a project root, relative to it. */
async function projectFiles(root: string, max: number): Promise<string[]> {
  const repository = await openRepository(root);
  const head = (await headOf(repository)).commit;
  const listed = await withPrivateGit(
    repository,
    { near: tmpdir(), workTree: repository.topLevel },
    async (g) => {
      if (head !== null) await must(inPrivate(g, ["read-tree", head]), "reading HEAD");
      return must(
        inPrivate(g, ["ls-files", "-z", "-c", "-o", "--exclude-standard"]),
        "listing files",
      );
    },
  );
  const prefix = relative(repository.topLevel, root);
  return nulSplit(listed)
    .map(String)
    .filter((path) => prefix === "" || path.startsWith(`${prefix}/`))
    .map((path) => (prefix === "" ? path : path.slice(prefix.length + 1)))
    .slice(0, max);
}

function writeFiles(
  root: string,
  files: Record<string, string>,
  force: boolean,
): { created: string[]; backedUp: string[] } {
  const created: string[] = [];
  const backedUp: string[] = [];
  const stamp = backupStamp();
  for (const [path, text] of Object.entries(files)) {
    const full = join(root, path);
    if (existsSync(full)) {
      if (!force || readText(full) === text) continue;
      backedUp.push(backUp(root, path, stamp));
    }
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    created.push(path);
  }
  return { created, backedUp };
}

/** Name of a backup folder: the time in UTC, like `20260102T030405`. */
export function backupStamp(): string {
  return isoTime(systemClock.now()).replace(/[-:.]/g, "").slice(0, 15);
}

/** Copies a file of `.dgov/` to `.dgov/runtime/backup/<stamp>/`. Paths are relative to `root`, the folder of own files. */
export function backUp(root: string, path: string, stamp: string): string {
  const backup = join(".dgov/runtime/backup", stamp, path.slice(".dgov/".length));
  mkdirSync(dirname(join(root, backup)), { recursive: true });
  copyFileSync(join(root, path), join(root, backup));
  return backup;
}
