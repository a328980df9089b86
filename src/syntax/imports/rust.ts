/** `use`, `mod name;`, `extern crate`, and paths written in place. */
import type { Import, ImportedName } from "../imports.ts";
import type { Node } from "../parser.ts";
import { childOfType, childrenOf, lineOf, nodesOfType } from "./nodes.ts";

interface Leaf {
  path: string[];
  local: string;
}

/** Rust's imports, their paths as seen from the file's own module. */
export function rustImports(root: Node): Import[] {
  const found: Import[] = [];
  const add = (node: Node, leaf: Leaf, reexport: boolean): void => {
    const path = fromFile(leaf.path, modulesAround(node));
    const name = { local: leaf.local, imported: path.at(-1) ?? "*" };
    const whole = path.length === 1;
    const specifier = (whole ? path : path.slice(0, -1)).join("::");
    const names: ImportedName = whole ? { ...name, imported: "*" } : name;
    const line = lineOf(node);
    const same = found.find(
      (one) => one.specifier === specifier && one.line === line && one.reexport === reexport,
    );
    if (same === undefined) found.push({ specifier, names: [names], line, reexport });
    else same.names.push(names);
  };
  for (const node of nodesOfType(root, [
    "use_declaration",
    "mod_item",
    "extern_crate_declaration",
  ])) {
    const reexport = childOfType(node, "visibility_modifier") !== null;
    const name = node.childForFieldName("name")?.text ?? "";
    if (node.type === "use_declaration") {
      const argument = node.childForFieldName("argument");
      if (argument !== null) for (const leaf of leaves(argument, [])) add(node, leaf, reexport);
    } else if (node.type === "extern_crate_declaration") {
      const local = node.childForFieldName("alias")?.text ?? name;
      found.push({
        specifier: name,
        names: [{ local, imported: "*" }],
        line: lineOf(node),
        reexport,
      });
    } else if (node.childForFieldName("body") === null) {
      const specifier = pathAttribute(node) ?? ["self", ...modulesAround(node), name].join("::");
      found.push({
        specifier,
        names: [{ local: name, imported: "*" }],
        line: lineOf(node),
        reexport,
      });
    }
  }
  return found;
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

function segments(node: Node | null): string[] {
  return node === null ? [] : node.text.replace(/\s/g, "").split("::").filter(Boolean);
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
