/**
 * Builds the executable.
 *
 *     bun build.ts                       the native one, as dist/dgov
 *     bun build.ts --target linux-arm64  one of the release targets
 *     bun build.ts --release             all of them, each as .tar.gz with its SHA-256
 *
 * Nothing of the directory dgov is later started in is read by it: no bunfig.toml, .env,
 * tsconfig.json or package.json.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** Names of release files and what Bun calls them. x64 is `baseline`: AVX2 is not required. */
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
  if (values.release) refuseDirty(stamp);
  const chosen = values.release ? Object.keys(targets) : values.target;
  if (chosen === undefined) {
    await build(join(dist, "dgov"), { stamp, target: null });
    return;
  }
  for (const name of chosen) {
    if (!Object.hasOwn(targets, name)) {
      throw new Error(`no target ${name}; there are ${Object.keys(targets).join(", ")}`);
    }
    const folder = join(dist, name);
    await build(join(folder, "dgov"), { stamp, target: name as Target });
    if (values.release) pack(dist, folder, name);
  }
}

/** One executable. The outfile is always named `dgov`: its name is part of its bytes. */
async function build(
  outfile: string,
  { stamp, target }: { stamp: Stamp; target: Target | null },
): Promise<void> {
  mkdirSync(join(outfile, ".."), { recursive: true });
  const aside = join(outfile, "..", ".building");
  const result = await Bun.build({
    entrypoints: [join(root, "src/main.ts")],
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    // A command loads its own chunks only: half of the start-up time of `dgov --version`.
    splitting: true,
    compile: {
      outfile: join(aside, "dgov"),
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
  if (!result.success) throw new AggregateError(result.logs, "the build failed");
  renameSync(join(aside, "dgov"), outfile);
  rmSync(aside, { recursive: true });
  const mib = (statSync(outfile).size / 2 ** 20).toFixed(1);
  console.error(`${outfile}  ${mib} MiB  ${stamp.version} (${stamp.commit.slice(0, 12)})`);
}

/** `dgov-<target>.tar.gz` and its `.sha256`, in the form `sha256sum -c` reads. */
function pack(dist: string, folder: string, name: string): void {
  const archive = `dgov-${name}.tar.gz`;
  // Fixed owner, time and order: the same binary gives the same archive.
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

/** Version of package.json and commit of the tree; `+dirty` when the tree differs from it. */
function readStamp(): Stamp {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const commit = run(["git", "rev-parse", "HEAD"], root, "unknown");
  const dirty = run(["git", "status", "--porcelain", "--untracked-files=no"], root, "") !== "";
  return { version: dirty ? `${version}+dirty` : version, commit };
}

/** A release is built from a clean tree, at a tag that says what package.json says, if at a tag. */
function refuseDirty(stamp: Stamp): void {
  if (stamp.version.endsWith("+dirty")) throw new Error("a release is built from a clean tree");
  const tag = run(["git", "describe", "--tags", "--exact-match"], root, "");
  if (tag !== "" && tag !== `v${stamp.version}`) {
    throw new Error(`the tag ${tag} is not the version ${stamp.version} of package.json`);
  }
}

function run(argv: string[], cwd: string, fallback?: string): string {
  const { success, stdout, stderr } = Bun.spawnSync(argv, { cwd });
  if (success) return stdout.toString().trim();
  if (fallback !== undefined) return fallback;
  throw new Error(`${argv.join(" ")}: ${stderr.toString().trim()}`);
}

await main();
