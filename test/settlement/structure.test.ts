/** The structure gate on real trees, with the built-in sensor and with an external program. */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rejectionText } from "../../src/settlement/rejection.ts";
import { holdBaseline } from "../../src/settlement/structure/held-baseline.ts";
import { scanTree, sensorOf } from "../../src/settlement/structure/scan.ts";
import { sensorVersion } from "../../src/structure/baseline.ts";
import {
  type TestSettlement,
  type TestSettlementOptions,
  testSettlement,
  verdict,
} from "./harness.ts";

const baseline = {
  timestamp: 1_700_000_000,
  quality_signal: 0.01,
  coupling_score: 1,
  cycle_count: 0,
  god_file_count: 0,
  hotspot_count: 0,
  complex_fn_count: 9,
  max_depth: 3,
  total_import_edges: 2,
  cross_module_edges: 1,
};

function branchy(name: string, branches: number): string {
  return `def ${name}(x):\n${"    if x: x += 1\n".repeat(branches)}    return x\n\n`;
}

function structured(
  files: Record<string, string>,
  more: {
    baseline?: Partial<typeof baseline>;
    engine?: "builtin" | "sentrux";
  } & TestSettlementOptions = {},
): Promise<TestSettlement> {
  const text = JSON.stringify({ ...baseline, ...more.baseline });
  const engine = more.engine ?? "builtin";
  const note = JSON.stringify({
    engine,
    engine_version: engine === "builtin" ? sensorVersion : null,
  });
  const { config, environment } = more;
  return testSettlement({
    files: { ".sentrux/baseline.json": text, ".sentrux/dgov-baseline.json": note, ...files },
    ...(config === undefined ? {} : { config }),
    ...(environment === undefined ? {} : { environment }),
  });
}

