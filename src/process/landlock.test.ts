import { describe, expect, test } from "bun:test";
import type { LandlockRules } from "./confine.ts";
import { kernelRuleset, withoutHidden } from "./landlock.ts";

const rules: LandlockRules = {
  abi: 7,
  read: ["/usr", "/etc/hosts", "/missing"],
  write: ["/tree", "/dev/null"],
  hidden: [],
  ports: [40_000, 40_001],
  unixSockets: false,
};
const files = new Set(["/etc/hosts", "/dev/null"]);
const look = (path: string): { folder: boolean } | null =>
  path === "/missing" ? null : { folder: !files.has(path) };

/** Bits of `LANDLOCK_ACCESS_FS_*`. */
const [execute, writeFile, readFile, readDir, character, block] = [0, 1, 2, 3, 6, 11];
const [refer, truncate, ioctl] = [13, 14, 15];
const bits = (...numbers: number[]): bigint =>
  numbers.reduce((sum, n) => sum | (1n << BigInt(n)), 0n);

describe("C23 the ruleset of Landlock", () => {
  test.each([
    [3, bits(ioctl) - 1n, 0n, 0n, 0],
    [4, bits(ioctl) - 1n, 3n, 0n, 2],
    [5, bits(ioctl + 1) - 1n, 3n, 0n, 2],
    [6, bits(ioctl + 1) - 1n, 3n, 3n, 2],
    [7, bits(ioctl + 1) - 1n, 3n, 3n, 2],
    [12, bits(ioctl + 1) - 1n, 3n, 3n, 2],
  ])("handles everything that ABI %p knows", (abi, fs, net, scoped, ports) => {
    const made = kernelRuleset(rules, abi, look);
    expect([made.handledFs, made.handledNet, made.scoped]).toEqual([fs, net, scoped]);
    expect(made.ports).toHaveLength(ports);
    // The kernel refuses a rule with a right that is not handled.
    for (const { access } of made.paths) expect(access & ~made.handledFs).toBe(0n);
  });

  test("lets read, write and make no device in folders that may be written", () => {
    const made = kernelRuleset(rules, 7, look);
    const access = (path: string): bigint | undefined =>
      made.paths.find((rule) => rule.path === path)?.access;
    expect(access("/usr")).toBe(bits(execute, readFile, readDir));
    const tree = access("/tree") ?? 0n;
    expect(tree & bits(character, block)).toBe(0n);
    expect(tree & bits(writeFile, readFile, refer, truncate)).toBe(
      bits(writeFile, readFile, refer, truncate),
    );
  });

  test("gives files the rights of files only, and leaves out what does not exist", () => {
    const made = kernelRuleset(rules, 7, look);
    expect(made.paths).toEqual([
      { path: "/usr", access: bits(execute, readFile, readDir) },
      { path: "/etc/hosts", access: bits(execute, readFile) },
      { path: "/tree", access: expect.anything() },
      { path: "/dev/null", access: bits(execute, writeFile, readFile, truncate, ioctl) },
    ]);
  });

  test("limits no port with the network of the machine", () => {
    const made = kernelRuleset({ ...rules, ports: null }, 7, look);
    expect([made.handledNet, made.ports]).toEqual([0n, []]);
  });

  const tree: Record<string, string[]> = {
    "/etc": ["hosts", "shadow", "ssl"],
    "/etc/ssl": ["certs", "private"],
  };
  test.each<[string, string[], string[]]>([
    ["nothing", [], ["/etc"]],
    ["a file elsewhere", ["/usr/x", "/etcetera"], ["/etc"]],
    ["a file", ["/etc/shadow"], ["/etc/hosts", "/etc/ssl"]],
    [
      "a file and a folder further down",
      ["/etc/shadow", "/etc/ssl/private"],
      ["/etc/hosts", "/etc/ssl/certs"],
    ],
    ["the folder itself", ["/etc"], []],
  ])("grants a folder without hidden entries: %s", (_name, hidden, granted) => {
    expect(withoutHidden("/etc", hidden, (folder) => tree[folder] ?? [])).toEqual(granted);
  });
});
