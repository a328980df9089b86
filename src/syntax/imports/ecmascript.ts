/** `import`, `export ... from`, `require()` and `import()` of a literal, in TypeScript and JavaScript. */
import type { Import, ImportedName } from "../imports.ts";
import type { Node } from "../parser.ts";
import { childOfType, childrenOf, lineOf, nodesOfType } from "./nodes.ts";

const nothing: ImportedName = { local: "", imported: "*" };

/** Imports of TypeScript and JavaScript, type-only ones included. */
export function ecmascriptImports(root: Node): Import[] {
  // Calls are many, and few of them import.
  const calls = /\brequire\s*\(|\bimport\s*\(/.test(root.text) ? ["call_expression"] : [];
  const types = ["import_statement", "export_statement", ...calls];
  return nodesOfType(root, types).flatMap((node) => {
    const found = node.type === "call_expression" ? called(node) : stated(node);
    if (found === null) return [];
    const { specifier, names } = found;
    const reexport = node.type === "export_statement";
    return [{ specifier, names, line: lineOf(node), reexport }];
  });
}

type Found = Pick<Import, "specifier" | "names"> | null;

function stated(node: Node): Found {
  const required = childOfType(node, "import_require_clause");
  const specifier = literal((required ?? node).childForFieldName("source"));
  if (specifier === null) return null;
  if (required !== null) {
    const local = childOfType(required, "identifier")?.text ?? "";
    return { specifier, names: [{ local, imported: "*" }] };
  }
  const clauses = childrenOf(node).flatMap((child) =>
    child.type === "import_clause" ? childrenOf(child) : [child],
  );
  const names = clauses.flatMap(bindings);
  if (names.length > 0) return { specifier, names };
  const all = node.type === "export_statement" ? { local: "*", imported: "*" } : nothing;
  return { specifier, names: [all] };
}

/** The names a clause binds. */
function bindings(clause: Node): ImportedName[] {
  switch (clause.type) {
    case "identifier":
      return [{ local: clause.text, imported: "default" }];
    case "namespace_import":
    case "namespace_export":
      return [{ local: childrenOf(clause)[0]?.text ?? "", imported: "*" }];
    case "named_imports":
    case "export_clause":
      return childrenOf(clause).flatMap((specifier) => {
        const name = specifier.childForFieldName("name");
        if (name === null) return [];
        const imported = unquoted(name.text);
        return [
          { local: unquoted(specifier.childForFieldName("alias")?.text ?? imported), imported },
        ];
      });
    default:
      return [];
  }
}

/** `require("x")` or `import("x")`, and what a declaration around it makes of the result. */
function called(node: Node): Found {
  const callee = node.childForFieldName("function");
  if (callee?.type !== "import" && callee?.text !== "require") return null;
  const argument = node.childForFieldName("arguments")?.namedChild(0) ?? null;
  const specifier = literal(argument);
  if (specifier === null) return null;
  let outer = node.parent;
  while (outer?.type === "await_expression" || outer?.type === "parenthesized_expression") {
    outer = outer.parent;
  }
  const target = outer?.type === "variable_declarator" ? outer.childForFieldName("name") : null;
  return { specifier, names: target === null ? [nothing] : destructured(target) };
}

function destructured(target: Node): ImportedName[] {
  if (target.type === "identifier") return [{ local: target.text, imported: "*" }];
  const names = childrenOf(target).flatMap((part) => {
    if (part.type === "shorthand_property_identifier_pattern") {
      return [{ local: part.text, imported: part.text }];
    }
    const key = part.childForFieldName("key");
    const value = part.childForFieldName("value");
    return key === null || value?.type !== "identifier"
      ? []
      : [{ local: value.text, imported: unquoted(key.text) }];
  });
  return names.length > 0 ? names : [nothing];
}

/** The text of a string literal without substitutions. */
function literal(node: Node | null): string | null {
  if (node?.type !== "string" && node?.type !== "template_string") return null;
  if (childOfType(node, "template_substitution") !== null) return null;
  return unquoted(node.text);
}

function unquoted(text: string): string {
  return /^(["'`])(.*)\1$/s.exec(text)?.[2] ?? text;
}
