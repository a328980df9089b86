/** Rights that tests of layered trees need. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** True when this user can mount an overlay in namespaces of its own. */
export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "dgov-mounts-"));
  try {
    const script = `cd "$1" && mkdir l u w m && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w,userxattr o m`;
    const run = Bun.spawnSync(["unshare", "-Urm", "sh", "-c", script, "sh", folder], {
      stderr: "ignore",
    });
    return run.exitCode === 0;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
