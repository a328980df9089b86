import { expect, test } from "bun:test";
import { BoundedOutput } from "./bounded-output.ts";

function collected(max: number, chunks: string[]): string {
  const output = new BoundedOutput(max);
  for (const chunk of chunks) output.add(Buffer.from(chunk));
  return output.text();
}

test.each<[string, number, string[], string]>([
  ["nothing", 10, [], ""],
  ["all output that fits", 10, ["hello", "world"], "helloworld"],
  ["head and tail of output over the limit", 4, ["abcdefgh"], "ab\n[... 4 bytes left out ...]\ngh"],
  [
    "the same head and tail for any chunks",
    4,
    [..."abcdefgh"],
    "ab\n[... 4 bytes left out ...]\ngh",
  ],
  ["no partial characters", 4, ["xé€y"], "x\n[... 3 bytes left out ...]\ny"],
])("keeps %s", (_what, max, chunks, text) => {
  expect(collected(max, chunks)).toBe(text);
});

test("all bytes are counted while the kept output stays bounded", () => {
  const output = new BoundedOutput(100);
  for (let i = 0; i < 10_000; i++) output.add(Buffer.alloc(30, 97 + (i % 26)));
  expect([output.bytes, output.overflowed, output.take().length < 150]).toEqual([
    300_000,
    true,
    true,
  ]);
});
