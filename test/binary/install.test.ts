/** `install.sh` against a release server on the loopback that serves a shell script as the program. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { packRelease } from "../harness/release.ts";

const script = resolve(import.meta.dir, "../../install.sh");
const platforms = [
  "linux-x64",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
  "darwin-arm64",
  "darwin-x64",
];

let root = "";
let server: ReturnType<typeof Bun.serve>;
/** Responses of the server by path; any other path is a 404. */
const files = new Map<string, Uint8Array | string>();

/** Publishes a release under a path: one archive for every platform, with its checksum. */
function release(
  at: string,
  program: string,
  damage: (bytes: Buffer) => Buffer | null = (b) => b,
): void {
  const { archive, digest } = packRelease(mkdtempSync(join(root, "release-")), program);
  for (const platform of platforms) {
    const name = `dgov-${platform}.tar.gz`;
    const sent = damage(archive);
    if (sent !== null) files.set(`${at}/${name}`, sent);
    files.set(`${at}/${name}.sha256`, `${digest}  ${name}\n`);
  }
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "dgov-install-"));
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const body = files.get(new URL(request.url).pathname);
      return body === undefined ? new Response("no", { status: 404 }) : new Response(body);
    },
  });
  release("/latest/download", "#!/bin/sh\necho 'dgov 2.0.0'\n");
  release("/download/v1.0.0", "#!/bin/sh\necho 'dgov 1.0.0'\n");
  release("/changed/latest/download", "#!/bin/sh\necho new\n", (b) =>
    Buffer.concat([b, Buffer.from("x")]),
  );
  release("/cut/latest/download", "#!/bin/sh\necho new\n", (b) => b.subarray(0, b.length / 2));
  release("/missing/latest/download", "#!/bin/sh\necho new\n", () => null);
  release("/broken/latest/download", "#!/bin/sh\nexit 1\n");
});

afterAll(async () => {
  await server.stop(true);
  rmSync(root, { recursive: true, force: true });
});

interface Installed {
  home: string;
  bin: string;
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs the installer in a fresh home; `old` is the program installed before. */
async function install(
  o: { args?: string[]; base?: string; old?: string; path?: string } = {},
): Promise<Installed> {
  const home = mkdtempSync(join(root, "home-"));
  const bin = join(home, ".local/bin");
  if (o.old !== undefined) {
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "dgov"), o.old, { mode: 0o755 });
  }
  const child = Bun.spawn(["/bin/sh", script, ...(o.args ?? [])], {
    cwd: home,
    env: {
      HOME: home,
      PATH: o.path ?? process.env["PATH"] ?? "",
      DGOV_BASE_URL: `http://127.0.0.1:${server.port}${o.base ?? ""}`,
      TMPDIR: home,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { home, bin, exitCode, stdout, stderr };
}

/** A PATH that holds only these programs. */
function pathOf(programs: string[]): string {
  const dir = mkdtempSync(join(root, "path-"));
  for (const program of programs) {
    const found = Bun.which(program);
    if (found !== null) symlinkSync(found, join(dir, program));
  }
  return dir;
}

const basics = [
  "cat",
  "chmod",
  "cp",
  "cut",
  "grep",
  "gzip",
  "ldd",
  "ls",
  "mkdir",
  "mktemp",
  "mv",
  "rm",
  "sha256sum",
  "tar",
  "uname",
];

describe("install.sh", () => {
  test("install.sh installs the newest release into ~/.local/bin and leaves no other file", async () => {
    const done = await install();
    expect(done.stderr).toBe("");
    expect(done.stdout).toContain("installed dgov 2.0.0 as");
    expect(readdirSync(done.bin)).toEqual(["dgov"]);
    expect(readdirSync(done.home)).toEqual([".local"]);
    expect(done.exitCode).toBe(0);
  });

  test("install.sh installs the requested version, with or without a leading v", async () => {
    for (const args of [["--version", "1.0.0"], ["--version=v1.0.0"]]) {
      const done = await install({ args });
      expect(done.stdout).toContain("installed dgov 1.0.0 as");
    }
  });

  test("install.sh replaces an older program", async () => {
    const done = await install({ old: "#!/bin/sh\necho old\n" });
    expect(readFileSync(join(done.bin, "dgov"), "utf8")).toContain("2.0.0");
    expect(done.exitCode).toBe(0);
  });

  test.each([
    ["a changed archive", "/changed", "checksum mismatch"],
    ["a truncated download", "/cut", "checksum mismatch"],
    ["a missing archive", "/missing", "failed to download"],
    ["a program that does not start", "/broken", "does not start"],
    ["a server without releases", "/nowhere", "failed to download"],
  ])("install.sh fails for %s and keeps the old program", async (_, base, message) => {
    const old = "#!/bin/sh\necho old\n";
    const done = await install({ base, old });
    expect(done.stderr).toContain(message);
    expect(readFileSync(join(done.bin, "dgov"), "utf8")).toBe(old);
    expect(readdirSync(done.bin)).toEqual(["dgov"]);
    expect(readdirSync(done.home)).toEqual([".local"]);
    expect(done.exitCode).not.toBe(0);
  });

  test.each(["curl", "wget"])("install.sh needs only %s to download", async (client) => {
    if (Bun.which(client) === null) return;
    const done = await install({ path: pathOf([...basics, client]) });
    expect(done.stderr).toBe("");
    expect(done.exitCode).toBe(0);
  });

  test("install.sh names curl and wget when neither is installed", async () => {
    const done = await install({ path: pathOf(basics) });
    expect(done.stderr).toContain("curl or wget is required");
    expect(existsSync(done.bin)).toBe(false);
    expect(done.exitCode).not.toBe(0);
  });

  test("a truncated install.sh installs nothing", async () => {
    const lines = readFileSync(script, "utf8").trimEnd().split("\n");
    const home = mkdtempSync(join(root, "home-"));
    const cut = join(home, "cut.sh");
    writeFileSync(cut, lines.slice(0, -1).join("\n"));
    Bun.spawnSync(["/bin/sh", cut], { env: { HOME: home, PATH: process.env["PATH"] ?? "" } });
    expect(readdirSync(home)).toEqual(["cut.sh"]);
  });

  test.each([[["--version"]], [["--version", "../x"]], [["--frobnicate"]]])(
    "install.sh rejects %j",
    async (args) => {
      expect((await install({ args })).exitCode).not.toBe(0);
    },
  );
});
