import { expect, test } from "bun:test";
import { parseMerge } from "./merge.ts";

const tree = "a".repeat(40);
const output = (code: number, text: string): Parameters<typeof parseMerge>[0] => {
  return { code, stdout: Buffer.from(text), stderr: "not something we can merge" };
};

test("a clean merge is parsed as its tree", () => {
  expect(parseMerge(output(0, `${tree}\0`))).toEqual({ kind: "clean", tree });
  expect(parseMerge(output(0, `${tree}\0\0`))).toEqual({ kind: "clean", tree });
});

test("a conflict lists each path once with its type, newlines in names included", () => {
  const entry = (stage: number): string => `100644 ${tree} ${stage}\tx\ny\0`;
  const auto = "1\0x\ny\0Auto-merging\0Auto-merging x\n\0";
  const conflict = "1\0x\ny\0CONFLICT (contents)\0CONFLICT (content): in x\n\0";
  const text = `${tree}\0${entry(1)}${entry(2)}${entry(3)}\0${auto}${conflict}`;
  expect(parseMerge(output(1, text))).toEqual({
    kind: "conflicted",
    tree,
    paths: [{ path: "x\ny", type: "CONFLICT (contents)" }],
    text: "CONFLICT (content): in x",
  });
});

test("exit code 1 without a tree is a failure, not a conflict", () => {
  expect(() => parseMerge(output(1, ""))).toThrow("not something we can merge");
  expect(() => parseMerge(output(128, ""))).toThrow("git merge-tree failed");
});
