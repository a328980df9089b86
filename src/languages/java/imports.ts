/** Imports of Java, and their resolution. */
import { childOfType, childrenOf, type Import, lineOf, nodesOfType } from "../import-finder.ts";
import type { Node } from "../parser.ts";
import { baseName, type ImportRules, parentFolder, type SourceTree } from "../source-tree.ts";

/**
 * Finds `import com.acme.Foo`, `com.acme.*` and `static com.acme.Foo.bar` (specifier `com.acme.Foo`, name
 * `bar`).
 */
export function javaImports(root: Node): Import[] {
  return nodesOfType(root, ["import_declaration"]).map((node) => {
    const [named] = childrenOf(node);
    const path = (named?.text ?? "").replace(/\s/g, "");
    const all = childOfType(node, "asterisk") !== null;
    const isStatic = node.children.some((child) => child?.type === "static");
    const [, owner = "", last = path] = /^(?:(.*)\.)?([^.]*)$/.exec(path) ?? [];
    const name = all ? "*" : last;
    const specifier = isStatic ? (all ? path : owner) : all ? `${path}.*` : path;
    const names = [{ local: name, imported: name }];
    return { specifier, names, line: lineOf(node), reexport: false };
  });
}

/** Conventional source roots: `<module>/src/<set>/java/`, else a folder such as `src` or `java`. */
const roots = /^((?:.*?\/)?)(?:src\/[^/]+\/java|src|source|java|main|tests?)\/(.*)$/;

const testName = /(^Test\w*|\w(Tests?|TestCase|IT))\.java$/;

/**
 * Resolves a class by the folders of its package, below any source root. Neighbours are the other files of the
 * package in all source sets of its module, without test classes; files of a test source set are neighbours of
 * test code only.
 */
export function javaImportRules(tree: SourceTree): ImportRules {
  const byName = new Map<string, string[]>();
  const byPackage = new Map<string, string[]>();
  const byLastFolder = new Map<string, Set<string>>();
  for (const path of tree.files) {
    if (!path.endsWith(".java")) continue;
    const folder = parentFolder(path);
    addTo(byName, path.slice(folder === "" ? 0 : folder.length + 1), path);
    addTo(byPackage, packageOf(path), path);
    const last = baseName(folder);
    byLastFolder.set(last, (byLastFolder.get(last) ?? new Set()).add(folder));
  }

  const classNamed = (parts: readonly string[]): string[] => {
    const suffix = `${parts.join("/")}.java`;
    return (byName.get(`${parts.at(-1)}.java`) ?? []).filter((path) => endsWith(path, suffix));
  };
  const packageNamed = (parts: readonly string[]): string[] =>
    [...(byLastFolder.get(parts.at(-1) ?? "") ?? [])]
      .filter((folder) => endsWith(folder, parts.join("/")))
      .flatMap((folder) =>
        (tree.folders.get(folder) ?? [])
          .filter((name) => name.endsWith(".java") && !testName.test(name))
          .map((name) => `${folder}/${name}`),
      );

  return {
    resolve(_from, { specifier }) {
      const parts = specifier.split(".");
      if (parts.at(-1) === "*") {
        const found = packageNamed(parts.slice(0, -1));
        if (found.length > 0) return found;
        parts.pop();
      }
      // A nested class is in the file of its outer class.
      for (; parts.length > 0; parts.pop()) {
        const found = classNamed(parts);
        if (found.length > 0) return found;
        if (!/^\p{Lu}/u.test(parts.at(-2) ?? "")) break;
      }
      return [];
    },
    neighbours(path) {
      const test = isTest(path);
      return (byPackage.get(packageOf(path)) ?? []).filter(
        (other) => other !== path && !testName.test(other) && (test || !isTest(other)),
      );
    },
  };
}

function isTest(path: string): boolean {
  return testName.test(path) || /(^|\/)(src\/)?tests?\//.test(path);
}

/** Key of a package: its module folder and its package folders. */
function packageOf(path: string): string {
  const [, module = "", inside = path] = roots.exec(path) ?? [];
  return `${module}\0${parentFolder(inside)}`;
}

function endsWith(path: string, suffix: string): boolean {
  return path === suffix || path.endsWith(`/${suffix}`);
}

function addTo(map: Map<string, string[]>, key: string, path: string): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [path]);
  else known.push(path);
}
