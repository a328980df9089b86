/**
 * From metrics to figures. The same files give the same figures in any order and on any machine: sums
 * are of whole numbers, and what is divided is rounded.
 */
import type { ImportIndex } from "../languages/import-index.ts";
import { countedFunctions, deadCode } from "./dead-code.ts";
import {
  components,
  type Graph,
  graphOf,
  longestChain,
  moduleOf,
  type SourceFile,
} from "./graph.ts";
import { functionProblems, limits } from "./limits.ts";

/** The five parts of the quality signal, each 0 to 1, higher is better. */
export interface Components {
  modularity: number;
  acyclicity: number;
  depth: number;
  equality: number;
  redundancy: number;
}

export interface Figures {
  /** Geometric mean of the components, 0 to 1. */
  quality: number;
  components: Components;
  /** Newman's Q, -0.5 to 1. */
  q: number;
  /** Share of edges that lead into another module which is not stable. */
  coupling: number;
  cycles: number;
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

/** Everything measured: the figures, and what offenders are made of. */
export interface MeasuredTree {
  figures: Figures;
  graph: Graph;
  /** Files in import cycles, each group sorted. */
  cycles: string[][];
  fanIn: number[];
  fanOut: number[];
}

/** Measures files. `index` says where imports lead. */
export function measureFiles(
  files: readonly SourceFile[],
  index: ImportIndex,
  o: { includeTests: boolean },
): MeasuredTree {
  const graph = graphOf(files, index);
  const counted = files.filter((file) => file.counted);
  const functions = countedFunctions(counted, o.includeTests);
  const parts = components(graph.imports);
  const loops = parts.filter((part) => part.length > 1);
  const maxDepth = longestChain(graph.imports, parts);
  const modules = modulesOf(graph);
  const q = modularity(graph, modules);
  const redundancy = deadCode(functions, files);
  const complexity = functions.map(({ cyclomatic }) => cyclomatic);
  const lengths = counted.map(({ metrics }) => metrics.lines);
  const scores: Components = {
    modularity: rounded(Math.max(0, (q + 0.5) / 1.5)),
    acyclicity: rounded(1 / (1 + loops.length)),
    depth: rounded(1 / (1 + maxDepth / 8)),
    equality: rounded(1 - gini(complexity.length > 0 ? complexity : lengths)),
    redundancy: rounded(functions.length === 0 ? 1 : 1 - redundancy.redundant / functions.length),
  };
  const { fanIn, fanOut } = fans(graph);
  const problems = functions.map(functionProblems);
  const having = (...kinds: string[]): number =>
    problems.filter((found) => found.some(({ kind }) => kinds.includes(kind))).length;
  const figures: Figures = {
    quality: geometricMean(Object.values(scores)),
    components: scores,
    q: rounded(q),
    coupling: rounded(coupling(graph, modules)),
    cycles: loops.length,
    maxDepth,
    files: counted.length,
    lines: lengths.reduce((sum, one) => sum + one, 0),
    functions: functions.length,
    importEdges: countOf(graph.imports),
    edges: countOf(graph.edges),
    crossModuleEdges: crossing(graph, modules),
    godFiles: fanOut.filter((out) => out > limits.fanOut).length,
    hotspots: fanIn.filter((into, at) => isHotspot(into, fanOut[at] ?? 0)).length,
    largeFiles: lengths.filter((lines) => lines > limits.fileLines).length,
    complexFunctions: having("complex_function", "cognitive_function"),
    longFunctions: having("long_function"),
    manyParameters: having("many_parameters"),
    deadFunctions: redundancy.dead,
    duplicateFunctions: redundancy.duplicates,
  };
  const cycles = loops.map((part) => part.map((node) => graph.paths[node] ?? "").sort());
  return { figures, graph, cycles, fanIn, fanOut };
}

/** Many depend on it, and it depends on more than its share of others. */
export function isHotspot(fanIn: number, fanOut: number): boolean {
  return fanIn > limits.fanIn && fanOut / (fanIn + fanOut) > limits.stability;
}

/** How unequal numbers are: 0 when all are the same, towards 1 when one has all. */
export function gini(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const sum = sorted.reduce((total, value) => total + value, 0);
  if (sum === 0) return 0;
  const n = sorted.length;
  const weighted = sorted.reduce((total, value, at) => total + (at + 1) * value, 0);
  return (2 * weighted - (n + 1) * sum) / (n * sum);
}

/** The modules of a graph: per node its number. */
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
 * Modularity after Newman, for directed edges: the share of edges within modules, less the share
 * one would expect if the same ends were joined at random. 1 without edges.
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

/** Edges into other modules that are not stable, as a share of all. */
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
 * Modules one may lean on: two others do, and they lean on nothing but such; or three others do, and
 * hardly anything is leant on.
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
  const open = out.map((targets) => targets.size);
  const stable = new Set<number>();
  const settle = (module: number): void => {
    const [ca, ce] = [into[module]?.size ?? 0, out[module]?.size ?? 0];
    const rests =
      (open[module] === 0 && ca >= 2) || (ca >= 3 && ce / (ca + ce) <= limits.stability);
    if (rests) stable.add(module);
  };
  for (let module = 0; module < count; module++) settle(module);
  // What is found stable may make those that lean on it stable: the set grows while one goes through it.
  for (const module of stable) {
    for (const dependent of into[module] ?? []) {
      add(open, dependent, -1);
      settle(dependent);
    }
  }
  return stable;
}

function crossing(graph: Graph, { of }: Modules): number {
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

function eachEdge(edges: readonly number[][], see: (from: number, to: number) => void): void {
  for (const [from, targets] of edges.entries()) for (const to of targets) see(from, to);
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

function geometricMean(values: readonly number[]): number {
  const product = values.reduce((all, value) => all * value, 1);
  return Math.round(product ** (1 / values.length) * 10_000) / 10_000;
}

/** To six places: more would differ between machines and mean nothing. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
