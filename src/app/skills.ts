/**
 * Installing the shipped skills where agents look for them, without losing what somebody changed.
 *
 * A small manifest beside them remembers what dgov wrote last: a file that is still that is dgov's to
 * replace; any other was edited, and is replaced only when its owner says so, with a copy kept.
 */
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { sha256 } from "../std/digest.ts";

/** `replaced`: a local edit went to `backup`. `left`: it stays, and the shipped skill is not installed. */
export type SkillState = "created" | "updated" | "current" | "replaced" | "left";

export interface SyncedSkill {
  name: string;
  path: string;
  state: SkillState;
  backup: string | null;
}

/** Names of skills to digests of what dgov wrote last. */
type Manifest = Record<string, string>;

const manifestName = ".dgov-skills.json";

/** Brings every skill up to date. `mayReplace` is asked before a local edit is replaced. */
export async function syncSkills(
  dir: string,
  shipped: Readonly<Record<string, string>>,
  o: { now: number; mayReplace(path: string): Promise<boolean> },
): Promise<SyncedSkill[]> {
  const manifest = readManifest(dir);
  const synced: SyncedSkill[] = [];
  for (const [name, text] of Object.entries(shipped)) {
    const path = join(dir, name, "SKILL.md");
    const found = textAt(path);
    const edited = found !== null && found !== text && manifest[name] !== sha256(found);
    const left = edited && !(await o.mayReplace(path));
    const backup = edited && !left ? `${path}.${stampOf(o.now)}.bak` : null;
    if (backup !== null) onDisk(backup, () => copyFileSync(path, backup));
    if (!left && found !== text) write(path, text);
    if (!left) manifest[name] = sha256(text);
    synced.push({ name, path, state: stateOf({ found, text, edited, left }), backup });
  }
  const remembered = `${JSON.stringify(manifest, null, 2)}\n`;
  const manifestPath = join(dir, manifestName);
  if (textAt(manifestPath) !== remembered) write(manifestPath, remembered);
  return synced;
}

function stateOf(o: {
  found: string | null;
  text: string;
  edited: boolean;
  left: boolean;
}): SkillState {
  if (o.left) return "left";
  if (o.found === null) return "created";
  if (o.found === o.text) return "current";
  return o.edited ? "replaced" : "updated";
}

/** A manifest that cannot be read remembers nothing: every file that differs counts as edited. */
function readManifest(dir: string): Manifest {
  try {
    const value: unknown = JSON.parse(textAt(join(dir, manifestName)) ?? "{}");
    if (value === null || typeof value !== "object") return {};
    const digests = Object.entries(value).filter(([, digest]) => typeof digest === "string");
    return Object.fromEntries(digests) as Manifest;
  } catch {
    return {};
  }
}

/** Null when there is no such file. */
function textAt(path: string): string | null {
  return onDisk(path, () => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  });
}

/** All of it or nothing. */
function write(path: string, text: string): void {
  onDisk(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  });
}

function onDisk<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    throw new DgovError("ENVIRONMENT", `${path} cannot be read or written`, {
      hint: "dgov agents sync --skills-dir DIR",
      cause,
    });
  }
}

/** `20260102-030405`. */
function stampOf(now: number): string {
  return new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}
