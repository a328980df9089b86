/** Mount namespaces of dgov's own. They need user namespaces and overlays of a normal user. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdMounts, type MountHolder, mountPath } from "../../src/process/mount-holder.ts";
import { canMount } from "../harness/mounts.ts";

describe.skipIf(!canMount())("a mount holder", () => {
  const folder = mkdtempSync(join(tmpdir(), "dgov-holder-"));
  let holder: MountHolder;
  const mount = (name: string): Promise<void> =>
    holder.mount([
      {
        lowers: ["lower"],
        upper: mountPath(name, "u"),
        work: mountPath(name, "w"),
        at: mountPath(name, "m"),
      },
    ]);
  const unmount = async (name: string): Promise<void> => {
    await holder.unmount([mountPath(name, "m")]);
    await holder.remove([mountPath(name)]);
  };

  beforeAll(async () => {
    mkdirSync(join(folder, "lower", "sub"), { recursive: true });
    writeFileSync(join(folder, "lower", "sub", "a"), "lower");
    holder = await holdMounts({
      folder,
      right: "user_namespace",
      memoryBytes: 16 * 1024 * 1024,
    });
  });
  afterAll(async () => {
    await holder?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test("writes go to the upper and never to the layer below", async () => {
    await mount("one");
    writeFileSync(holder.path(mountPath("one", "m", "sub", "a")), "upper");
    expect(readFileSync(join(folder, "lower", "sub", "a"), "utf8")).toBe("lower");
    expect(readdirSync(holder.path(mountPath("one", "u", "sub")))).toEqual(["a"]);
    await unmount("one");
    expect(existsSync(holder.path(mountPath("one")))).toBe(false);
  });

  test("nothing outside the namespace sees a mount", async () => {
    await mount("two");
    expect(readdirSync(join(folder, "mnt"))).toEqual([]);
    await unmount("two");
  });

  test("a mount that the system refuses is an error with its message", async () => {
    const overlay = { lowers: ["missing"], upper: mountPath("x", "u"), work: mountPath("x", "w") };
    const failing = holder.mount([{ ...overlay, at: mountPath("x", "m") }]);
    await expect(failing).rejects.toThrow(/mounting a layered tree: /);
  });

  test("uppers on disk are removed with their holder", async () => {
    const onDisk = await holdMounts({ folder, right: "user_namespace", memoryBytes: null });
    await onDisk.mount([
      {
        lowers: ["lower"],
        upper: mountPath("three", "u"),
        work: mountPath("three", "w"),
        at: mountPath("three", "m"),
      },
    ]);
    writeFileSync(onDisk.path(mountPath("three", "m", "b")), "b");
    await onDisk.end();
    expect(readdirSync(folder).sort()).toEqual(["lower", "mnt"]);
  });
});
