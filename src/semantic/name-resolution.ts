/** Resolves names and imports of one file to symbols of any file. */
import type { Import, ImportedName } from "../languages/import-finder.ts";
import { parentFolder } from "../languages/source-tree.ts";
import {
  type FileSymbol,
  ownerName,
  type Reference,
  type SymbolTable,
} from "../languages/symbol-table/symbol-table.ts";
import type { MergeVersions } from "./merge-versions.ts";

/** A possible symbol: its file and its qualified name there. It may not exist. */
export interface Target {
  path: string;
  name: string;
  /** True when it is accessed on an instance, not on the type. */
  instance: boolean;
}

/** Re-exporting modules followed per name. */
const hopsMax = 5;

/**
 * Symbols that a reference may mean; none for local variables and names that cannot be resolved. The caller
 * checks which of the targets exist.
 */
export async function targetsOf(
  versions: MergeVersions,
  file: SymbolTable,
  reference: Reference,
): Promise<Target[]> {
  const [first = "?", ...rest] = reference.path;
  if (first === "?" || rest.includes("?")) return [];
  if (isSelf(file, first)) {
    const owner = typeOwner(file, reference.within);
    if (owner === "" || rest.length === 0) {
      return owner === "" || file.language !== "rust" ? [] : [target(file.path, owner, false)];
    }
    const [member = "", ...more] = rest;
    if (more.length > 0) {
      return memberTargets(versions, file, reference.within, memberType(file, owner, member), more);
    }
    return [target(file.path, `${owner}.${rest[0]}`, first !== "Self")];
  }
  const type = file.types.get(reference.scope)?.get(first);
  if (type !== undefined && rest.length > 0) {
    const found = await memberTargets(versions, file, reference.within, type, rest);
    if (found.length > 0 || !type.endsWith("()")) return found;
  }
  if (reference.scope !== "" && file.locals.get(reference.scope)?.has(first)) return [];
  const outer = outerType(file, reference.within, first);
  if (outer !== undefined && rest.length > 0) {
    const found = await memberTargets(versions, file, reference.within, outer, rest);
    if (found.length > 0 || !outer.endsWith("()")) return found;
  }
  return nameTargets(
    versions,
    file,
    { path: reference.path, within: bodyAround(file, reference) },
    hopsMax,
  );
}

/**
 * Symbol that a reference is evaluated in. Values of fields, decorators and defaults of parameters belong to
 * the body of a Python class.
 */
function bodyAround({ language, symbols }: SymbolTable, { within, line }: Reference): string {
  if (language !== "python") return within;
  const around = symbols.find((one) => one.name === within && one.kind !== "type");
  if (around === undefined) return within;
  return around.kind === "field" || line < around.bodyLine ? ownerName(within) : within;
}

/** Type of a file-level variable, or of a field that is accessed without its object. */
function outerType(file: SymbolTable, within: string, name: string): string | undefined {
  for (const owner of ownersAround(file, within)) {
    const type = memberType(file, owner, name);
    if (type !== undefined) return type;
  }
  return file.types.get("")?.get(name) ?? file.types.get(name)?.get(name);
}

/** Targets of a dotted name that does not begin with a variable. */
async function nameTargets(
  versions: MergeVersions,
  file: SymbolTable,
  { path, within }: Pick<Reference, "path" | "within">,
  hops: number,
): Promise<Target[]> {
  const [first = "?"] = path;
  const name = path.join(".");
  for (const owner of ownersAround(file, within)) {
    if (file.symbols.some((symbol) => symbol.name === `${owner}.${first}`)) {
      return [target(file.path, `${owner}.${name}`, false)];
    }
  }
  const found: Target[] = [];
  if (file.symbols.some((symbol) => symbol.name === first))
    found.push(target(file.path, name, false));
  for (const { imported, local, rest } of importsBinding(file, path)) {
    for (const target of await importTargets(versions, file, imported, local, rest, hops)) {
      found.push(target);
    }
  }
  if (found.length > 0 || hops < hopsMax) return found;
  // Files of a package share their names.
  const shares = file.language === "go" || file.language === "java";
  const here = [target(file.path, name, false)];
  if (!shares) return here;
  const folder = parentFolder(file.path);
  const siblings = versions.paths.filter(
    (one) => parentFolder(one) === folder && one !== file.path,
  );
  return [...here, ...siblings.map((one) => target(one, name, false))];
}

