/**
 * Structural figures of a set of files. They are the same for any order of the files and on any machine: sums are
 * of integers, and quotients are rounded.
 */
import type { ImportIndex } from "../languages/import-index.ts";
import { countedFunctions } from "./counted-functions.ts";
import { deadCode } from "./dead-code.ts";
import {
  components,
  type Graph,
  graphOf,
  isCollector,
  longestChain,
  moduleOf,
  type SourceFile,
} from "./graph.ts";
import { type FunctionProblem, functionProblems, limits } from "./limits.ts";

/** The five parts of the quality signal, each 0 to 1; higher is better. */
interface Components {
  modularity: number;
  acyclicity: number;
  depth: number;
  equality: number;
  redundancy: number;
}

export interface Figures {
  /** Geometric mean of the components, each at least 0.01; 0 to 1. */
  quality: number;
  components: Components;
  /** Newman's modularity Q, -0.5 to 1. */
  q: number;
  /** Share of edges that lead into another, unstable module. */
  coupling: number;
  cycles: number;
  /** Number of imports on the longest chain. */
  maxDepth: number;
  files: number;
  lines: number;
  functions: number;
  importEdges: number;
  edges: number;
  crossModuleEdges: number;
  godFiles: number;
  hotspots: number;
  largeFiles: number;
  complexFunctions: number;
  longFunctions: number;
  manyParameters: number;
  deadFunctions: number;
  duplicateFunctions: number;
}

/** Figures of a tree, with the data that offenders are found in. */
export interface MeasuredTree {
  figures: Figures;
  graph: Graph;
  /** Paths of each import cycle, sorted. */
  cycles: string[][];
  /** By node number: files that depend on the file, and files it depends on. */
  fanIn: number[];
  fanOut: number[];
}

/** Measures the counted files; `index` resolves their imports. */
export function measureFiles(
  files: readonly SourceFile[],
  index: ImportIndex,
  o: { includeTests: boolean },
): MeasuredTree {
  const graph = graphOf(files, index);
  const counted = files.filter((file) => file.counted);
  const functions = countedFunctions(counted, o.includeTests);
  const parts = components(graph.imports);
  const cyclic = parts.filter((part) => part.length > 1);
  const maxDepth = longestChain(graph.imports, parts);
  const modules = modulesOf(graph);
  const q = modularity(graph, modules);
  const redundancy = deadCode(functions, files);
  const complexity = functions.map(({ cyclomatic }) => cyclomatic);
  const lengths = counted.map(({ metrics }) => metrics.lines);
  const scores: Components = {
    modularity: rounded(Math.max(0, (q + 0.5) / 1.5)),
    acyclicity: rounded(1 / (1 + cyclic.length)),
    depth: rounded(1 / (1 + maxDepth / 8)),
    equality: rounded(1 - gini(complexity.length > 0 ? complexity : lengths)),
    redundancy: rounded(functions.length === 0 ? 1 : 1 - redundancy.redundant / functions.length),
  };
  const { fanIn, fanOut } = fans(graph);
  const problems = functions.map(functionProblems);
  const countWith = (wanted: FunctionProblem): number =>
    problems.filter((found) => found.some(({ kind }) => kind === wanted)).length;
  const figures: Figures = {
    quality: geometricMean(Object.values(scores)),
    components: scores,
    q: rounded(q),
    coupling: rounded(coupling(graph, modules)),
    cycles: cyclic.length,
    maxDepth,
    files: counted.length,
    lines: lengths.reduce((sum, one) => sum + one, 0),
    functions: functions.length,
    importEdges: countOf(graph.imports),
    edges: countOf(graph.edges),
    crossModuleEdges: crossModuleEdges(graph, modules),
    godFiles: fanOut.filter((out, at) => isGodFile(graph.paths[at] ?? "", out)).length,
    hotspots: fanIn.filter((into, at) => isHotspot(into, fanOut[at] ?? 0)).length,
    largeFiles: lengths.filter((lines) => lines > limits.fileLines).length,
    complexFunctions: countWith("complex_function"),
    longFunctions: countWith("long_function"),
    manyParameters: countWith("many_parameters"),
    deadFunctions: redundancy.dead,
    duplicateFunctions: redundancy.duplicates,
  };
  const cycles = cyclic.map((part) => part.map((node) => graph.paths[node] ?? "").sort());
  return { figures, graph, cycles, fanIn, fanOut };
}

/** True for a file with many dependencies, except where collecting them is its purpose. */
export function isGodFile(path: string, fanOut: number): boolean {
  return fanOut > limits.fanOut && !isCollector(path);
}

/** True for a file with many dependents that is not stable. */
export function isHotspot(fanIn: number, fanOut: number): boolean {
  return fanIn > limits.fanIn && fanOut / (fanIn + fanOut) > limits.stableInstability;
}

