/** Mutants of `src/structure`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a large file rejects a change",
    file: "src/structure/offenders.ts",
    find: '  "hidden_file",\n]);',
    replace: '  "hidden_file",\n  "large_file",\n]);',
    killedBy:
      "src/structure/offenders.test.ts > excessive length is an offender that does not reject a change",
  },
  {
    name: "coupling may rise by more than the tolerance",
    file: "src/structure/baseline.ts",
    find: "now.coupling_score - baseline.coupling_score, 0.05",
    replace: "now.coupling_score - baseline.coupling_score, 0.06",
    killedBy:
      'src/structure/baseline.test.ts > the changed figures {"coupling_score":0.36} are reported as ["coupling rose from 0.30 to 0.36"], rejecting: false',
  },
  {
    name: "a fall of quality by exactly the tolerance rejects",
    file: "src/structure/baseline.ts",
    find: "return difference - allowed > 1e-9;",
    replace: "return difference - allowed > -1e-9;",
    killedBy:
      'src/structure/baseline.test.ts > the changed figures {"quality_signal":0.58,"coupling_score":0.35} are reported as [], rejecting: false',
  },
  {
    name: "figures of two versions of the built-in sensor are comparable when one is unknown",
    file: "src/structure/baseline.ts",
    find: '(unknown && a.name === "sentrux")',
    replace: "unknown",
    killedBy:
      'src/structure/baseline.test.ts > A32 figures of {"name":"builtin","version":null} and of {"name":"builtin","version":"2"} are comparable: false',
  },
  {
    name: "a note belongs to the baseline that replaced its own",
    file: "src/structure/baseline.ts",
    find: "if (text !== null && !isOther) return parseNote(text);",
    replace: "if (text !== null) return parseNote(text);",
    killedBy:
      "src/structure/baseline.test.ts > A32 a baseline with the note of another baseline was measured by its engine",
  },
  {
    name: "a baseline is stale at exactly its limit of commits",
    file: "src/structure/baseline.ts",
    find: "age.commits > limits.staleCommits",
    replace: "age.commits >= limits.staleCommits",
    killedBy:
      'src/structure/baseline.test.ts > a baseline with the age {"commits":10,"seconds":1209605} is stale for the reason null',
  },
  {
    name: "a baseline without god files is valid",
    file: "src/structure/baseline.ts",
    find: '  "god_file_count",\n  "complex_fn_count",\n] as const;',
    replace: '  "complex_fn_count",\n] as const;',
    killedBy: "src/structure/baseline.test.ts > a baseline written by dgov or by sentrux is parsed",
  },
  {
    name: "a stable file with many dependents is a hotspot",
    file: "src/structure/metrics.ts",
    find: "fanIn > limits.fanIn && fanOut / (fanIn + fanOut) > limits.stableInstability",
    replace: "fanIn > limits.fanIn",
    killedBy:
      "src/structure/metrics.test.ts > a file with more than 20 dependents is a hotspot unless it is stable",
  },
  {
    name: "one bad component makes quality zero",
    file: "src/structure/metrics.ts",
    find: "const componentMin = 0.01;",
    replace: "const componentMin = 0;",
    killedBy:
      "src/structure/metrics.test.ts > A33 the quality of a small library of unreferenced functions is not 0",
  },
  {
    name: "a module with two stable dependents does not become stable",
    file: "src/structure/metrics.ts",
    find: "add(unstableDependencies, dependent, -1);",
    replace: "",
    killedBy:
      "src/structure/metrics.test.ts > dependencies on stable modules are not counted as coupling",
  },
  {
    name: "two cycles that share one file are one",
    file: "src/structure/offenders.ts",
    find: "members.has(path)).length > 1,",
    replace: "members.has(path)).length > 0,",
    killedBy:
      "src/structure/offenders.test.ts > new and grown cycles are charged, unchanged and shrunk ones are not",
  },
  {
    name: "a worse offender in a file that the change does not touch is charged",
    file: "src/structure/offenders.ts",
    find: "else if (offender.value > was && isTouched(offender, change))",
    replace: "else if (offender.value > was)",
    killedBy:
      "src/structure/offenders.test.ts > new and grown god files are charged, shrunk ones are not",
  },
  {
    name: "one removed offender excuses two copies",
    file: "src/structure/offenders.ts",
    find: "(removed.splice(at, 1)[0]?.value ?? null)",
    replace: "(removed[at]?.value ?? null)",
    killedBy: "src/structure/offenders.test.ts > copying an offender is charged",
  },
  {
    name: "overloads are compared in the order of the file",
    file: "src/structure/offenders.ts",
    find: "[...after].sort((a, b) => b.value - a.value)",
    replace: "[...after]",
    killedBy:
      "src/structure/offenders.test.ts > functions of one name are compared with the worst of them first",
  },
  {
    name: "a cognitive offender rejects nothing",
    file: "src/structure/offenders.ts",
    find: '  "complex_function",\n  "cognitive_function",\n  "hidden_file",\n]);',
    replace: '  "complex_function",\n  "hidden_file",\n]);',
    killedBy:
      "src/structure/offenders.test.ts > cycles, god files, complex and hidden code reject a change",
  },
] satisfies Mutant[];
