/** Archives of releases, as `install.sh` and `action.yml` download them. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Packs a program as `dgov`, using a folder that is made; returns the archive and its SHA-256 in hex. */
export function packRelease(folder: string, program: string): { archive: Buffer; digest: string } {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "dgov"), program, { mode: 0o755 });
  Bun.spawnSync(["tar", "-czf", join(folder, "a.tar.gz"), "-C", folder, "dgov"]);
  const archive = readFileSync(join(folder, "a.tar.gz"));
  return { archive, digest: createHash("sha256").update(archive).digest("hex") };
}