describe("structure gate", () => {
  test("the structure gate does not apply without a baseline or without sources", async () => {
    await using none = await testSettlement({ files: { "a.py": "x = 1\n" } });
    expect(verdict(await none.judge({ "a.py": branchy("f", 30) }), "structure")).toMatchObject({
      status: "not_applicable",
      reason: "no structural baseline (dgov sentrux gate-save)",
    });
    await using texts = await structured({ "a.txt": "a\n" });
    expect(verdict(await texts.judge({ "a.txt": "b\n" }), "structure")).toMatchObject({
      status: "not_applicable",
      reason: "no source in a language the sensor reads",
    });
  });

  test("A30 a verdict is not served for another baseline of the checkout", async () => {
    await using c = await testSettlement({
      files: { "a.py": "def f(x):\n    return x\n\nf(1)\n" },
      config: { sentrux: { mode: "strict" } },
    });
    const note = JSON.stringify({ engine: "builtin", engine_version: sensorVersion });
    const lost = { "a.py": "def f(x):\n    return x\n\nf(1)\n\ndef lost(x):\n    return x + 1\n" };
    const judged = async (quality: number): Promise<string> => {
      const context = { ...c.reopen(), cache: c.context.cache };
      c.git.repo.write(".sentrux/dgov-baseline.json", note);
      const figures = { ...baseline, quality_signal: quality };
      c.git.repo.write(".sentrux/baseline.json", JSON.stringify(figures));
      const of = { commit: c.base, checkedOut: true, marker: "test", now: 0 };
      await holdBaseline(context, of);
      // A worker that writes to the checkout from here on changes nothing.
      c.git.repo.write(".sentrux/baseline.json", "{}");
      return verdict(await c.judge(lost, { context }), "structure").status;
    };
    expect([await judged(0.5), await judged(1), await judged(0.5)]).toEqual([
      "passed",
      "failed",
      "passed",
    ]);
  });

  test("A13 the structure gate charges new violations at their lines", async () => {
    await using c = await structured({ "a.py": "x = 1\n" });
    const result = await c.judge({ "a.py": `x = 1\n${branchy("god", 20)}` });
    expect([result.passed, result.blame]).toEqual([false, "attempt"]);
    expect(verdict(result, "structure")).toMatchObject({
      status: "failed",
      reason:
        "god has a cognitive complexity of 20 (limit 15); " +
        "god has a cyclomatic complexity of 21 (limit 15)",
      diagnostics: [
        { file: "a.py", line: 2, code: "cognitive_function", severity: "error" },
        { file: "a.py", line: 2, code: "complex_function", severity: "error" },
      ],
    });
  });

  test("A13 the structure gate charges no violation that was there, touched, moved or improved", async () => {
    const old = branchy("old", 20);
    await using c = await structured({ "a.py": old });
    const passes = async (files: Record<string, string | null>): Promise<void> => {
      const found = verdict(await c.judge(files), "structure");
      expect([found.status, found.diagnostics]).toEqual(["passed", []]);
    };
    await passes({ "a.py": `y = 2\n${old}` });
    await passes({ "a.py": old.replace("return x", "return x + 1") });
    await passes({ "a.py": branchy("old", 19) });
    await passes({ "a.py": null, "b/a.py": old });
    await passes({ "b.py": "y = 1\n" });
    const worse = verdict(await c.judge({ "a.py": branchy("old", 21) }), "structure");
    expect(worse.reason).toContain("it was 21 before");
  });

  test("A13 the structure gate finds a cycle formed by changed and unchanged files", async () => {
    await using c = await structured({ "a.py": "import b\n", "b.py": "x = 1\n" });
    const result = verdict(await c.judge({ "b.py": "x = 1\nimport a\n" }), "structure");
    expect(result.diagnostics).toMatchObject([{ file: "a.py", line: 1, code: "cycle" }]);
  });

  test.each([
    ["is marked as generated", "# @generated\n"],
    ["gets a NUL byte", "# \0\n"],
  ])("A13 a measured file that then %s is charged as hidden", async (_, heading) => {
    await using c = await structured({ "a.py": "x = 1\n" });
    const text = `${heading}${branchy("god", 20)}`;
    const hidden = verdict(await c.judge({ "a.py": text }), "structure");
    expect(hidden).toMatchObject({
      status: "failed",
      reason:
        "a.py: the file was measured before and is excluded now: it is marked as generated or cannot be parsed",
      diagnostics: [{ file: "a.py", code: "hidden_file", severity: "error" }],
    });
    expect(hidden.tail).toStartWith("a.py:1: the file was measured before");
    expect(rejectionText([hidden])).toBe(
      `The structure gate failed: ${hidden.reason}\n${hidden.tail}`,
    );
    const warned = verdict(await c.judge({ "b.py": text }), "structure");
    expect(warned).toMatchObject({
      status: "passed",
      diagnostics: [{ file: "b.py", code: "unmeasured_file", severity: "warning" }],
    });
  });

  test("a long function is a warning", async () => {
    await using c = await structured({ "a.py": "x = 1\n" });
    const long = `def f(x):\n${"    x += 1\n".repeat(60)}`;
    const found = verdict(await c.judge({ "a.py": long }), "structure");
    expect(found).toMatchObject({
      status: "passed",
      diagnostics: [{ code: "long_function", severity: "warning", line: 1 }],
    });
  });

  test("the structure sensor parses only blobs it has not seen", async () => {
    await using c = await structured({ "a.py": "x = 1\n", "b.py": "y = 1\n" });
    const seen: string[][] = [];
    const { fileMetrics } = c.context;
    const counting = {
      ...fileMetrics,
      put(entries: Iterable<readonly [string, never]>) {
        const some = [...entries];
        seen.push(some.map(([key]) => key.replace(/:.*/, "")));
        fileMetrics.put(some);
      },
    } as typeof fileMetrics;
    const sensor = { ...sensorOf(c.context, c.context.signal), fileMetrics: counting };
    await scanTree(sensor, await c.change({ "c.py": "z = 1\n" }));
    await scanTree(sensor, await c.change({ "c.py": "z = 2\n" }));
    expect(seen).toEqual([["python", "python", "python"], ["python"]]);
  });

  test("the structure gate reuses a cached verdict", async () => {
    await using c = await structured({ "a.py": "x = 1\n" });
    const files = { "a.py": "x = 2\n" };
    expect(verdict(await c.judge(files), "structure").cached).toBe(false);
    const later = await c.judge(files);
    expect(verdict(later, "structure")).toMatchObject({ status: "passed", cached: true });
  });
});