/** Imports that bind the first part of a dotted name, with the parts after it. */
function importsBinding(
  file: SymbolTable,
  path: readonly string[],
): { imported: Import; local: ImportedName; rest: string[] }[] {
  const found: { imported: Import; local: ImportedName; rest: string[] }[] = [];
  for (const imported of file.imports) {
    for (const local of imported.names) {
      const parts = local.local === "*" ? [] : local.local.split(".");
      if (local.local === "" || parts.some((part, i) => path[i] !== part)) continue;
      found.push({ imported, local, rest: path.slice(parts.length) });
    }
  }
  if (file.language === "rust" && path.length > 1) found.push(...inlinePathImports(path));
  return found;
}

/** The imports equivalent to a Rust path in an expression, such as `crate::load::run(...)`. */
function inlinePathImports(path: readonly string[]) {
  const found: { imported: Import; local: ImportedName; rest: string[] }[] = [];
  if (!/^(crate|self|super)$/.test(path[0] ?? "")) return found;
  for (let cut = path.length - 1; cut >= 1; cut--) {
    const local = { local: path[cut] ?? "", imported: path[cut] ?? "" };
    const specifier = path.slice(0, cut).join("::");
    const imported = { specifier, names: [local], line: 0, reexport: false };
    found.push({ imported, local, rest: path.slice(cut + 1) });
  }
  return found;
}

async function importTargets(
  versions: MergeVersions,
  file: SymbolTable,
  imported: Import,
  local: ImportedName,
  rest: string[],
  hops: number,
): Promise<Target[]> {
  const targets: Target[] = [];
  for (const path of await filesOf(versions, file.path, { ...imported, names: [local] })) {
    const names = local.imported === "*" ? [rest] : [[local.imported, ...rest]];
    // `from package import module`, `use crate::module`: the name is the file itself.
    if (local.imported !== "*" && rest.length > 0 && stemOf(path) === local.imported) {
      names.push(rest);
    }
    for (const name of names) {
      if (name.length === 0) continue;
      targets.push(target(path, name.join("."), false));
      if (hops > 0) targets.push(...(await reexportTargets(versions, path, name, hops - 1)));
    }
  }
  return targets;
}

/** Targets of a name that a module re-exports. */
async function reexportTargets(
  versions: MergeVersions,
  path: string,
  name: string[],
  hops: number,
): Promise<Target[]> {
  const [first = "", ...rest] = name;
  const text = (await versions.text("merged", path)) ?? (await versions.text("base", path));
  if (text === null || !mayReexport(path, text, first)) return [];
  const file = (await versions.table("merged", path)) ?? (await versions.table("base", path));
  if (file === null) return [];
  const alias = file.aliases.get(first);
  if (alias !== undefined && alias !== first) {
    return [target(path, [alias, ...rest].join("."), false)];
  }
  const defaultExport = file.symbols.find((one) => one.isDefault);
  if (first === "default" && defaultExport !== undefined) {
    return [target(path, [defaultExport.name, ...rest].join("."), false)];
  }
  if (file.symbols.some((one) => one.name === first)) return [];
  return (await nameTargets(versions, file, { path: name, within: "" }, hops)).filter(
    (target) => target.path !== path,
  );
}

