/** The lists of mutants fit the source, and the tool tells a defect that is detected from one that is not. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { allMutants, type Mutant, mutate, testOf } from "./mutant.ts";
import { Tree } from "./tree.ts";

const root = resolve(import.meta.dir, "../..");
const mutants = await allMutants();

test("each mutant has its own name", () => {
  const names = mutants.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

test("each mutant is in the list of its room, fits the source, and names a test or a reason", () => {
  const problems = mutants.flatMap((mutant) => {
    const { room, name, file, killedBy, survives } = mutant;
    const misplaced = file.startsWith(`src/${room}/`)
      ? []
      : [`${name}: ${file} is not in src/${room}`];
    const mutated = mutate(readFileSync(join(root, file), "utf8"), mutant);
    const unfit = mutated instanceof Error ? [`${name}: ${file}: ${mutated.message}`] : [];
    const both = (killedBy === undefined) === (survives === undefined);
    const test = killedBy === undefined ? null : testOf(killedBy);
    const gone = killedBy !== undefined && (test === null || !existsSync(join(root, test.file)));
    return [
      ...misplaced,
      ...unfit,
      ...(both ? [`${name}: needs either killedBy or survives`] : []),
      ...(gone ? [`${name}: no file of ${killedBy}`] : []),
    ];
  });
  expect(problems).toEqual([]);
});

describe("a mutant", () => {
  const lock: Mutant = {
    name: "a waiting task is admitted beside one that holds the lock alone",
    file: "src/std/shared-lock.ts",
    find: 'held.every(({ mode }) => mode === "shared")',
    replace: "true",
  };
  const test_ = ["./src/std/shared-lock.test.ts"];

  test("is detected by its test, which passes without it", async () => {
    const tree = await Tree.create();
    try {
      expect((await tree.test(test_)).result).toBe("passed");
      const original = tree.read(lock.file);
      tree.write(lock.file, mutate(original, lock) as string);
      const run = await tree.test(test_);
      expect(run.result).toBe("failed");
      expect(run.failed.length).toBeGreaterThan(0);
      expect((await tree.test(test_, "no such test")).result).toBe("broken");
    } finally {
      tree.remove();
    }
  });

  test("must fit exactly once, change the text, and leave it readable", () => {
    const of = (find: string, replace: string) =>
      mutate("const a = b + b + c;", { ...lock, find, replace });
    expect(of("b", "c")).toEqual(new Error("the text occurs 2 times, expected once"));
    expect(of("c;", "c;")).toEqual(new Error("the patch changes nothing"));
    expect(of("c;", "c +;")).toEqual(new Error("the result is no TypeScript"));
    expect(of("+ c", "- c")).toBe("const a = b + b - c;");
  });
});
