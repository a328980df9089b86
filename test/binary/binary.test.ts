/** The executable file: size, build information, and independence of the directory it runs in. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { dgov, dgovJson, requireBinary } from "../harness/bin.ts";
import { testEnvironment } from "../harness/repo.ts";

const bytesMax = 130_000_000;

let binary = "";
let root = "";
const before = process.env["DGOV_BIN"];

beforeAll(async () => {
  binary = await requireBinary();
  root = mkdtempSync(join(tmpdir(), "dgov-binary-"));
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  if (before === undefined) delete process.env["DGOV_BIN"];
});

describe("binary", () => {
  test("the binary is smaller than 130 MB", () => {
    expect(statSync(binary).size).toBeLessThan(bytesMax);
  });

  test("the binary prints the version and commit it was built from", async () => {
    const { document, exitCode } = await dgovJson(["version"]);
    const { version } = await Bun.file(resolve(import.meta.dir, "../../package.json")).json();
    expect(document["version"]).toBeOneOf([version, `${version}+dirty`]);
    expect(document["commit"]).toMatch(/^[0-9a-f]{40}$/);
    expect(exitCode).toBe(0);
  });

  test("the binary starts alone in a directory, without PATH", async () => {
    const alone = join(root, "alone");
    mkdirSync(alone);
    copyFileSync(binary, join(alone, "dgov"));
    const child = Bun.spawnSync([join(alone, "dgov"), "--version"], { cwd: alone, env: {} });
    expect(child.stderr.toString()).toBe("");
    expect(child.stdout.toString()).toStartWith("dgov ");
    expect(child.exitCode).toBe(0);
    expect(readdirSync(alone)).toEqual(["dgov"]);
  });

  test("C12 a hostile working directory executes no code in the binary and sets no variable", async () => {
    const hostile = join(root, "hostile");
    const marker = join(root, "ran");
    mkdirSync(join(hostile, "node_modules/citty"), { recursive: true });
    const run = `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "ran");`;
    const put = (name: string, text: string): void => writeFileSync(join(hostile, name), text);
    put("evil.js", run);
    put("bunfig.toml", `preload = ["./evil.js"]\n[test]\npreload = ["./evil.js"]\n`);
    put(".env", "DGOV_JSON=1\nBUN_OPTIONS=--preload=./evil.js\n");
    put(".env.local", "DGOV_JSON=1\n");
    put(
      "package.json",
      JSON.stringify({ name: "dgov", type: "commonjs", imports: { "#x": "./evil.js" } }),
    );
    put("tsconfig.json", JSON.stringify({ compilerOptions: { paths: { citty: ["./evil.js"] } } }));
    put("node_modules/citty/index.js", run);
    put("node_modules/citty/package.json", JSON.stringify({ name: "citty", main: "index.js" }));
    const env = testEnvironment(root);
    const { stdout, exitCode } = await dgov(["version"], { cwd: hostile, env });
    expect(stdout).toStartWith("dgov ");
    for (const args of [["help"], ["status"], ["plan", "list"]])
      await dgov(args, { cwd: hostile, env });
    expect(await Bun.file(marker).exists()).toBe(false);
    expect(exitCode).toBe(0);
  });
});
