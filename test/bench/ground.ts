/**
 * Plans over real projects as ratios to the project's own suite, warm, in a plain checkout, measured in the same run;
 * and processor time of the sandbox for each command and candidate.
 *
 * `DGOV_TOOLCHAINS` names the folder into which `test/toolchains/install.sh` installed the tools. `--small` takes the
 * small projects.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { done } from "../../src/demo/script.ts";
import { findLevel } from "../../src/sandbox/levels.ts";
import { requireBinary } from "../harness/bin.ts";
import { testProject, unit } from "../harness/project.ts";
import {
  type Corpus,
  missingPrograms,
  numbered,
  provisioned,
  shell,
  type UnitFiles,
  writeFiles,
} from "../toolchains/ground/corpus.ts";
import { corpora } from "../toolchains/ground/index.ts";
import { pythonCorpus } from "../toolchains/ground/python.ts";
import { groundProject } from "../toolchains/ground/run.ts";
import { installed } from "../toolchains/toolchain.ts";
import { type Benchmark, type Figure, median, timed } from "./figure.ts";

const size = process.argv.includes("--small") ? "small" : "large";

/** Trees that are judged at once. */
const slots = 2;

/** Rounds of the figures of the sandbox. */
const rounds = 5;

function figure(name: string, value: number, unit: string, more: Partial<Figure> = {}): Figure {
  return { name, value, unit, runs: 1, ratio_to: null, aim: null, ...more };
}

/** Commands of the gates of a project, in the order in which a developer runs them. */
function suite({ project }: Corpus): string[] {
  return ["lint_cmd", "type_check_cmd", "test_cmd"].flatMap((key) =>
    typeof project[key] === "string" ? project[key] : [],
  );
}

