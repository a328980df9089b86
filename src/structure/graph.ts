/**
 * Dependency graph of the counted files. Nodes are numbered by sorted path, so the graph does not depend on the
 * order of its input.
 */

import type { ImportIndex } from "../languages/import-index.ts";
import { parentFolder } from "../languages/source-tree.ts";
import { compareText } from "../std/order.ts";
import type { FileMetrics } from "./file-metrics.ts";

/** A file of the repository. Files that are not counted are no nodes, but their references count as uses. */
export interface SourceFile {
  path: string;
  metrics: FileMetrics;
  counted: boolean;
}

export interface Graph {
  /** Paths of the nodes, sorted; the index of a path is its node number. */
  paths: string[];
  /** Nodes that each node imports, ascending. */
  imports: number[][];
  /** Nodes that each node imports, or references within its package without an import; ascending. */
  edges: number[][];
}

/** Builds the graph of the counted files. */
export function graphOf(files: readonly SourceFile[], index: ImportIndex): Graph {
  const nodes = files.filter(({ counted }) => counted).sort((a, b) => compareText(a.path, b.path));
  const numbers = new Map(nodes.map(({ path }, at) => [path, at]));
  const defines = nodes.map(({ metrics }) => new Set(metrics.defines));
  const imports: number[][] = [];
  const edges: number[][] = [];
  for (const [at, { path, metrics }] of nodes.entries()) {
    const known = (paths: readonly string[]): number[] =>
      paths.flatMap((one) => numbers.get(one) ?? []).filter((to) => to !== at);
    const imported = new Set<number>();
    const uses = new Set(metrics.uses);
    for (const one of metrics.imports) {
      const wholeModule = one.names.every(({ imported: name }) => name === "*");
      const to = known(index.resolve(path, one));
      for (const node of wholeModule ? usedFiles(to, defines, uses) : to) imported.add(node);
    }
    const all = new Set(imported);
    const refers = new Set(metrics.refers.filter((name) => !defines[at]?.has(name)));
    for (const to of known(index.neighbours(path))) {
      if (overlap(defines[to], refers)) all.add(to);
    }
    const declared = (to: number): boolean => isDeclaration(path, nodes[to]?.path ?? "");
    imports.push(ascending([...imported].filter((to) => !declared(to))));
    edges.push(ascending([...all].filter((to) => !declared(to))));
  }
  return { paths: nodes.map(({ path }) => path), imports, edges };
}

const declaringFile = /(^|\/)(mod\.rs|lib\.rs|main\.rs|__init__\.py)$/;

/**
 * True for an edge from a file that declares its modules to one of them, in its folder or one below:
 * `pub mod b;`, or a re-export. Such an edge is no dependency. Both files in the root folder are an exception,
 * as in the `sentrux` program.
 */
function isDeclaration(from: string, to: string): boolean {
  if (!declaringFile.test(from)) return false;
  const [folder, below] = [parentFolder(from), parentFolder(to)];
  if (folder === "" && below === "") return false;
  return below === folder || (below !== "" && parentFolder(below) === folder);
}

const packageIndex = /(^|\/)(mod\.rs|__init__\.py|index\.[cm]?[jt]sx?)$/;
const entryPoint = /(^|\/)(main\.\w+|__main__\.py|app\.py|server\.py)$/;

/** True for a file that collects others by its purpose: an index of a package, or the start of a program. */
export function isCollector(path: string): boolean {
  return packageIndex.test(path) || entryPoint.test(path);
}

/**
 * Files of an imported package that define a used name, else its first file: importing a package does not use
 * all of its files.
 */
function usedFiles(
  files: readonly number[],
  defines: readonly ReadonlySet<string>[],
  uses: ReadonlySet<string>,
): readonly number[] {
  if (files.length < 2) return files;
  const used = files.filter((file) => overlap(defines[file], uses));
  return used.length > 0 ? used : files.slice(0, 1);
}

function overlap(a: ReadonlySet<string> | undefined, b: ReadonlySet<string>): boolean {
  if (a === undefined) return false;
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  for (const one of small) if (large.has(one)) return true;
  return false;
}

function ascending(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}

const sourceFolders = /^(src\/(main|test)\/(java|kotlin)|src|lib|app|pkg|source|sources)(\/|$)/;

/** Module of a file: its folder, without a conventional source folder at the top. */
export function moduleOf(path: string): string {
  return parentFolder(path).replace(sourceFolders, "");
}

/**
 * Strongly connected components in reverse topological order: each after the components it leads to. Tarjan's
 * algorithm with an explicit stack, since chains may be longer than the call stack.
 */
export function components(edges: readonly (readonly number[])[]): number[][] {
  const found: number[][] = [];
  const order = new Int32Array(edges.length).fill(-1);
  const low = new Int32Array(edges.length);
  const onStack = new Uint8Array(edges.length);
  const stack: number[] = [];
  const path: { node: number; next: number }[] = [];
  let count = 0;
  const open = (node: number): void => {
    order[node] = low[node] = count++;
    stack.push(node);
    onStack[node] = 1;
    path.push({ node, next: 0 });
  };
  for (let root = 0; root < edges.length; root++) {
    if (order[root] !== -1) continue;
    open(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      const to = edges[node]?.[top.next++];
      if (to !== undefined) {
        if (order[to] === -1) open(to);
        else if (onStack[to] === 1) low[node] = Math.min(at(low, node), at(order, to));
        continue;
      }
      path.pop();
      const parent = path.at(-1)?.node;
      if (parent !== undefined) low[parent] = Math.min(at(low, parent), at(low, node));
      if (low[node] === order[node]) found.push(popTo(stack, onStack, node));
    }
  }
  return found;
}

function popTo(stack: number[], onStack: Uint8Array, node: number): number[] {
  const component = stack.splice(stack.lastIndexOf(node));
  for (const one of component) onStack[one] = 0;
  return ascending(component);
}

function at(numbers: Int32Array, index: number): number {
  return numbers[index] ?? 0;
}

/**
 * Number of edges on the longest path, with each component contracted to one node; `parts` as from
 * `components`.
 */
export function longestChain(
  edges: readonly (readonly number[])[],
  parts: readonly (readonly number[])[],
): number {
  const partOf = new Int32Array(edges.length);
  for (const [part, nodes] of parts.entries()) for (const node of nodes) partOf[node] = part;
  const depths = new Int32Array(parts.length);
  let longest = 0;
  for (const [part, nodes] of parts.entries()) {
    let depth = 0;
    for (const node of nodes) {
      for (const to of edges[node] ?? []) {
        const below = at(partOf, to);
        if (below !== part) depth = Math.max(depth, at(depths, below) + 1);
      }
    }
    depths[part] = depth;
    longest = Math.max(longest, depth);
  }
  return longest;
}
