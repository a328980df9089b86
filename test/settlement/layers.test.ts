/** Gate trees on layers, judged by shell scripts. They need bubblewrap and overlays of a normal user. */
import { describe, expect, spyOn, test } from "bun:test";
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { treeOfCommit } from "../../src/git/commit.ts";
import type { SettlementContext } from "../../src/settlement/context.ts";
import {
  coverageBaselineFile,
  coverageBaselineText,
} from "../../src/settlement/coverage/baseline.ts";
import type { GateRequest } from "../../src/settlement/gates/gate.ts";
import { type GatesResult, runGates } from "../../src/settlement/gates/run-gates.ts";
import { advanceLayers } from "../../src/settlement/trees/layers/advance.ts";
import type { Layer, LayerStore } from "../../src/settlement/trees/layers/store.ts";
import { warmWorktree } from "../../src/settlement/trees/layers/warm-worktree.ts";
import { present } from "../../src/std/assert.ts";
import { canMount } from "../harness/mounts.ts";
import { type TestSettlement, type TestSettlementOptions, testSettlement } from "./harness.ts";

const skipped = !canMount() || Bun.which("bwrap") === null;

interface Layered extends AsyncDisposable {
  t: TestSettlement;
  c: SettlementContext;
  outputs: string[];
  /** Judges a commit as a unit's; the base of the run when `request` says so. */
  judge(commit: string, request?: Partial<GateRequest>): Promise<GatesResult>;
  /** Judges the base as a run does, which builds the first layer. */
  base(): Promise<GatesResult>;
  layers(): string[];
}

async function layered(options: TestSettlementOptions): Promise<Layered> {
  const t = await testSettlement({
    ...options,
    config: { ...options.config, sandbox: { mode: "require", ...options.config?.["sandbox"] } },
    environment: { PATH: process.env["PATH"] ?? "", ...options.environment },
  });
  const outputs: string[] = [];
  const putOutput = (bytes: string): string => {
    outputs.push(bytes);
    return "";
  };
  const c = t.reopen({ buildsLayers: true, putOutput });
  const judge: Layered["judge"] = async (commit, request = {}) =>
    runGates(c, {
      unit: "u",
      attempt: 1,
      car: 1,
      tree: await treeOfCommit(c.repository, commit),
      commit,
      base: t.base,
      testCmd: null,
      marker: "test-layers",
      signal: c.signal,
      ...request,
    });
  const root = (): Promise<string> => c.ground().then((ground) => ground?.store.root ?? "");
  const at = await root();
  return {
    t,
    c,
    outputs,
    judge,
    base: () => judge(t.base, { unit: null, buildsLayer: "base", files: "sample" }),
    layers: () => readdirSync(at).filter((name) => /^l[0-9a-f]{10}$/.test(name)),
    [Symbol.asyncDispose]: () => t[Symbol.asyncDispose](),
  };
}

/** The only layer, as its description says, and the store that has it. */
async function onlyLayer(s: Layered): Promise<{ store: LayerStore; layer: Layer }> {
  const store = present((await s.c.ground())?.store, "layers can be mounted");
  const sealed = readFileSync(join(store.root, s.layers()[0] ?? "", "layer.json"), "utf8");
  return { store, layer: JSON.parse(JSON.parse(sealed).text) };
}

/** A build that counts in its output folder how often it ran, and leaves other files. */
const build = [
  "mkdir -p target",
  "echo built >> target/log",
  "echo junk > junk.txt",
  "mkdir -p coverage && echo x > coverage/x",
  'echo "built $(wc -l < target/log) times"',
  "! grep -q bad a.txt",
].join(" && ");

const cargoProject = { "Cargo.toml": "[package]\n", ".gitignore": "target\n", "a.txt": "one\n" };

