/** `import name "path"`. */
import type { Import } from "../imports.ts";
import type { Node } from "../parser.ts";
import { lineOf, nodesOfType } from "./nodes.ts";

/** Go's imports: each is a whole package. */
export function goImports(root: Node): Import[] {
  return nodesOfType(root, ["import_spec"]).map((node) => {
    const specifier = (node.childForFieldName("path")?.text ?? "").slice(1, -1);
    const alias = node.childForFieldName("name")?.text ?? packageName(specifier);
    const local = alias === "_" ? "" : alias === "." ? "*" : alias;
    const names = [{ local, imported: "*" }];
    return { specifier, names, line: lineOf(node), reexport: false };
  });
}

/** What a package is called by convention: its folder, or the one above a version. */
function packageName(path: string): string {
  const parts = path.split("/");
  const last = parts.at(-1) ?? "";
  const named =
    /^v\d+$/.test(last) && parts.length > 1 ? parts.at(-2) : last.replace(/\.v\d+$/, "");
  return named ?? last;
}
