import { expect, test } from "bun:test";
import { mountsBelow } from "./files.ts";

test.each([
  ["the path itself", "/a/b", ["/a/b"]],
  ["a path below, with a space", "/a/c d", ["/a/c d/m"]],
  ["several", "/a", ["/a/b", "/a/c d/m", "/a/bbb"]],
  ["none with only the beginning of its name", "/a/bb", []],
] as const)("mountsBelow finds %s", (_, path, expected) => {
  const text = [
    "22 27 0:21 / / rw,relatime - ext4 /dev/vda rw",
    "23 22 0:22 / /a/b rw,relatime shared:1 - tmpfs tmpfs rw",
    "24 22 0:22 /x /a/c\\040d/m rw - ext4 /dev/vda rw",
    "25 22 0:22 / /a/bbb rw - tmpfs tmpfs rw",
    "",
  ].join("\n");
  expect(mountsBelow(text, path)).toEqual([...expected]);
});
