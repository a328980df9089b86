/** The file of the ledger: what is read, and what is refused. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LedgerEvent, ledgerLine } from "../../src/ledger/entry.ts";
import { appendToLedger, ledgerFile, newEntryId, openLedger } from "../../src/ledger/file.ts";

const root = mkdtempSync(join(tmpdir(), "dgov-ledger-"));
const file = join(root, ledgerFile);
const event: LedgerEvent = {
  id: "aaaa",
  event: "opened",
  ts: "2026-01-02T03:04:05.000Z",
  by: "Ada",
  category: "rule",
  severity: "normal",
  text: "x",
  paths: [],
  tags: [],
};

beforeEach(() => {
  rmSync(join(root, ".dgov"), { recursive: true, force: true });
  mkdirSync(join(root, ".dgov"));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

test("a missing ledger is empty, and is not created by reading", () => {
  expect(openLedger(root)).toEqual({ entries: [], broken: [] });
  expect(existsSync(file)).toBe(false);
});

test.each([
  ["an empty file", "", ""],
  ["a file that ends with a newline", "x\n", ""],
  ["a file without a newline at its end", "x", "\n"],
])("a line is added to %s on a line of its own", (_, before, gap) => {
  writeFileSync(file, before);
  appendToLedger(root, event);
  expect(readFileSync(file, "utf8")).toBe(`${before}${gap}${ledgerLine(event)}`);
});

test.each<[string, () => void, string]>([
  ["a link", () => symlinkSync("/dev/null", file), "is a link"],
  ["a pipe", () => execFileSync("mkfifo", [file]), "is not a regular file"],
  ["a folder", () => mkdirSync(file), "is not a regular file"],
  [
    "larger than 16 MiB",
    () => {
      writeFileSync(file, "");
      truncateSync(file, 16 * 1024 * 1024 + 1);
    },
    "is larger than 16 MiB",
  ],
])("C13 a ledger that is %s is neither read nor written", (_, make, problem) => {
  make();
  expect(() => openLedger(root)).toThrow(`${ledgerFile} ${problem}`);
  expect(() => appendToLedger(root, event)).toThrow(ledgerFile);
});

test("a ledger of exactly 16 MiB is read", () => {
  writeFileSync(file, ledgerLine(event));
  truncateSync(file, 16 * 1024 * 1024);
  expect(openLedger(root).entries.map(({ id }) => id)).toEqual(["aaaa"]);
});

test("ids of new entries are valid and differ", () => {
  const ids = Array.from({ length: 100 }, newEntryId);
  expect(new Set(ids).size).toBe(100);
  expect(ids.every((id) => /^[0-9a-f]{10}$/.test(id))).toBe(true);
});
