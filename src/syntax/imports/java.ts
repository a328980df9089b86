/** `import com.acme.Foo`, `import com.acme.*`, `import static com.acme.Foo.bar`. */
import type { Import } from "../imports.ts";
import type { Node } from "../parser.ts";
import { childOfType, childrenOf, lineOf, nodesOfType } from "./nodes.ts";

/** Java's imports. A static one names the class as its module, and a member as the name. */
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