/** Gini coefficient: 0 when all values are equal, near 1 when one value has the whole sum. */
export function gini(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const sum = sorted.reduce((total, value) => total + value, 0);
  if (sum === 0) return 0;
  const n = sorted.length;
  const weighted = sorted.reduce((total, value, at) => total + (at + 1) * value, 0);
  return (2 * weighted - (n + 1) * sum) / (n * sum);
}

/** Module number of each node, and the number of modules. */
function modulesOf(graph: Graph): { of: number[]; count: number } {
  const names = new Map<string, number>();
  const of = graph.paths.map((path) => {
    const name = moduleOf(path);
    const number = names.get(name) ?? names.size;
    names.set(name, number);
    return number;
  });
  return { of, count: names.size };
}

type Modules = ReturnType<typeof modulesOf>;

/**
 * Newman's modularity for directed edges: the share of edges within modules, minus the share expected if the
 * edges were joined at random with the same degrees. 1 without edges.
 */
function modularity(graph: Graph, modules: Modules): number {
  const within = numbers(modules.count);
  const out = numbers(modules.count);
  const into = numbers(modules.count);
  let m = 0;
  eachEdge(graph.edges, (from, to) => {
    const [a, b] = [modules.of[from] ?? 0, modules.of[to] ?? 0];
    m++;
    add(out, a);
    add(into, b);
    if (a === b) add(within, a);
  });
  if (m === 0) return 1;
  let inside = 0;
  let expected = 0;
  for (let one = 0; one < modules.count; one++) {
    inside += within[one] ?? 0;
    expected += (out[one] ?? 0) * (into[one] ?? 0);
  }
  return (inside * m - expected) / (m * m);
}

/** Share of edges that lead into another, unstable module; 0 without edges. */
function coupling(graph: Graph, modules: Modules): number {
  const stable = stableModules(graph, modules);
  let unstable = 0;
  let all = 0;
  eachEdge(graph.edges, (from, to) => {
    all++;
    const module = modules.of[to] ?? 0;
    if (modules.of[from] !== module && !stable.has(module)) unstable++;
  });
  return all === 0 ? 0 : unstable / all;
}

/**
 * Stable modules: with at least two dependents and only stable dependencies, or with at least three dependents and
 * an instability Ce / (Ca + Ce) of at most `limits.stableInstability`.
 */
function stableModules(graph: Graph, { of, count }: Modules): Set<number> {
  const out = Array.from({ length: count }, () => new Set<number>());
  const into = Array.from({ length: count }, () => new Set<number>());
  eachEdge(graph.edges, (from, to) => {
    const [a, b] = [of[from] ?? 0, of[to] ?? 0];
    if (a === b) return;
    out[a]?.add(b);
    into[b]?.add(a);
  });
  const unstableDependencies = out.map((targets) => targets.size);
  const stable = new Set<number>();
  const settle = (module: number): void => {
    const [ca, ce] = [into[module]?.size ?? 0, out[module]?.size ?? 0];
    const isStable =
      (unstableDependencies[module] === 0 && ca >= 2) ||
      (ca >= 3 && ce / (ca + ce) <= limits.stableInstability);
    if (isStable) stable.add(module);
  };
  for (let module = 0; module < count; module++) settle(module);
  // A stable module may make its dependents stable: the set grows during the iteration.
  for (const module of stable) {
    for (const dependent of into[module] ?? []) {
      add(unstableDependencies, dependent, -1);
      settle(dependent);
    }
  }
  return stable;
}

function crossModuleEdges(graph: Graph, { of }: Modules): number {
  let crossed = 0;
  eachEdge(graph.edges, (from, to) => {
    if (of[from] !== of[to]) crossed++;
  });
  return crossed;
}

function fans(graph: Graph): { fanIn: number[]; fanOut: number[] } {
  const fanIn = numbers(graph.paths.length);
  eachEdge(graph.edges, (_, to) => add(fanIn, to));
  return { fanIn, fanOut: graph.edges.map((to) => to.length) };
}

function eachEdge(edges: readonly number[][], visit: (from: number, to: number) => void): void {
  for (const [from, targets] of edges.entries()) for (const to of targets) visit(from, to);
}

function countOf(edges: readonly number[][]): number {
  return edges.reduce((sum, targets) => sum + targets.length, 0);
}

function numbers(length: number): number[] {
  return new Array<number>(length).fill(0);
}

function add(to: number[], at: number, amount = 1): void {
  to[at] = (to[at] ?? 0) + amount;
}

/** Lowest value of a component in the mean: one bad component does not hide the others. */
const componentMin = 0.01;

function geometricMean(values: readonly number[]): number {
  const product = values.reduce((all, value) => all * Math.max(value, componentMin), 1);
  return Math.round(product ** (1 / values.length) * 10_000) / 10_000;
}

/** Rounds to six decimals; further digits may differ between machines. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