/** True for a text that may re-export a name; others are not parsed. */
function mayReexport(path: string, text: string, name: string): boolean {
  if (/\.pyi?$/.test(path)) return text.includes(name);
  if (path.endsWith(".rs")) return /\bpub\b[^;{]*\buse\b/.test(text);
  return !/\.(go|java)$/.test(path) && /\bexports?\b\s*([*{=.]|default\b|type\b)/.test(text);
}

/** Files that an import resolves to in the merged version, or else in the base. */
export async function filesOf(
  versions: MergeVersions,
  from: string,
  imported: Import,
): Promise<string[]> {
  const now = (await versions.index("merged")).resolve(from, imported);
  return now.length > 0 ? now : (await versions.index("base")).resolve(from, imported);
}

/** Targets of a member of a value of this type; intermediate members are followed by their declared types. */
async function memberTargets(
  versions: MergeVersions,
  file: SymbolTable,
  within: string,
  type: string | undefined,
  [member = "", ...rest]: readonly string[],
): Promise<Target[]> {
  if (type === undefined || type.includes("?")) return [];
  const found: Target[] = [];
  if (type.endsWith("()")) {
    const path = type.slice(0, -2).split(".");
    for (const made of await nameTargets(versions, file, { path, within }, hopsMax)) {
      const table = await versions.table("merged", made.path);
      const [maker, ...others] = table?.symbols.filter((one) => one.name === made.name) ?? [];
      if (table === null || maker === undefined || others.length > 0) continue;
      const name = maker.returns === "Self" ? ownerName(maker.name) : maker.returns;
      if (name === "") continue;
      found.push(...(await memberTargets(versions, table, maker.name, name, [member, ...rest])));
    }
    return found;
  }
  for (const owner of await nameTargets(
    versions,
    file,
    { path: type.split("."), within },
    hopsMax,
  )) {
    if (rest.length === 0) {
      found.push(target(owner.path, `${owner.name}.${member}`, true));
      continue;
    }
    const table = await versions.table("merged", owner.path);
    if (table === null) continue;
    const next = memberType(table, owner.name, member);
    found.push(...(await memberTargets(versions, table, owner.name, next, rest)));
  }
  return found;
}

/** Type of a member: declared in the type, or assigned in one of its methods or constructors. */
function memberType({ types }: SymbolTable, owner: string, member: string): string | undefined {
  const declared = types.get(`${owner}.${member}`)?.get(member);
  if (declared !== undefined) return declared;
  const set = [...types]
    .filter(([scope]) => scope.startsWith(`${owner}.`))
    .flatMap(([, variables]) => variables.get(`self.${member}`) ?? []);
  return set.length > 0 ? set[0] : types.get(`${owner}.constructor`)?.get(member);
}

function isSelf({ language }: SymbolTable, name: string): boolean {
  if (language === "python") return name === "self" || name === "cls";
  if (language === "rust") return name === "self" || name === "Self";
  return language !== "go" && name === "self";
}

/** Type that a symbol is a member of; "" when it is not a member. */
function typeOwner(file: SymbolTable, within: string): string {
  const owner = ownerName(within);
  const symbol = file.symbols.find((one) => one.name === owner);
  // In Rust the type of an `impl` may be defined in another file.
  return symbol?.kind === "type" || file.language === "rust" ? owner : "";
}

/**
 * Symbols with members that are accessible without qualification: enclosing ones from the innermost outwards,
 * then the symbol itself.
 */
function ownersAround(file: SymbolTable, within: string): string[] {
  const owners: string[] = [];
  for (let cut = within.lastIndexOf("."); cut > 0; cut = within.lastIndexOf(".", cut - 1)) {
    owners.push(within.slice(0, cut));
  }
  const isOpen = (owner: string): boolean =>
    file.language === "java" ||
    // The names of a Python class are accessible in its body, not in its methods.
    (file.language === "python" && owner === within && isType(file, owner)) ||
    file.symbols.some((one) => one.name === owner && one.kind === "module");
  return [...owners, within].filter((owner) => owner !== "" && isOpen(owner));
}

function isType({ symbols }: SymbolTable, name: string): boolean {
  return symbols.some((one) => one.name === name && one.kind === "type");
}

function target(path: string, name: string, instance: boolean): Target {
  return { path, name, instance };
}

/** Module name of a file: its stem, or the folder name for a file such as `__init__.py` or `index.ts`. */
function stemOf(path: string): string {
  const parts = path.replace(/\.[^./]+$/, "").split("/");
  const last = parts.at(-1) ?? "";
  return /^(__init__|mod|lib|main|index)$/.test(last) ? (parts.at(-2) ?? "") : last;
}

/** Symbols of a name in a file; for a call of a type, its constructors if it has any. */
export function symbolsNamed(file: SymbolTable, name: string, called: boolean): FileSymbol[] {
  const own = file.symbols.filter((symbol) => symbol.name === name);
  if (!called || own[0]?.kind !== "type") return own;
  const constructors = file.symbols.filter(
    (symbol) =>
      symbol.constructs &&
      symbol.name.startsWith(`${name}.`) &&
      !symbol.name.slice(name.length + 1).includes("."),
  );
  return constructors.length > 0 ? constructors : own;
}