/** Mean time of the suite in one plain checkout, after each of the changes; the first, cold one does not count. */
async function warmSuite(
  corpus: Corpus,
  units: Record<string, UnitFiles>,
  files: Record<string, string>,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "dgov-ground-plain-"));
  // A build cache of its own, like the project under dgov has.
  const env = { GOCACHE: join(folder, ".go-build") };
  const all = (): void => suite(corpus).forEach((command) => void shell(command, folder, env));
  try {
    writeFiles(folder, { ...provisioned(corpus), ...files });
    shell(corpus.setup, folder, env);
    all();
    const times: number[] = [];
    for (const written of Object.values(units)) {
      writeFiles(folder, written);
      times.push(await timed(all));
    }
    return times.reduce((sum, time) => sum + time, 0) / times.length;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Figures of one plan: its wall time, and the ratio to what it should take. */
async function planFigures(
  corpus: Corpus,
  o: { units?: Record<string, UnitFiles>; files?: Record<string, string>; aim: string | null },
): Promise<Figure[]> {
  const { units = corpus.units, files = {} } = o;
  const count = Object.keys(units).length;
  const warm = await warmSuite(corpus, units, files);
  await using ground = await groundProject(corpus, {
    units,
    files,
    counted: false,
    run: { max_gates: slots },
  });
  const { project: p } = ground;
  const wall = await timed(async () => {
    const run = await p.dgov(["run", "p"]);
    if (run.exitCode !== 0) throw new Error(run.stdout + run.stderr);
  });
  const events = p.events();
  const at = (type: string): number =>
    Date.parse(events.find((event) => event.type === type)?.ts ?? "");
  const base = at("base.checked") - at("run.started");
  const trees = new Set(
    events.flatMap(({ type, unit: of, data }) =>
      type === "gates.finished" && of !== null ? [data["tree"]] : [],
    ),
  );
  const name = `own corpus ${corpus.name}, ${count} units`;
  return [
    figure(`${name}: base check`, base, "ms"),
    figure(`${name}: warm suite in a plain checkout`, warm, "ms", { runs: count }),
    figure(`${name}: candidate trees judged`, trees.size, "trees"),
    figure(`${name}: plan`, wall, "ms"),
    figure(`${name}`, wall / (base + (warm * count) / slots), "ratio", {
      ratio_to: "base check + warm suite x candidates / slots",
      aim: o.aim,
    }),
  ];
}

/** A plan of 50 units over the Python project, each of which changes a module of its own. */
function fiftyUnits(): { units: Record<string, UnitFiles>; files: Record<string, string> } {
  const names = numbered("own", 50);
  const text = (name: string, sum: string): string =>
    `def ${name}(a: int, b: int) -> int:\n    return ${sum}\n`;
  const path = (name: string): string => `src/ground/app/${name}.py`;
  return {
    files: Object.fromEntries(names.map((name) => [path(name), text(name, "a + b")])),
    units: Object.fromEntries(names.map((name) => [name, { [path(name)]: text(name, "b + a") }])),
  };
}

const gateKeys = ["lint_cmd", "type_check_cmd", "format_check_cmd", "test_cmd"];

/** Runs a plan whose gates only start a shell; returns its time and the processor time of all its processes. */
async function emptyGates(o: {
  mode: string;
  units: number;
  gates: number;
  command: string;
}): Promise<{ wall: number; cpu: number }> {
  const keys = numbered("u", o.units);
  const commands = gateKeys.slice(0, o.gates).map((key) => [key, o.command]);
  await using p = await testProject({
    tasks: Object.fromEntries(keys.map((key) => [key, {}])),
    plan: { max_retries: 0 },
    config: {
      project: Object.fromEntries(commands),
      sandbox: { mode: o.mode },
      run: { max_gates: slots },
    },
    script: {
      rules: keys.map((key) => ({
        unit: unit(key),
        turns: [
          {
            calls: [
              { tool: "write_file", args: { path: `${key}.txt`, content: `${key}\n` } },
              { tool: "done", args: { status: "complete", summary: "written" } },
            ],
          },
          done("written"),
        ],
      })),
    },
  });
  let cpu = 0;
  const wall = await timed(async () => {
    const child = p.spawn(["run", "p"]);
    child.stdin.end();
    const texts = await Promise.all(
      [child.stdout, child.stderr].map((s) => new Response(s).text()),
    );
    if ((await child.exited) !== 0) throw new Error(`${stringify(o)}: ${texts.join("")}`);
    cpu = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000;
  });
  return { wall, cpu };
}

/** Costs of the sandbox that this machine allows over `off`. */
async function sandboxFigures(): Promise<Figure[]> {
  const modes = ["off", "auto"];
  const { level } = await findLevel();
  const shapes = {
    few: { units: 2, gates: 1, command: ":" },
    many: { units: 8, gates: 1, command: ":" },
    wide: { units: 8, gates: 4, command: ":" },
    slow: { units: 4, gates: 1, command: "sleep 2" },
  };
  const measured = new Map<string, { wall: number; cpu: number }[]>();
  for (let round = 0; round < rounds; round++) {
    for (const mode of modes) {
      for (const [shape, o] of Object.entries(shapes)) {
        const key = `${mode} ${shape}`;
        const run = await emptyGates({ mode, ...o });
        measured.set(key, [...(measured.get(key) ?? []), run]);
      }
    }
  }
  const of = (mode: string, shape: keyof typeof shapes, what: "wall" | "cpu"): number =>
    median((measured.get(`${mode} ${shape}`) ?? []).map((run) => run[what]));
  const perCommand = (mode: string): number =>
    (of(mode, "wide", "cpu") - of(mode, "many", "cpu")) / (3 * (shapes.many.units + 1));
  const perCandidate = (mode: string): number =>
    (of(mode, "many", "cpu") - of(mode, "few", "cpu")) / (shapes.many.units - shapes.few.units);
  return modes.flatMap((mode) => {
    const over = { runs: rounds, ratio_to: null };
    if (mode === "off") {
      return [
        figure("off: processor time of a command", perCommand(mode), "ms", over),
        figure(
          "off: processor time of a candidate with one command",
          perCandidate(mode),
          "ms",
          over,
        ),
      ];
    }
    const command = perCommand(mode) - perCommand("off");
    const candidate = perCandidate(mode) - perCandidate("off");
    return [
      figure(`${level}: processor time of a command over off`, command, "ms", {
        ...over,
        aim: "<= 10",
      }),
      figure(`${level}: processor time of a candidate over off`, candidate, "ms", {
        ...over,
        aim: "<= 100",
      }),
      figure(
        `${level}: plan with gates of 2 s`,
        of(mode, "slow", "wall") / of("off", "slow", "wall"),
        "ratio",
        {
          runs: rounds,
          ratio_to: "off",
          aim: "<= 1.05",
        },
      ),
    ];
  });
}

const benchmark: Benchmark = {
  name: "ground",
  async run() {
    await requireBinary();
    const figures = await sandboxFigures();
    if (installed === undefined) {
      console.error("the projects are left out: DGOV_TOOLCHAINS names no folder of tools");
      return figures;
    }
    for (const make of corpora) {
      const corpus = make(size);
      const lacking = missingPrograms(corpus);
      if (lacking.length === 0) figures.push(...(await planFigures(corpus, { aim: "<= 1.3" })));
      else console.error(`${corpus.name} is left out: ${lacking.join(", ")} is missing`);
    }
    figures.push(...(await planFigures(pythonCorpus("small"), { ...fiftyUnits(), aim: null })));
    return figures;
  },
};

export default benchmark;
