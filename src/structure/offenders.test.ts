import { describe, expect, test } from "bun:test";
import { importIndex } from "../languages/import-index.ts";
import { languageOf } from "../languages/language.ts";
import { fileMetrics } from "./file-metrics.ts";
import { measureFiles } from "./metrics.ts";
import { chargesOf, isHard, type Offender, offendersOf, offenderText } from "./offenders.ts";

type Texts = Record<string, string>;

async function offenders(texts: Texts): Promise<Offender[]> {
  const files = [];
  for (const [path, text] of Object.entries(texts)) {
    const metrics = await fileMetrics(languageOf(path), text);
    if (metrics !== null) files.push({ path, metrics, counted: true });
  }
  const index = importIndex(Object.keys(texts), new Map());
  const measured = measureFiles(files, index, { includeTests: false });
  return offendersOf(files, measured, { index, includeTests: false });
}

/** Charges of a change from one set of files to another, as `kind path name value was`. */
async function charges(before: Texts, after: Texts): Promise<string[]> {
  const touched = new Set(
    Object.keys({ ...before, ...after }).filter((path) => before[path] !== after[path]),
  );
  const change = { touched, paths: new Set(Object.keys(after)) };
  const found = chargesOf(await offenders(after), await offenders(before), change);
  return found.map((c) => [c.kind, c.path, c.name, c.value, c.was].join(" "));
}

const branchy = (name: string, branches: number): string =>
  `def ${name}(x):\n${"    if x: x += 1\n".repeat(branches)}    return x\n\n`;

describe("A13 charges", () => {
  const old = branchy("old", 20);

  test("a new offender is charged", async () => {
    const found = await charges({ "a.py": old }, { "a.py": old + branchy("f", 16) });
    expect(found).toEqual(["complex_function a.py f 17 ", "cognitive_function a.py f 16 "].sort());
  });

  test("an old offender is not charged when other code of its file changes", async () => {
    expect(await charges({ "a.py": old }, { "a.py": `${branchy("g", 2)}${old}x = 1\n` })).toEqual(
      [],
    );
  });

  test("touching an offender without making it worse is not charged", async () => {
    const touched = old.replace("return x", "return x + 1");
    expect(await charges({ "a.py": old }, { "a.py": touched })).toEqual([]);
  });

  test("improving an offender that remains one is not charged", async () => {
    expect(await charges({ "a.py": old }, { "a.py": branchy("old", 18) })).toEqual([]);
  });

  test("making an offender worse is charged, with its previous value", async () => {
    const found = await charges({ "a.py": old }, { "a.py": branchy("old", 21) });
    expect(found).toEqual(["cognitive_function a.py old 21 20", "complex_function a.py old 22 21"]);
  });

  test("a function that crosses the limit is charged as new", async () => {
    const found = await charges({ "a.py": branchy("f", 14) }, { "a.py": branchy("f", 15) });
    expect(found).toEqual(["complex_function a.py f 16 "]);
  });

  test("moving a file is not charged, making its function worse in the same change is", async () => {
    expect(await charges({ "a.py": old }, { "b/a.py": old })).toEqual([]);
    expect(await charges({ "a.py": old }, { "b/a.py": branchy("old", 21) })).toHaveLength(2);
  });

  test("copying an offender is charged", async () => {
    expect(await charges({ "a.py": old }, { "a.py": old, "b.py": old })).toHaveLength(2);
    expect(await charges({ "a.py": old }, { "b.py": old, "c.py": old })).toHaveLength(2);
  });

  test("a simple function of the same name before an offender is not charged", async () => {
    const one = `class A:\n${old.replace(/^/gm, "    ")}`;
    const two = one.replace("class A:\n", "class A:\n    def old(self): pass\n");
    expect(await charges({ "a.py": one }, { "a.py": two })).toEqual([]);
  });

  test("functions of one name are compared with the worst of them first", async () => {
    const worst = branchy("f", 30);
    const found = await charges({ "a.py": worst }, { "a.py": branchy("f", 16) + worst });
    expect(found.map((text) => text.split(" ").slice(-2))).toEqual([
      ["16", ""],
      ["17", ""],
    ]);
  });

  const ring = (...names: string[]): Texts =>
    Object.fromEntries(
      names.map((name, at) => [
        `${name}.ts`,
        `// ${name}\nimport { x } from "./${names[(at + 1) % names.length]}.ts";\n`,
      ]),
    );

  test("new and grown cycles are charged, unchanged and shrunk ones are not", async () => {
    expect(await charges({}, ring("a", "b"))).toEqual(["cycle a.ts a.ts, b.ts 2 "]);
    expect(await charges(ring("a", "b"), { ...ring("a", "b"), "c.ts": "1" })).toEqual([]);
    expect(await charges(ring("a", "b"), ring("a", "b", "c"))).toEqual([
      "cycle a.ts a.ts, b.ts, c.ts 3 2",
    ]);
    expect(await charges(ring("a", "b", "c"), { ...ring("a", "b"), "c.ts": "" })).toEqual([]);
    const other = await charges(
      { ...ring("a", "b"), "c.ts": "" },
      { ...ring("a", "c"), "b.ts": "" },
    );
    expect(other).toEqual(["cycle a.ts a.ts, c.ts 2 "]);
  });

  test("new and grown god files are charged, shrunk ones are not", async () => {
    const leaves = Object.fromEntries(
      Array.from({ length: 18 }, (_, at) => [`l${at}.ts`, "export const x = 1;\n"]),
    );
    const god = (count: number): Texts => ({
      ...leaves,
      "god.ts": Array.from({ length: count }, (_, at) => `import "./l${at}.ts";\n`).join(""),
    });
    expect(await charges(leaves, god(15))).toEqual([]);
    expect(await charges(god(15), god(16))).toEqual(["god_file god.ts  16 "]);
    expect(await charges(god(16), god(17))).toEqual(["god_file god.ts  17 16"]);
    expect(await charges(god(17), { ...god(16), "z.ts": "1" })).toEqual([]);
    // A file that the god file already named, added by a change that does not touch it.
    const { "l16.ts": _, ...without } = god(17);
    expect(await charges(without, god(17))).toEqual([]);
  });
});

