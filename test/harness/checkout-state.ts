/** The state of a checkout, to be compared with a later one. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Digests by path of a checkout's files, and of its index and HEAD, without the files that dgov keeps to itself. */
export function checkoutState(path: string): Record<string, string> {
  const gitDir = join(path, ".git");
  const linked = statSync(gitDir).isFile();
  const own = linked ? readFileSync(gitDir, "utf8").slice("gitdir: ".length).trim() : gitDir;
  const files = [...new Bun.Glob("**/*").scanSync({ cwd: path, dot: true })]
    .filter(
      (file) =>
        !/^\.git\/|(?:^|\/)\.dgov\/(?:state\.db|out\/|runtime\/)|_compiled\.toml$/.test(file),
    )
    .map((file) => join(path, file));
  const digest = (file: string): string => Bun.hash(readFileSync(file)).toString();
  const all = [join(own, "index"), join(own, "HEAD"), ...files];
  return Object.fromEntries(all.map((file) => [file, digest(file)]));
}