describe("strict mode", () => {
  const strict = { config: { sentrux: { mode: "strict" } } };

  test("strict mode rejects a tree below the baseline", async () => {
    const used = "def f(): pass\nf()\n";
    await using c = await structured(
      { "a.py": used },
      { ...strict, baseline: { quality_signal: 1 } },
    );
    expect(verdict(await c.judge({ "a.py": `${used}x = 1\n` }), "structure").status).toBe("passed");
    const result = await c.judge({ "a.py": `${used}def g(): pass\n` });
    expect(verdict(result, "structure")).toMatchObject({
      status: "failed",
      reason: "quality fell from 10000 to 8706",
      blame: "attempt",
    });
  });

  test("strict mode blames the base when it is below its own baseline", async () => {
    await using c = await structured(
      { "a.py": "def g(): pass\ndef f(): pass\nf()\n" },
      { ...strict, baseline: { quality_signal: 1 } },
    );
    const result = await c.judge({ "b.py": "x = 1\n" });
    expect([result.passed, result.blame]).toEqual([false, "base"]);
  });

  test("the structure gate cannot run in strict mode with an unreadable baseline", async () => {
    await using c = await testSettlement({
      files: { ".sentrux/baseline.json": "{", "a.py": "x = 1\n" },
      ...strict,
    });
    expect(verdict(await c.judge({ "a.py": "x = 2\n" }), "structure")).toMatchObject({
      status: "errored",
      reason: ".sentrux/baseline.json: not a JSON object",
      blame: "environment",
    });
  });
});

describe("external sentrux program", () => {
  /** A stand-in for sentrux that searches the given tree for marker words. */
  const script = `#!/bin/sh
if [ "$2" = --save ]; then mkdir -p "$3/.sentrux"; echo '${JSON.stringify(baseline)}' > "$3/.sentrux/baseline.json"; exit 0; fi
if grep -rq WORSE "$2"/*.py; then echo "✗ DEGRADED"; echo "✗ Cycles increased: 0 -> 1"; exit 1; fi
if grep -rq SOFTER "$2"/*.py; then echo "✗ DEGRADED"; echo "✗ Complex functions increased: 0 -> 1"; exit 1; fi
if grep -rq ANOTHER "$2"/*.py; then exit 0; fi
echo "Quality: 0.5 -> 0.5"
if grep -rq BROKEN "$2"/*.py; then kill -9 $$; fi
echo "No degradation detected"
`;

  function install(c: TestSettlement): TestSettlement["context"] {
    const bin = join(c.git.repo.root, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "sentrux"), script);
    chmodSync(join(bin, "sentrux"), 0o755);
    const path = `${bin}:${c.context.environment["PATH"]}`;
    return c.reopen({ environment: { ...c.context.environment, PATH: path } });
  }

  test("A4 an external sentrux decides, and the built-in sensor locates offenders", async () => {
    await using c = await structured({ "a.py": "x = 1\n" }, { engine: "sentrux" });
    const settlement = install(c);
    const judged = async (text: string) =>
      verdict(await c.judge({ "a.py": text }, { context: settlement }), "structure");
    expect(await judged(branchy("god", 30))).toMatchObject({ status: "passed" });
    expect(await judged(`${branchy("god", 30)}WORSE = 1\n`)).toMatchObject({ status: "failed" });
    expect(await judged("WORSE = 1\n")).toMatchObject({
      status: "passed",
      tail: "against the baseline (a warning): Cycles increased: 0 -> 1",
    });
    expect(await judged("SOFTER = 1\n")).toMatchObject({ status: "passed" });
    expect(await judged("ANOTHER = 1\n")).toMatchObject({
      status: "errored",
      reason: "sentrux gave no verdict",
      blame: "environment",
    });
    expect(await judged("BROKEN = 1\n")).toMatchObject({
      status: "errored",
      blame: "environment",
    });
  });

  test("strict mode rejects on degradations that an external sentrux reports", async () => {
    await using c = await structured(
      { "a.py": "x = 1\n" },
      { config: { sentrux: { mode: "strict", engine: "external" } }, engine: "sentrux" },
    );
    const result = await c.judge({ "a.py": "WORSE = 1\n" }, { context: install(c) });
    expect(verdict(result, "structure")).toMatchObject({
      status: "failed",
      reason: "Cycles increased: 0 -> 1",
      blame: "attempt",
    });
  });

  test("the structure gate cannot run when the external engine is configured and missing", async () => {
    await using c = await structured(
      { "a.py": "x = 1\n" },
      { config: { sentrux: { engine: "external" } } },
    );
    expect(verdict(await c.judge({ "a.py": "x = 2\n" }), "structure").status).toBe("errored");
  });
});
