import { expect, test } from "bun:test";
import { landlockGaps, landlockRules } from "./landlock-rules.ts";
import type { CommandView } from "./view.ts";

const view: CommandView = {
  tree: { path: "/cache/trees/1", at: "/dgov/tree" },
  holder: null,
  cwd: "",
  system: ["/usr"],
  mounts: [
    { from: "/home/u/.rustup", at: "/home/u/.rustup", write: false },
    { from: "/cache/git", at: "/cache/git", write: true },
  ],
  stores: ["/home/u/.cache/uv"],
  hidden: [{ path: "/etc/shadow", folder: false }],
  git: null,
  objects: ["/home/u/repo/.git/objects"],
  temporary: "/cache/tmp",
  home: "/home/u",
  network: "none",
  sockets: [],
  devices: [],
  user: { uid: 1000, gid: 1000 },
};
const options = { abi: 7, ports: [20_000], unixSockets: false };

test("only the tree, its git dirs and temporary files may be written, stores and terminals not", () => {
  const { read, write, hidden } = landlockRules(view, options);
  const paths = write.filter((path) => !path.startsWith("/dev/"));
  expect(paths).toEqual(["/cache/trees/1", "/cache/git", "/cache/tmp"]);
  expect(write.filter((path) => /tty|pts|ptmx/.test(path))).toEqual([]);
  expect(read).toEqual(expect.arrayContaining(["/home/u/repo/.git/objects", "/home/u/.cache/uv"]));
  expect(read).not.toContain("/home/u");
  expect(hidden).toEqual(["/etc/shadow"]);
});

test("without network only the ports of the tree's slot can be used; a granted socket opens all of them", () => {
  expect(landlockRules(view, options)).toMatchObject({ ports: [20_000], unixSockets: false });
  const granted: CommandView = { ...view, network: "host", sockets: ["/run/docker.sock"] };
  const rules = landlockRules(granted, options);
  expect(rules).toMatchObject({ ports: null, unixSockets: true });
  expect(rules.write).toContain("/run/docker.sock");
});

test.each([
  [3, /TCP is not limited.*signalled/],
  [4, /^processes outside can be signalled/],
  [5, /^processes outside can be signalled/],
])("the gaps of ABI %p are named", (abi, text) => {
  expect(landlockGaps(abi)).toMatch(text);
});

test("ABI 6 and later have no gaps to name", () => {
  expect([6, 7, 9].map(landlockGaps)).toEqual([null, null, null]);
});