describe("offenders", () => {
  test("an offender has its place, value and limit", async () => {
    const [found] = await offenders({ "a.py": `x = 1\n${branchy("f", 15)}` });
    expect(found).toEqual({
      kind: "complex_function",
      path: "a.py",
      name: "f",
      line: 2,
      endLine: 18,
      value: 16,
      limit: 15,
    });
    expect(found && offenderText(found)).toBe("f has a cyclomatic complexity of 16 (limit 15)");
  });

  test("cycles, god files, complex and hidden code reject a change", () => {
    const hard = [
      "cycle",
      "god_file",
      "complex_function",
      "cognitive_function",
      "hidden_file",
    ] as const;
    const soft = [
      ...(["hotspot", "large_file", "unmeasured_file", "long_function"] as const),
      "many_parameters" as const,
    ];
    expect([...hard, ...soft].filter((kind) => isHard({ kind }))).toEqual([...hard]);
  });

  test("the place of a cycle is the import that enters it", async () => {
    const [found] = await offenders({
      "a.ts": 'import "./c.ts";\nimport "./b.ts";\n',
      "b.ts": 'import "./a.ts";\n',
      "c.ts": "",
    });
    expect(found).toMatchObject({ kind: "cycle", path: "a.ts", line: 2, value: 2 });
  });

  test("the cyclomatic limit of Rust functions is 20", async () => {
    const rust = (branches: number): Texts => ({
      "a.rs": `fn f(x: u8) -> u8 { match x { ${Array.from({ length: branches }, (_, at) => `${at} => 1,`).join(" ")} _ => 0 } }`,
    });
    expect(await offenders(rust(19))).toEqual([]);
    expect(await offenders(rust(20))).toMatchObject([{ kind: "complex_function", value: 21 }]);
  });

  test("excessive length is an offender that does not reject a change", async () => {
    const long = `def f():\n${"    x = 1\n".repeat(50)}`;
    const found = await offenders({ "a.py": long, "b.py": "x = 1\n".repeat(501) });
    expect(found.map((one) => [one.kind, one.value, isHard(one)])).toEqual([
      ["long_function", 51, false],
      ["large_file", 501, false],
    ]);
  });

  test("a function with five parameters is an offender, one with four is not", async () => {
    const texts = { "a.py": "def f(a, b, c, d): pass\ndef g(a, b, c, d, e): pass\n" };
    expect(await offenders(texts)).toMatchObject([{ kind: "many_parameters", name: "g" }]);
  });
});