describe.skipIf(skipped)("gate trees on layers (skipped without bubblewrap and overlays)", () => {
  test("F4 a candidate builds on what the base built; what it writes itself reaches no other candidate", async () => {
    await using s = await layered({ files: cargoProject, project: { test_cmd: build } });
    expect((await s.base()).passed).toBe(true);
    expect(s.layers()).toHaveLength(1);
    for (const text of ["two\n", "three\n"]) {
      s.outputs.length = 0;
      const result = await s.judge(await s.t.change({ "a.txt": text }));
      expect([result.passed, s.outputs.join("")]).toEqual([true, "built 2 times\n"]);
      const changed = result.verdicts.flatMap(({ changedPaths }) => changedPaths);
      expect(changed.sort()).toEqual(["coverage/", "junk.txt"]);
    }
    const bad = await s.judge(await s.t.change({ "a.txt": "bad\n" }));
    expect([bad.passed, bad.blame]).toEqual([false, "attempt"]);
  });

  test("F12 a command that patches a dependency or a source reaches no other command of its candidate", async () => {
    await using s = await layered({
      files: { "a.txt": "one\n", ".gitignore": "node_modules\n", "package.json": "{}\n" },
      project: {
        setup_cmd: "mkdir -p node_modules/x && echo good > node_modules/x/i.js",
        lint_cmd: "echo evil > node_modules/x/i.js; echo evil > a.txt; rm package.json; true",
        test_cmd: "cat node_modules/x/i.js a.txt && ls package.json",
      },
    });
    expect((await s.base()).passed).toBe(true);
    s.outputs.length = 0;
    const result = await s.judge(await s.t.change({ "a.txt": "two\n" }));
    expect([result.passed, result.reason]).toEqual([true, ""]);
    expect(s.outputs.at(-1)).toBe("good\ntwo\npackage.json\n");
    const lint = result.verdicts.find(({ gate }) => gate === "lint");
    expect(lint?.changedPaths.sort()).toEqual(["a.txt", "node_modules/", "package.json"]);
  });

  test("F3 setup runs once for the base and again only for a candidate that changes a lockfile, in its own tree", async () => {
    await using s = await layered({
      files: { "a.txt": "one\n", ".gitignore": "node_modules\n", "package-lock.json": "1\n" },
      project: {
        setup_cmd: "mkdir -p node_modules && cat package-lock.json >> node_modules/installed",
        test_cmd: "cat node_modules/installed",
      },
    });
    await s.base();
    const judged = async (files: Record<string, string>): Promise<[string, boolean]> => {
      s.outputs.length = 0;
      const result = await s.judge(await s.t.change(files));
      const setup = result.verdicts.find(({ gate }) => gate === "setup");
      return [s.outputs.at(-1) ?? "", setup?.cached ?? false];
    };
    expect(await judged({ "a.txt": "two\n" })).toEqual(["1\n", true]);
    expect(await judged({ "package-lock.json": "2\n" })).toEqual(["1\n2\n", false]);
    expect(await judged({ "a.txt": "three\n" })).toEqual(["1\n", true]);
  });

  test("F12 every changed file is newer than everything in the layer, and the others keep their times", async () => {
    await using s = await layered({
      files: { ...cargoProject, "b.txt": "same\n" },
      project: {
        test_cmd:
          "mkdir -p target; [ -e target/stamp ] || touch target/stamp; " +
          "for f in a.txt b.txt; do [ $f -nt target/stamp ] && echo $f is newer; done; true",
      },
    });
    await s.base();
    s.outputs.length = 0;
    await s.judge(await s.t.change({ "a.txt": "two\n" }));
    expect(s.outputs.join("")).toBe("a.txt is newer\n");
  });

  test("F12 a layer in which a file changed is not used, and is removed", async () => {
    await using s = await layered({ files: cargoProject, project: { test_cmd: build } });
    await s.base();
    const [layer = ""] = s.layers();
    const root = (await s.c.ground())?.store.root ?? "";
    appendFileSync(join(root, layer, "outputs/target/log"), "planted\n");
    const later = s.t.reopen({ buildsLayers: true });
    const ground = await later.ground();
    const key = { stack: "", dependencies: "" };
    expect(ground?.store.newest(key)).toBe(null);
    const commit = await s.t.change({ "a.txt": "two\n" });
    const tree = await treeOfCommit(later.repository, commit);
    const result = await runGates(later, {
      ...{ unit: "u", attempt: 1, car: 1, tree, commit, base: s.t.base, testCmd: null },
      ...{ marker: "test-layers", signal: later.signal },
    });
    expect([result.passed, s.layers()]).toEqual([true, []]);
  });

  test("F12 a layer from which a file is removed while it is mounted condemns no candidate", async () => {
    const test_cmd =
      "if [ -d target ] && [ ! -e target/log ]; then echo broken; exit 1; fi; " +
      "mkdir -p target && echo built > target/log";
    await using s = await layered({ files: cargoProject, project: { test_cmd } });
    await s.base();
    const [layer = ""] = s.layers();
    rmSync(join((await s.c.ground())?.store.root ?? "", layer, "outputs/target/log"));
    const result = await s.judge(await s.t.change({ "a.txt": "two\n" }));
    expect([result.passed, result.reason, s.layers()]).toEqual([true, "", []]);
  });

  test("F12 a layer of a tree that the repository no longer has is removed", async () => {
    await using s = await layered({ files: cargoProject, project: { test_cmd: build } });
    await s.base();
    const { store, layer: key } = await onlyLayer(s);
    store.drop(key.id);
    const other = store.begin();
    store.seal({ ...key, id: other, tree: "1".repeat(40) });
    const result = await s.judge(await s.t.change({ "a.txt": "two\n" }));
    expect([result.passed, result.reason, s.layers()]).toEqual([true, "", []]);
  });

  test("F12 a layer from after the time of the clock is not used: what is written now would look older", async () => {
    await using s = await layered({ files: cargoProject, project: { test_cmd: build } });
    await s.base();
    const { store, layer: key } = await onlyLayer(s);
    expect(store.newest(key)?.id).toBe(key.id);
    const clock = spyOn(Date, "now").mockImplementation(() => key.sealedAt - 1);
    try {
      expect(store.newest(key)).toBe(null);
    } finally {
      clock.mockRestore();
    }
  });

  test("F12 a command that fills its upper is repeated with an upper on disk, and its failure is never the candidate's", async () => {
    await using s = await layered({
      files: { "a.txt": "one\n" },
      project: { test_cmd: "dd if=/dev/zero of=big bs=1M count=8 && rm big && echo written" },
      config: { sandbox: { upper_mib: 4 } },
    });
    await s.base();
    s.outputs.length = 0;
    const result = await s.judge(await s.t.change({ "a.txt": "two\n" }));
    expect([result.passed, s.outputs.at(-1)?.includes("written")]).toEqual([true, true]);
  });

  test("F12 a failing test that prints the words of a full disk is the candidate's", async () => {
    const test_cmd = "! grep -q bad a.txt || { echo 'No space left on device'; exit 1; }";
    await using s = await layered({ files: { "a.txt": "one\n" }, project: { test_cmd } });
    await s.base();
    const result = await s.judge(await s.t.change({ "a.txt": "bad\n" }));
    expect([result.passed, result.blame]).toEqual([false, "attempt"]);
  });

  test("A10 a coverage command reports to {output} from a layered tree, and its figures judge the candidate", async () => {
    const coverage_cmd =
      "echo SF:src/a.txt > {output}; cat hits >> {output}; echo end_of_record >> {output}";
    const hits = (...lines: number[]): string =>
      lines.map((hit, n) => `DA:${n + 1},${hit}\n`).join("");
    await using s = await layered({
      files: {
        "src/a.txt": "one\n",
        hits: hits(1, 1),
        [coverageBaselineFile]: coverageBaselineText({
          command: "",
          head: "",
          tree: "",
          files: [],
        }),
      },
      project: { coverage_cmd, src_dir: "src" },
    });
    expect((await s.base()).passed).toBe(true);
    const drop = await s.t.change({ "src/a.txt": "two\n", hits: hits(1, 0) });
    const { passed, reason } = await s.judge(drop);
    expect([passed, reason.includes("src/a.txt")]).toEqual([false, true]);
    expect((await s.judge(await s.t.change({ "src/a.txt": "two\n" }))).passed).toBe(true);
  });

  test("F4 gates of one group keep build outputs for one another, and nothing else", async () => {
    const gate = (name: string, command: string, more = {}): Record<string, unknown> => {
      return { name, command, kind: "check", shares: "build", ...more };
    };
    const gates = [
      gate("one", "mkdir -p target && echo one > target/log && echo junk > junk.txt"),
      gate("two", "cat target/log; ls junk.txt 2>&1 || true"),
      gate("three", "cat target/log 2>&1 || true", { shares: "other" }),
    ];
    await using s = await layered({ files: cargoProject, config: { gates: gates as never } });
    // The base is judged by gates that leave nothing.
    await s.judge(s.t.base, { unit: null, cold: true, files: "sample" });
    s.outputs.length = 0;
    await s.judge(await s.t.change({ "a.txt": "two\n" }), { cold: true });
    const [, two = "", three = ""] = s.outputs;
    expect([two.startsWith("one\n"), two.includes("No such file")]).toEqual([true, true]);
    expect(three).toContain("No such file");
  });

  test("a cold check finds nothing that an earlier tree built or installed", async () => {
    await using s = await layered({ files: cargoProject, project: { test_cmd: build } });
    await s.base();
    s.outputs.length = 0;
    const result = await s.judge(s.t.base, { unit: null, cold: true });
    expect([result.passed, s.outputs.join("")]).toEqual([true, "built 1 times\n"]);
  });

  test("what landed becomes a layer with the dependencies that it brought", async () => {
    await using s = await layered({
      files: { "a.txt": "one\n", ".gitignore": "node_modules\n", "package-lock.json": "1\n" },
      project: {
        setup_cmd: "mkdir -p node_modules && cat package-lock.json >> node_modules/installed",
        test_cmd: "cat node_modules/installed",
      },
    });
    await s.base();
    const landed = await s.t.change({ "package-lock.json": "2\n" });
    const tree = await treeOfCommit(s.c.repository, landed);
    const of = { tree, marker: "test-layers", signal: s.c.signal };
    expect(await advanceLayers(s.c, of)).toBe(null);
    expect(s.layers()).toHaveLength(2);
    s.outputs.length = 0;
    const next = await s.t.change({ "package-lock.json": "2\n", "a.txt": "two\n" });
    const result = await s.judge(next);
    expect([result.passed, s.outputs.at(-1)]).toEqual([true, "1\n2\n"]);
    expect(result.verdicts.find(({ gate }) => gate === "setup")?.cached).toBe(true);
  });

  test("F4 commands of a worker find the layer's dependencies and build outputs, and change only their own", async () => {
    await using s = await layered({ files: cargoProject, project: { test_cmd: build } });
    await s.base();
    const worktree = await s.t.git.attempt(undefined, s.t.base);
    const tree = await treeOfCommit(s.c.repository, s.t.base);
    const warm = await warmWorktree(s.c, { tree, path: worktree.path });
    expect(warm?.mounted.mounts.map(({ at }) => at)).toContain("/dgov/tree/target");
    await warm?.end();
    writeFileSync(join(worktree.path, "a.txt"), "two\n");
    expect(await warmWorktree(s.c, { tree: "0".repeat(40), path: "x" }).catch(() => null)).toBe(
      null,
    );
  });
});
