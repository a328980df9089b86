/**
 * Builds the executable.
 *
 *     bun build.ts                       native executable, dist/dgov
 *     bun build.ts --target linux-arm64  executable of one release target, dist/<target>/dgov
 *     bun build.ts --release             every target as .tar.gz with its SHA-256, and llms-full.txt
 *
 * `--out DIR` replaces dist. The executable reads no bunfig.toml, .env, tsconfig.json or package.json from
 * the directory it is started in.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** Bun's compile target for each release target. x64 uses `baseline`, which does not require AVX2. */
const targets = {
  "linux-x64": "bun-linux-x64-baseline",
  "linux-x64-musl": "bun-linux-x64-baseline-musl",
  "linux-arm64": "bun-linux-arm64",
  "linux-arm64-musl": "bun-linux-arm64-musl",
  "darwin-arm64": "bun-darwin-arm64",
  "darwin-x64": "bun-darwin-x64",
} as const satisfies Record<string, Bun.Build.CompileTarget>;

type Target = keyof typeof targets;

const root = import.meta.dir;

interface Stamp {
  version: string;
  commit: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      target: { type: "string", multiple: true },
      release: { type: "boolean" },
      out: { type: "string" },
    },
  });
  const dist = values.out ?? join(root, "dist");
  const stamp = readStamp();
  if (values.release) requireReleasable(stamp);
  const chosen = values.release ? Object.keys(targets) : values.target;
  if (chosen === undefined) {
    await build(join(dist, "dgov"), { stamp, target: null });
    return;
  }
  for (const name of chosen) {
    if (!Object.hasOwn(targets, name)) {
      throw new Error(`unknown target ${name}; targets: ${Object.keys(targets).join(", ")}`);
    }
    const folder = join(dist, name);
    await build(join(folder, "dgov"), { stamp, target: name as Target });
    if (values.release) pack(dist, folder, name);
  }
  if (values.release) await writeFullText(join(dist, "llms-full.txt"));
}

/** Writes all documents as one file. */
async function writeFullText(path: string): Promise<void> {
  const { fullText } = await import("./test/docs/pages.ts");
  writeFileSync(path, await fullText());
  console.error(path);
}

/** Builds one executable. The outfile is always named `dgov`, because its name is part of its bytes. */
async function build(
  outfile: string,
  { stamp, target }: { stamp: Stamp; target: Target | null },
): Promise<void> {
  mkdirSync(join(outfile, ".."), { recursive: true });
  const temporary = join(outfile, "..", ".building");
  const result = await Bun.build({
    entrypoints: [join(root, "src/main.ts")],
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    // A command loads only its own chunks, which halves the start-up time of `dgov --version`.
    splitting: true,
    compile: {
      outfile: join(temporary, "dgov"),
      ...(target === null ? {} : { target: targets[target] }),
      autoloadBunfig: false,
      autoloadDotenv: false,
      autoloadPackageJson: false,
      autoloadTsconfig: false,
    },
    define: {
      DGOV_VERSION: JSON.stringify(stamp.version),
      DGOV_COMMIT: JSON.stringify(stamp.commit),
      DGOV_TARGET: JSON.stringify(target ?? `${process.platform}-${process.arch}`),
    },
  });
  if (!result.success) throw new AggregateError(result.logs, "build failed");
  renameSync(join(temporary, "dgov"), outfile);
  rmSync(temporary, { recursive: true });
  const mib = (statSync(outfile).size / 2 ** 20).toFixed(1);
  console.error(`${outfile}  ${mib} MiB  ${stamp.version} (${stamp.commit.slice(0, 12)})`);
}

/** Writes `dgov-<target>.tar.gz` and its `.sha256`, in the format of `sha256sum -c`. */
function pack(dist: string, folder: string, name: string): void {
  const archive = `dgov-${name}.tar.gz`;
  // Fixed owner, time and order, so that the same binary gives the same archive.
  run(
    [
      "tar",
      "--sort=name",
      "--owner=0",
      "--group=0",
      "--numeric-owner",
      "--mtime=@0",
      "-cf",
      archive.slice(0, -3),
      "-C",
      folder,
      "dgov",
    ],
    dist,
  );
  run(["gzip", "-nf", archive.slice(0, -3)], dist);
  const digest = createHash("sha256")
    .update(readFileSync(join(dist, archive)))
    .digest("hex");
  writeFileSync(join(dist, `${archive}.sha256`), `${digest}  ${archive}\n`);
}

/** Version from package.json, with `+dirty` if tracked files differ from HEAD, and the commit of HEAD. */
function readStamp(): Stamp {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const commit = run(["git", "rev-parse", "HEAD"], root, "unknown");
  const dirty = run(["git", "status", "--porcelain", "--untracked-files=no"], root, "") !== "";
  return { version: dirty ? `${version}+dirty` : version, commit };
}

/** Throws if the tree is dirty, or if HEAD is tagged with another version than that of package.json. */
function requireReleasable(stamp: Stamp): void {
  if (stamp.version.endsWith("+dirty"))
    throw new Error("a release build needs a clean tree: commit or stash the changes");
  const tag = run(["git", "describe", "--tags", "--exact-match"], root, "");
  if (tag !== "" && tag !== `v${stamp.version}`) {
    throw new Error(`tag ${tag} does not match version ${stamp.version} in package.json`);
  }
}

function run(argv: string[], cwd: string, fallback?: string): string {
  const { success, stdout, stderr } = Bun.spawnSync(argv, { cwd });
  if (success) return stdout.toString().trim();
  if (fallback !== undefined) return fallback;
  throw new Error(`${argv.join(" ")}: ${stderr.toString().trim()}`);
}

await main();
