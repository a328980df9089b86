import { expect, test } from "bun:test";
import { namespacesArgv } from "./namespaces.ts";
import type { CommandView } from "./view.ts";

const programs = {
  bwrap: "/usr/bin/bwrap",
  unshare: "/usr/bin/unshare",
  nsenter: "/usr/bin/nsenter",
  mount: "/usr/bin/mount",
  mkdir: "/usr/bin/mkdir",
  disableUserns: true,
};

const view: CommandView = {
  tree: { path: "/cache/trees/1", at: "/dgov/tree" },
  holder: null,
  cwd: "app",
  system: ["/usr", "/etc"],
  mounts: [],
  stores: [],
  hidden: [],
  git: null,
  objects: [],
  temporary: null,
  home: "/home/u",
  network: "none",
  sockets: [],
  devices: [],
  user: { uid: 1000, gid: 1000 },
};

/** The places of the mounts, in their order. */
function places(of: CommandView): string[] {
  const argv = namespacesArgv(of, programs);
  const kinds = new Set(["--bind", "--ro-bind", "--dev-bind"]);
  return argv.flatMap((word, n) => {
    if (kinds.has(word)) return argv[n + 2] ?? [];
    return word === "--tmpfs" ? (argv[n + 1] ?? []) : [];
  });
}

test("a command starts in its folder of the tree, with a root that cannot be written", () => {
  const argv = namespacesArgv(view, programs);
  expect(argv[0]).toBe("/usr/bin/bwrap");
  expect(argv.slice(-4)).toEqual(["--remount-ro", "/", "--chdir", "/dgov/tree/app"]);
  expect(argv.join(" ")).toContain("--bind /cache/trees/1 /dgov/tree");
  expect(argv.join(" ")).toContain("--proc /proc --ro-bind /proc/sys /proc/sys");
});

test("only network host shares the network", () => {
  expect(namespacesArgv(view, programs)).toContain("--unshare-net");
  expect(namespacesArgv({ ...view, network: "host" }, programs)).not.toContain("--unshare-net");
});

test("what lies below a folder is mounted after it", () => {
  const mounts = [
    { from: "/home/u/.cargo/bin", at: "/home/u/.cargo/bin", write: false },
    { from: "/x", at: "/home/u/.cargo/bin/x", write: false },
  ];
  const hidden = [{ path: "/etc/shadow", folder: false }];
  const order = places({ ...view, mounts, hidden, home: "/home/u" });
  const at = (path: string): number => order.indexOf(path);
  expect(at("/home/u")).toBeLessThan(at("/home/u/.cargo/bin"));
  expect(at("/home/u/.cargo/bin")).toBeLessThan(at("/home/u/.cargo/bin/x"));
  expect(at("/etc")).toBeLessThan(at("/etc/shadow"));
});

test("with a holder a command enters its mount namespace first", () => {
  const argv = namespacesArgv({ ...view, holder: { pid: 7 }, stores: ["/s"] }, programs);
  const enter = "/usr/bin/nsenter -t 7 -U -m --preserve-credentials -- /usr/bin/bwrap";
  expect(argv.slice(0, 8).join(" ")).toBe(enter);
  expect(argv.join(" ")).toContain("--bind /s /s");
});

test("without a holder stores are overlays in a mount namespace of the command's own", () => {
  const argv = namespacesArgv({ ...view, stores: ["/s", "/t"] }, programs);
  const start = argv.indexOf("sh");
  expect(argv[0]).toBe("/usr/bin/unshare");
  const expected = ["sh", "/usr/bin/mount", "/usr/bin/mkdir", "2", "/s", "/t", "/usr/bin/bwrap"];
  expect(argv.slice(start, start + 7)).toEqual(expected);
});
