/** `docs/getting-started.md`, block by block in an empty folder: every command works as written. */

import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { dgovCommand } from "../harness/bin.ts";
import { scaled } from "../harness/limits.ts";
import { testEnvironment } from "../harness/repo.ts";

const page = readFileSync(resolve(import.meta.dir, "../../docs/getting-started.md"), "utf8");
const written = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);

/** Blocks that a reader stops with Ctrl-C. */
const followed = /^dgov watch( |$)/m;
const served = /^dgov demo --serve/m;
const lookMs = 2000;

interface Reader {
  folder: string;
  /** Runs a block; its exported variables are set for the next one. */
  type(block: string): Bun.Subprocess<"ignore", "pipe", "pipe">;
}

function reader(root: string): Reader {
  const [bin, folder, home, state] = ["bin", "project", "home", "state"].map((name) =>
    join(root, name),
  ) as [string, string, string, string];
  for (const made of [bin, folder, home]) mkdirSync(made);
  const program = dgovCommand()
    .map((word) => `'${word}'`)
    .join(" ");
  writeFileSync(join(bin, "dgov"), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 });
  writeFileSync(state, "");
  const { PATH, HOME, XDG_CONFIG_HOME, XDG_CACHE_HOME, LANG, GIT_CONFIG_NOSYSTEM } =
    testEnvironment(home);
  const env = {
    PATH: `${bin}:${PATH}`,
    HOME,
    XDG_CONFIG_HOME,
    XDG_CACHE_HOME,
    LANG,
    GIT_CONFIG_NOSYSTEM,
  };
  return {
    folder,
    type: (block) =>
      Bun.spawn(["sh", "-e", "-c", `. '${state}'\n${block}\nexport -p >'${state}'`], {
        cwd: folder,
        env: env as Record<string, string>,
        stdio: ["ignore", "pipe", "pipe"],
        // In its own process group, so that a signal reaches the same processes as from a terminal.
        detached: true,
      }),
  };
}

function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("") });
  const { port } = server;
  void server.stop(true);
  return port ?? 0;
}

async function firstWords(stream: ReadableStream<Uint8Array>): Promise<string> {
  const read = stream.getReader();
  const { value } = await read.read();
  read.releaseLock();
  return new TextDecoder().decode(value);
}

let root = "";
afterAll(() => rmSync(root, { recursive: true, force: true }));

test(
  "every command block of docs/getting-started.md works, in order",
  async () => {
    root = mkdtempSync(join(tmpdir(), "dgov-page-"));
    const { folder, type } = reader(root);
    const port = String(freePort());
    const outputs: string[] = [];
    let model: Bun.Subprocess | null = null;
    try {
      for (const block of written.map((text) => text.replaceAll("8787", port))) {
        const shell = type(block);
        if (served.test(block)) {
          model = shell;
          expect(await firstWords(shell.stdout)).toBe(`base_url = "http://127.0.0.1:${port}/v1"\n`);
          continue;
        }
        const stop = followed.test(block)
          ? setTimeout(() => process.kill(-shell.pid, "SIGINT"), lookMs)
          : null;
        const [stdout, stderr, code] = await Promise.all([
          new Response(shell.stdout).text(),
          new Response(shell.stderr).text(),
          shell.exited,
        ]);
        if (stop !== null) clearTimeout(stop);
        expect([block, stdout + stderr, code]).toEqual([
          block,
          stdout + stderr,
          stop === null ? 0 : 130,
        ]);
        outputs.push(stdout);
      }
    } finally {
      if (model !== null) process.kill(-model.pid, "SIGINT");
      await model?.exited;
    }
    const all = outputs.join("");
    for (const words of ["Hello, Ada!", "3 of 3 units landed", "seq"]) expect(all).toContain(words);
    expect(existsSync(join(folder, "farewell.sh"))).toBe(true);
    // The fix was undone.
    const usage = readFileSync(join(folder, "USAGE.md"), "utf8");
    expect(usage).toBe("# Usage\n\n    sh greet.sh Ada\n    sh farewell.sh Ada\n");
  },
  scaled(120_000),
);
