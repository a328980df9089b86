/** `use`, `mod name;`, `extern crate`, and paths written in place. */
import type { Import } from "../imports.ts";
import type { Node } from "../parser.ts";
import { childOfType, childrenOf, lineOf, nodesOfType } from "./nodes.ts";

interface Leaf {
  path: string[];
  local: string;
}

/** Rust's imports, their paths as seen from the file's own module. */
export function rustImports(root: Node): Import[] {
  const types = ["use_declaration", "mod_item", "extern_crate_declaration"];
  const found = nodesOfType(root, types).flatMap((node) => {
    const line = lineOf(node);
    const reexport = childOfType(node, "visibility_modifier") !== null;
    return grouped(stated(node)).map((one) => ({ ...one, line, reexport }));
  });
  return [...found, ...inPlace(root)];
}

/** What one declaration names. */
function stated(node: Node): Leaf[] {
  const around = modulesAround(node);
  if (node.type === "use_declaration") {
    const argument = node.childForFieldName("argument");
    if (argument === null) return [];
    return leaves(argument, []).map(({ path, local }) => ({ path: fromFile(path, around), local }));
  }
  const name = node.childForFieldName("name")?.text ?? "";
  if (node.type === "extern_crate_declaration") {
    return [{ path: [name], local: node.childForFieldName("alias")?.text ?? name }];
  }
  if (node.childForFieldName("body") !== null) return [];
  const file = pathAttribute(node);
  const path = file === null ? [["self", ...around, name].join("::")] : [file];
  return [{ path, local: name }];
}

/** Leaves of one module together; a path of one segment is a whole module. */
function grouped(found: readonly Leaf[]): Pick<Import, "specifier" | "names">[] {
  const modules = new Map<string, Import["names"]>();
  for (const { path, local } of found) {
    const [specifier, imported] =
      path.length > 1 ? [path.slice(0, -1).join("::"), path.at(-1) ?? "*"] : [path[0] ?? "", "*"];
    const names = modules.get(specifier) ?? [];
    if (!names.some((name) => name.local === local && name.imported === imported)) {
      names.push({ local, imported });
    }
    modules.set(specifier, names);
  }
  return [...modules].map(([specifier, names]) => ({ specifier, names }));
}

/** Paths in the code itself (`crate::a::f()`); each once, where it is first. They bind nothing. */
function inPlace(root: Node): Import[] {
  const first = new Map<string, Import>();
  for (const node of nodesOfType(root, ["scoped_identifier", "scoped_type_identifier"])) {
    if (/^(scoped_|use_)/.test(node.parent?.type ?? "")) continue;
    const written = segments(node);
    // A capital is a type's, or a generic's: its name was bound somewhere else.
    if (written.length < 2 || !/^(?!(std|core|alloc)$)[\p{Ll}_$]/u.test(written[0] ?? "")) continue;
    const leaf = { path: fromFile(written, modulesAround(node)), local: "" };
    for (const one of grouped([leaf])) {
      const key = leaf.path.join("::");
      if (!first.has(key)) first.set(key, { ...one, line: lineOf(node), reexport: false });
    }
  }
  return [...first.values()];
}

/** The paths a use tree names, with what each is called. */
function leaves(node: Node, prefix: string[]): Leaf[] {
  switch (node.type) {
    case "scoped_use_list":
    case "use_list": {
      const path = [...prefix, ...segments(node.childForFieldName("path"))];
      const list = node.type === "use_list" ? node : node.childForFieldName("list");
      return list === null ? [] : childrenOf(list).flatMap((child) => leaves(child, path));
    }
    case "use_as_clause": {
      const path = [...prefix, ...segments(node.childForFieldName("path"))];
      const alias = node.childForFieldName("alias")?.text ?? "";
      return [{ path: whole(path), local: alias === "_" ? "" : alias }];
    }
    case "use_wildcard":
      return [{ path: [...prefix, ...segments(node.namedChild(0)), "*"], local: "*" }];
    case "line_comment":
    case "block_comment":
      return [];
    default: {
      const path = whole([...prefix, ...segments(node)]);
      return [{ path, local: path.at(-1) ?? "" }];
    }
  }
}

/** `a::{self}` is `a`. */
function whole(path: string[]): string[] {
  return path.length > 1 && path.at(-1) === "self" ? path.slice(0, -1) : path;
}

/** The names of a path, generics left out. */
function segments(node: Node | null): string[] {
  const text = node?.text.replace(/<.*>/s, "").replace(/\s/g, "") ?? "";
  return text.split("::").filter(Boolean);
}

/** Names of the inline modules around a node, outermost first. */
function modulesAround(node: Node): string[] {
  const names: string[] = [];
  for (let outer = node.parent; outer !== null; outer = outer.parent) {
    if (outer.type === "mod_item") names.unshift(outer.childForFieldName("name")?.text ?? "");
  }
  return names;
}

/** A path written inside inline modules, from the file's module: `super` leads out of one first. */
function fromFile(path: string[], around: string[]): string[] {
  if (around.length === 0 || (path[0] !== "super" && path[0] !== "self")) return path;
  const inside = [...around];
  let rest = path[0] === "self" ? path.slice(1) : path;
  while (rest[0] === "super" && inside.length > 0) {
    inside.pop();
    rest = rest.slice(1);
  }
  return rest[0] === "super" ? rest : ["self", ...inside, ...rest];
}

/** The file a `#[path = "..."]` before a module names. */
function pathAttribute(node: Node): string | null {
  for (let before = node.previousNamedSibling; before !== null; ) {
    if (before.type !== "attribute_item") return null;
    const file = /^#\[path="([^"]+)"\]$/.exec(before.text.replace(/\s/g, ""))?.[1];
    if (file !== undefined) return `./${file}`;
    before = before.previousNamedSibling;
  }
  return null;
}
