/**
 * Installs the shipped skills into a folder that coding agents read, and keeps local edits.
 *
 * A manifest in the folder holds digests of the files that dgov wrote. A file that still has its digest
 * is replaced; any other was edited, and is replaced only with the owner's agreement, after a backup.
 */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { sha256 } from "../std/digest.ts";
import { readText, replaceFile } from "../std/files.ts";

/** `replaced`: a local edit was copied to `backup`. `left`: it stays; the shipped skill is not installed. */
export type SkillState = "created" | "updated" | "current" | "replaced" | "left";

export interface SyncedSkill {
  name: string;
  path: string;
  state: SkillState;
  backup: string | null;
}

/** Digests of the files that dgov wrote, by name of the skill. */
type Manifest = Record<string, string>;

const manifestName = ".dgov-skills.json";

/** Installs or updates every skill. `mayReplace` is called before a local edit is replaced. */
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

/** The manifest; empty when it is missing or invalid, so that every file that differs counts as edited. */
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

function textAt(path: string): string | null {
  return onDisk(path, () => readText(path));
}

function write(path: string, text: string): void {
  onDisk(path, () => replaceFile(path, text));
}

function onDisk<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    throw new DgovError("ENVIRONMENT", `failed to read or write ${path}`, {
      hint: "dgov agents sync --skills-dir DIR",
      cause,
    });
  }
}

/** `20260102-030405`. */
function stampOf(now: number): string {
  return new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}
