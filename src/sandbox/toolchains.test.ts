import { describe, expect, test } from "bun:test";
import { type Probe, toolchainFolders } from "./toolchains.ts";

/** A file system of paths; a value is the target of a link or, after `text:`, the text of a file. */
function probeOf(entries: Record<string, string>): Probe {
  const folders = new Set(
    Object.keys(entries).flatMap((path) => {
      const names = path.split("/");
      return names.map((_, n) => names.slice(0, n + 1).join("/"));
    }),
  );
  return {
    exists: (path) => folders.has(path),
    real: (path) => {
      const value = entries[path] ?? "";
      return value.startsWith("/") ? value : folders.has(path) ? path : null;
    },
    linksIn: (folder) =>
      Object.keys(entries).filter(
        (path) => path.startsWith(`${folder}/`) && (entries[path] ?? "").startsWith("/"),
      ),
    text: (path) => entries[path]?.replace("text:", "") ?? null,
  };
}

const home = "/home/u";
const system = ["/usr", "/bin", "/etc"];
const closed = ["/home/u/repo", "/home/u/.local/state/dgov", "/home/u/.cache/dgov"];

function found(entries: Record<string, string>, env: Record<string, string> = {}) {
  return toolchainFolders(
    { env: { PATH: "/usr/bin:/bin", ...env }, home, system, closed },
    probeOf(entries),
  );
}

describe("folders of toolchains", () => {
  test("in the home folder are seen when they exist, caches as stores", () => {
    const entries = {
      "/home/u/.rustup/toolchains/x": "",
      "/home/u/.cargo/bin/cargo": "",
      "/home/u/.cargo/registry/x": "",
      "/home/u/.cargo/credentials.toml": "",
      "/home/u/.npmrc": "",
      "/home/u/.ssh/id": "",
      "/home/u/.cache/uv/x": "",
    };
    expect(found(entries)).toEqual({
      read: ["/home/u/.rustup", "/home/u/.cargo/bin"],
      stores: ["/home/u/.cargo/registry", "/home/u/.cache/uv"],
    });
  });

  test("that variables name are seen, wherever they are", () => {
    const entries = { "/data/cargo/registry": "", "/data/go/bin/go": "", "/data/uv/x": "" };
    const env = { CARGO_HOME: "/data/cargo", GOROOT: "/data/go", UV_CACHE_DIR: "/data/uv" };
    expect(found(entries, env)).toEqual({
      read: ["/data/go"],
      stores: ["/data/cargo", "/data/uv"],
    });
  });

  test("on PATH are seen with the prefix that they are installed in, and no more than that", () => {
    const entries = {
      "/data/node/bin/node": "",
      "/data/node/lib/x": "",
      "/data/tools/bin/x": "",
      "/home/u/.local/bin/y": "",
      "/home/u/.local/share/z": "",
    };
    const env = { PATH: "/data/node/bin:/data/tools/bin:/home/u/.local/bin:/missing:bin" };
    expect(found(entries, env).read).toEqual([
      "/data/node",
      "/data/tools/bin",
      "/home/u/.local/bin",
    ]);
  });

  test("that a link on PATH leads to are seen, without the project beside a linked file", () => {
    const entries = {
      "/home/u/.local/bin/poetry": "/home/u/.local/share/pypoetry/venv/bin/poetry",
      "/home/u/.local/share/pypoetry/venv/bin/poetry": "",
      "/home/u/.local/share/pypoetry/venv/lib/x": "",
      "/home/u/.local/bin/mine": "/home/u/src/mine/run.sh",
      "/home/u/src/mine/run.sh": "",
      "/home/u/src/mine/.git/x": "",
    };
    const { read } = found(entries, { PATH: "/home/u/.local/bin" });
    expect(read).toContain("/home/u/.local/share/pypoetry");
    expect(read).toContain("/home/u/src/mine/run.sh");
    expect(read).not.toContain("/home/u/src/mine");
  });

  test("of a Node.js package on PATH include the packages beside it", () => {
    const entries = {
      "/data/tools/node_modules/.bin/pnpm": "/data/tools/node_modules/pnpm/bin/pnpm.cjs",
      "/data/tools/node_modules/pnpm/bin/pnpm.cjs": "",
      "/data/tools/node_modules/pnpm/dist/pnpm.cjs": "",
      "/data/bin/tsc": "/data/own/node_modules/typescript/bin/tsc",
      "/data/own/node_modules/typescript/bin/tsc": "",
    };
    const { read } = found(entries, { PATH: "/data/tools/node_modules/.bin:/data/bin" });
    expect(read.toSorted()).toEqual([
      "/data/bin",
      "/data/own/node_modules",
      "/data/tools/node_modules",
    ]);
  });

  test("of a virtual environment include the interpreter that it was made from", () => {
    const entries = {
      "/data/venv/bin/python": "",
      "/data/venv/pyvenv.cfg": "text:home = /data/python/bin\n",
      "/data/python/bin/python3": "",
      "/data/python/lib/x": "",
    };
    const { read } = found(entries, { PATH: "/data/venv/bin" });
    expect(read).toEqual(["/data/venv", "/data/python"]);
  });

  test.each([
    ["the home folder", { PATH: "/home/u" }],
    ["the checkout", { PATH: "/home/u/repo/node_modules/.bin" }],
    ["a folder above the checkout", { GOROOT: "/home" }],
    ["dgov's own state", { PIP_CACHE_DIR: "/home/u/.local/state/dgov" }],
    ["a relative folder", { PATH: "bin:.", GOROOT: "go" }],
    ["a path that an overlay cannot have", { GOCACHE: "/data/a,b" }],
  ] as [string, Record<string, string>][])("never include %s", (_name, env) => {
    const entries = {
      "/home/u/repo/node_modules/.bin/x": "",
      "/home/u/.local/state/dgov/key": "",
      "/data/a,b/x": "",
    };
    expect(found(entries, env)).toEqual({ read: [], stores: [] });
  });
});
