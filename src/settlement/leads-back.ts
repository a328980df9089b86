/** Whether a dependency folder leads back into the checkout it lies in. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";

/** Folders looked at before other work gets its turn. */
const breath = 200;
const textBytesMax = 1024 * 1024;

/**
 * Words for the first thing in `folder` that would make a copy of it use something of `checkout`, or
 * null. A relative link that stays in the checkout is fine: in a copy it leads to the copy's own tree.
 */
export async function leadsBack(folder: string, checkout: string): Promise<string | null> {
  const open = [folder];
  let looked = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (++looked % breath === 0) await Bun.sleep(0);
    const entries = readdirSync(at, { withFileTypes: true });
    const environment = entries.some(({ name }) => name === "pyvenv.cfg");
    for (const entry of entries) {
      const path = join(at, entry.name);
      if (entry.isSymbolicLink()) {
        if (leaves(path, checkout)) return `${path} links to ${readlinkSync(path)}`;
      } else if (entry.isDirectory()) {
        if (environment && entry.name === "bin" && scriptsName(path, checkout)) {
          return `${path} names ${checkout}`;
        }
        open.push(path);
      } else if (tellsPaths(entry.name) && mentions(path, checkout)) {
        return `${path} names ${checkout}`;
      }
    }
  }
  return null;
}

function leaves(link: string, checkout: string): boolean {
  const target = readlinkSync(link);
  if (isAbsolute(target)) return true;
  return relative(checkout, resolve(dirname(link), target)).startsWith("..");
}

/** Files by which Python finds packages that lie elsewhere. */
function tellsPaths(name: string): boolean {
  return /\.(pth|egg-link)$/.test(name) || /^__editable__.*\.py$/.test(name);
}

function scriptsName(folder: string, checkout: string): boolean {
  return readdirSync(folder).some((name) => mentions(join(folder, name), checkout));
}

function mentions(path: string, text: string): boolean {
  const stats = lstatSync(path);
  return stats.isFile() && stats.size <= textBytesMax && readFileSync(path).includes(text);
}
