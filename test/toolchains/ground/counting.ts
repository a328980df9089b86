/**
 * Counts of what compilers and package managers do, whatever tree, sandbox or process they run in.
 *
 * `rustc` and Go's `compile` are counted by wrappers that cargo and go have a setting for; `uv` and `pnpm` by programs
 * of these names that come first on PATH. All of them run the real program with the same arguments, streams and exit
 * code, and write one line into a named pipe beside them, which a sandbox shows like every folder on PATH. A pipe can
 * be written to where the folder is read-only.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolEnvironment } from "./corpus.ts";

export interface Count {
  /** `rustc`, `go`, `uv` or `pnpm`. */
  tool: string;
  /** Crate or package that was compiled; the number of packages that were installed. */
  subject: string;
  /** Distinguishes compilations of one crate with different options; empty where that is not known. */
  variant: string;
}

export interface Counter extends AsyncDisposable {
  /** Environment in which the tools are counted; `DGOV_COUNTED` holds names for `[run] env`. */
  env: Record<string, string>;
  /** Everything counted since the start. */
  counts(): Promise<Count[]>;
}

/** Variables of `Counter.env` that commands must receive. */
export const countingVariables = ["RUSTC_WRAPPER", "GOFLAGS"];

const note = `printf '%s\\n' "$line" 2>/dev/null 1<>"$(dirname "$0")/calls" || :\n`;

const scripts = (real: (name: string) => string): Record<string, string> => ({
  "rustc-counted": `name= id= before=
for word; do
  [ "$before" = --crate-name ] && name=$word
  case $word in metadata=*) id=\${word#metadata=} ;; esac
  before=$word
done
if [ -n "$name" ] && [ "$name" != ___ ]; then
  line="rustc $name $id"
  ${note}fi
exec "$@"
`,
  "go-counted": `case $1 in
*/compile)
  name= before=
  for word; do
    [ "$before" = -p ] && name=$word
    before=$word
  done
  case " $* " in *" -V=full "*) ;; *)
    line="go $name"
    ${note} ;; esac ;;
esac
exec "$@"
`,
  uv: `case $1 in
sync | add | remove | pip)
  errors=$(mktemp)
  '${real("uv")}' "$@" 2> "$errors"
  status=$?
  cat "$errors" >&2
  line="uv $(sed -n 's/^Installed \\([0-9]*\\) package.*/\\1/p' "$errors")"
  rm -f "$errors"
  ${note}  exit $status ;;
esac
exec '${real("uv")}' "$@"
`,
  pnpm: `case $1 in
install | add | remove)
  output=$(mktemp)
  '${real("pnpm")}' "$@" > "$output"
  status=$?
  cat "$output"
  line="pnpm $(sed -n 's/^Packages: +\\([0-9]*\\).*/\\1/p' "$output")"
  rm -f "$output"
  ${note}  exit $status ;;
esac
exec '${real("pnpm")}' "$@"
`,
});

/** Starts counting; `folder` is created and removed by the caller. */
export async function startCounting(folder: string): Promise<Counter> {
  const tools = toolEnvironment();
  const path = tools["PATH"] ?? "";
  mkdirSync(folder);
  const pipe = join(folder, "calls");
  const log = join(folder, "log");
  Bun.spawnSync(["mkfifo", "-m", "666", pipe]);
  const real = (name: string): string => Bun.which(name, { PATH: path }) ?? name;
  for (const [name, text] of Object.entries(scripts(real))) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}`);
    chmodSync(join(folder, name), 0o755);
  }
  writeFileSync(log, "");
  // The reader's own end keeps the pipe open between writers.
  const words = ["sh", "-c", 'exec 3<> "$1"; exec cat <&3 >> "$2"', "sh", pipe, log];
  const reader = Bun.spawn(words, { stdio: ["ignore", "ignore", "ignore"] });
  let marks = 0;
  return {
    env: {
      ...tools,
      PATH: `${folder}:${path}`,
      RUSTC_WRAPPER: join(folder, "rustc-counted"),
      GOFLAGS: `${tools["GOFLAGS"]} -toolexec=${join(folder, "go-counted")}`,
    },
    async counts() {
      // The reader has received all earlier lines once it has received this one.
      const mark = `mark ${++marks}`;
      await Bun.spawn(["sh", "-c", `echo '${mark}' 1<> "$1"`, "sh", pipe]).exited;
      while (!readFileSync(log, "utf8").includes(`${mark}\n`)) await Bun.sleep(5);
      const lines = readFileSync(log, "utf8").split("\n");
      return lines
        .filter((line) => line !== "" && !line.startsWith("mark "))
        .map((line) => {
          const [tool = "", subject = "", variant = ""] = line.split(" ");
          return { tool, subject, variant };
        });
    },
    async [Symbol.asyncDispose]() {
      reader.kill("SIGKILL");
      await reader.exited;
    },
  };
}
