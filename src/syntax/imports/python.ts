/** `import a.b as c`, `from ..a import b as c`, wherever they stand. */
import type { Import, ImportedName } from "../imports.ts";
import type { Node } from "../parser.ts";
import { childOfType, lineOf, nodesOfType } from "./nodes.ts";

/** Python's imports. What `__init__.py` takes in, it hands on. */
export function pythonImports(root: Node, path: string): Import[] {
  const reexport = /(^|\/)__init__\.pyi?$/.test(path);
  return nodesOfType(root, ["import_statement", "import_from_statement"]).flatMap((node) => {
    const line = lineOf(node);
    const named = node.childrenForFieldName("name").filter((child) => child !== null);
    if (node.type === "import_statement") {
      return named.map((child) => {
        const { local, imported } = nameOf(child);
        return { specifier: imported, names: [{ local, imported: "*" }], line, reexport };
      });
    }
    const specifier = node.childForFieldName("module_name")?.text.replace(/\s/g, "") ?? "";
    const all = childOfType(node, "wildcard_import") !== null;
    const names = all ? [{ local: "*", imported: "*" }] : named.map(nameOf);
    return [{ specifier, names, line, reexport }];
  });
}

function nameOf(node: Node): ImportedName {
  const imported = (node.childForFieldName("name") ?? node).text.replace(/\s/g, "");
  return { local: node.childForFieldName("alias")?.text ?? imported, imported };
}
