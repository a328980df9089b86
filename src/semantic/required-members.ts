/**
 * Rule signature_drift for types: one side requires a new member of an interface, trait or abstract class, the
 * other side adds an implementation without it.
 */
import { parentFolder } from "../languages/source-tree.ts";
import {
  type FileSymbol,
  ownerName,
  type SymbolTable,
  simpleName,
} from "../languages/symbol-table/symbol-table.ts";
import { hiddenBySyntax } from "./certainty/doubt.ts";
import { type Finding, type Side, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";
import { targetsOf } from "./name-resolution.ts";

/** A member that implementations must have since one side's change. */
interface Requirement {
  path: string;
  owner: string;
  member: string;
  line: number;
  side: Side;
}

/** A type that names another one as its interface, trait or base. */
interface Implementation {
  type: string;
  of: string;
  line: number;
  /** Text that may make or inherit members which are not listed; null for none. */
  doubt: string | null;
}

/** Findings of new implementations that lack a member which the other side made required. */
export async function missingMembers(versions: MergeVersions): Promise<Finding[]> {
  const requirements = await newRequirements(versions);
  const findings: Finding[] = [];
  if (requirements.length === 0) return findings;
  for (const path of versions.paths) {
    const table = await versions.table("merged", path);
    const text = await versions.text("merged", path);
    if (table === null || text === null) continue;
    const before = await versions.table("base", path);
    const old = new Set(
      before === null
        ? []
        : implementationsIn(before, (await versions.text("base", path)) ?? "").map(keyOf),
    );
    for (const one of implementationsIn(table, text)) {
      if (old.has(keyOf(one))) continue;
      const reference = { path: one.of.split(/::|\./), line: one.line, within: "", scope: "" };
      const targets = await targetsOf(versions, table, { ...reference, call: null });
      for (const required of requirements) {
        const user = required.side === "ours" ? "theirs" : "ours";
        if (!versions.changedBy(path)[user]) continue;
        const isOf = targets.some(
          (target) => target.path === required.path && target.name === required.owner,
        );
        if (!isOf || (await hasMember(versions, table, one, required.member))) continue;
        const doubt =
          one.doubt ??
          (await doubtOf(versions, table, one)) ??
          (await hiddenBySyntax(versions, "merged", path, required.member));
        findings.push(missing(path, one, required, doubt));
      }
    }
  }
  return findings;
}

function keyOf({ type, of }: Implementation): string {
  return `${type} ${of}`;
}

async function newRequirements(versions: MergeVersions): Promise<Requirement[]> {
  const found: Requirement[] = [];
  for (const path of versions.paths) {
    const required = async (version: "base" | "ours" | "theirs" | "merged") => {
      const table = await versions.table(version, path);
      return table === null ? null : requiredIn(table, (await versions.text(version, path)) ?? "");
    };
    const [base, merged] = [await required("base"), await required("merged")];
    if (base === null || merged === null) continue;
    const [ours, theirs] = [await required("ours"), await required("theirs")];
    const owners = new Set((await versions.table("base", path))?.symbols.map(({ name }) => name));
    for (const [name, { line }] of merged) {
      if (base.has(name) || !owners.has(ownerName(name))) continue;
      if ((ours?.has(name) ?? false) === (theirs?.has(name) ?? false)) continue;
      const side = theirs?.has(name) ? "theirs" : "ours";
      found.push({ path, owner: ownerName(name), member: simpleName(name), line, side });
    }
  }
  return found;
}

/** Members of a file's interfaces, traits and abstract classes that implementations must define. */
function requiredIn(table: SymbolTable, text: string): Map<string, FileSymbol> {
  const { language, symbols } = table;
  const types = new Map(
    symbols
      .filter(({ kind }) => kind === "type")
      .map((one) => [one.name, headerOf(text.slice(one.start, one.end))]),
  );
  const required = symbols.filter(({ name, start, end, kind }) => {
    const header = types.get(ownerName(name));
    if (header === undefined) return false;
    const written = text.slice(start, end);
    if (language === "python") return /^\s*@(abc\.)?abstractmethod\b/m.test(written);
    if (language === "rust") return /\btrait\b/.test(header) && /^[^{=]*;?$/.test(written);
    if (language === "go") return /\binterface\s*$/.test(header) && kind === "function";
    if (/^[^({]*\babstract\b/.test(written)) return true;
    if (!/\binterface\b/.test(header)) return false;
    if (language !== "java") return !/^(readonly\s+)?["'\w$]+\s*\?/.test(written);
    return kind === "function" && !/\{|^[^(]*\b(default|static|private)\b/.test(written);
  });
  return new Map(required.map((one) => [one.name, one]));
}

/** Text of a type before its body, without comments. */
function headerOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "").split("{")[0] ?? "";
}

/** Types of a file that implement or extend another one. */
function implementationsIn({ language, symbols }: SymbolTable, text: string): Implementation[] {
  if (language === "rust") return traitImplementations(text);
  if (language === "go") return assertedImplementations(text);
  return symbols
    .filter(({ kind }) => kind === "type")
    .flatMap((one): Implementation[] => {
      const written = text.slice(one.start, one.end);
      const abstract =
        language === "python"
          ? /^\s*@(abc\.)?abstractmethod\b/m.test(written)
          : !/\bclass\b/.test(headerOf(written)) || /\babstract\b/.test(headerOf(written));
      // Several declarations of one name are merged.
      if (abstract || symbols.filter(({ name }) => name === one.name).length > 1) return [];
      const header = language === "python" ? written : headerOf(written);
      const { bases, interfaces } = superTypes(language, header);
      const made = /@(Data|Getter|Value|AutoValue|Delegate|RequiredArgsConstructor|Accessors)\b/;
      return [...bases, ...interfaces].map((of) => ({
        type: one.name,
        of,
        line: one.line,
        doubt: made.test(header)
          ? "an annotation may make the member"
          : bases.some((base) => base !== of && !/^(ABC|abc\.ABC|object|Generic)$/.test(base))
            ? `\`${one.name}\` has a base class that may define the member`
            : null,
      }));
    });
}

/** Names in the header of a class, without their type arguments. */
function superTypes(
  language: SymbolTable["language"],
  header: string,
): { bases: string[]; interfaces: string[] } {
  const plain = withoutArguments(header);
  if (language === "python") {
    const list = /class\s+\w+\s*\(([^)]*)\)\s*:/.exec(header)?.[1] ?? "";
    const bases = namesIn(list.replace(/\[[^\]]*\]/g, "")).filter((one) => !one.includes("="));
    return { bases, interfaces: [] };
  }
  const bases = namesIn(/\bextends\s+([\s\S]*?)(?=\bimplements\b|$)/.exec(plain)?.[1] ?? "");
  return { bases, interfaces: namesIn(/\bimplements\s+([\s\S]*)$/.exec(plain)?.[1] ?? "") };
}

function withoutArguments(text: string): string {
  const shorter = text.replace(/<[^<>]*>/g, "");
  return shorter === text ? text : withoutArguments(shorter);
}

function namesIn(list: string): string[] {
  return list
    .split(",")
    .map((one) => one.trim())
    .filter((one) => /^[\w$.]+$/.test(one));
}

function traitImplementations(text: string): Implementation[] {
  const blocks = text.matchAll(
    /^impl\b(?:<[^{]*?>)?\s+([\w:]+)(?:<[^{]*?>)?\s+for\s+([\w:]+)[^{]*\{([\s\S]*?)^\}/gm,
  );
  return [...blocks].map(({ 1: of = "", 2: type = "", 3: body = "", index }) => ({
    type: type.split("::").at(-1) ?? type,
    of,
    line: lineAt(text, index),
    doubt: /^ {4}\w+!\s*[({[]/m.test(body) ? "a macro may define the member" : null,
  }));
}

/** Go types that a file asserts to implement an interface: `var _ I = (*T)(nil)`. */
function assertedImplementations(text: string): Implementation[] {
  const lines = text.matchAll(
    /^\s*(?:var\s+)?_\s+([\w.]+)\s*=\s*(?:\(\*(\w+)\)\(nil\)|&?(\w+)\{|new\((\w+)\))/gm,
  );
  return [...lines].map(({ 1: of = "", 2: a, 3: b, 4: c, index }) => ({
    type: a ?? b ?? c ?? "",
    of,
    line: lineAt(text, index),
    doubt: null,
  }));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length + (text[index] === "\n" ? 1 : 0);
}

/** True when a type has the member, in its file or, in Go, in its package. */
async function hasMember(
  versions: MergeVersions,
  table: SymbolTable,
  { type }: Implementation,
  member: string,
): Promise<boolean> {
  const has = ({ symbols }: SymbolTable): boolean =>
    symbols.some(
      ({ name }) =>
        name === `${type}.${member}` ||
        (name.startsWith(`${type}<`) && name.endsWith(`.${member}`)),
    );
  if (has(table)) return true;
  if (table.language === "java") {
    const own = table.symbols.find(({ name }) => name === type);
    const text = own && (await versions.text("merged", table.path))?.slice(own.start, own.end);
    return new RegExp(`\\b${RegExp.escape(member)}\\b`).test(headerOf(text ?? ""));
  }
  for (const other of await packageTables(versions, table)) if (has(other)) return true;
  return false;
}

async function packageTables(versions: MergeVersions, table: SymbolTable): Promise<SymbolTable[]> {
  if (table.language !== "go") return [];
  const folder = parentFolder(table.path);
  const paths = [...(await versions.tree("merged")).keys()].filter(
    (path) => path.endsWith(".go") && parentFolder(path) === folder,
  );
  const tables = await Promise.all(paths.map((path) => versions.table("merged", path)));
  return tables.filter((one) => one !== null);
}

async function doubtOf(
  versions: MergeVersions,
  table: SymbolTable,
  { type }: Implementation,
): Promise<string | null> {
  if (table.language === "go") {
    const own = (await packageTables(versions, table))
      .flatMap(({ symbols }) => symbols)
      .find(({ name }) => name === type);
    return own === undefined || own.inherits
      ? `\`${type}\` embeds a type that may define the member`
      : null;
  }
  if (table.language !== "python") return null;
  // Python checks for abstract methods when an instance is made.
  for (const path of versions.paths) {
    const file = await versions.table("merged", path);
    if (file?.references.some(({ path: name, call }) => call !== null && name.at(-1) === type)) {
      return null;
    }
  }
  return `no changed file makes an instance of \`${type}\``;
}

function missing(
  path: string,
  { type, line }: Implementation,
  required: Requirement,
  uncertain: string | null,
): Finding {
  const { owner, member, side } = required;
  return {
    kind: "signature_drift",
    symbol: `${type}.${member}`,
    path,
    line,
    message: `\`${type}\` does not define \`${member}\`, which \`${owner}\` requires since ${sideName[side]} (${required.path}:${required.line}); define it`,
    related: [
      { path: required.path, line: required.line, what: `required member of \`${owner}\`` },
    ],
    uncertain,
  };
}
