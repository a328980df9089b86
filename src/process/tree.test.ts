import { describe, expect, test } from "bun:test";
import { type Row, statRow, treeMembers } from "./tree.ts";

/** A process of its own group and session, a child of init, that is neither dead nor the kernel's. */
function row(pid: number, more: Partial<Row> = {}): Row {
  return {
    pid,
    parent: 1,
    group: pid,
    session: pid,
    start: `s${pid}`,
    zombie: false,
    kernel: false,
    ...more,
  };
}

const self = 50;
/** This process and its parent; they are in every list. */
const own = [row(40), row(self, { parent: 40, group: 40, session: 40 })];

function membersOf(
  rows: Row[],
  o: {
    pid?: number;
    marker?: string;
    known?: Record<number, string>;
    markers?: Record<number, string>;
  },
): number[] {
  const { known = {}, markers = {}, ...of } = o;
  const found = treeMembers([...own, ...rows], {
    ...of,
    self,
    known: new Map(Object.entries(known).map(([pid, start]) => [Number(pid), start])),
    markerOf: (pid) => markers[pid] ?? null,
  });
  return found.map(({ pid }) => pid);
}

describe("B3 a process belongs to a tree", () => {
  test.each<[string, Row[], Parameters<typeof membersOf>[1], number[]]>([
    ["as its root", [row(100)], { pid: 100 }, [100]],
    ["in the root's group", [row(101, { group: 100 })], { pid: 100 }, [101]],
    ["in the root's session", [row(101, { session: 100 })], { pid: 100 }, [101]],
    ["as a child of a member", [row(100), row(101, { parent: 100 })], { pid: 100 }, [100, 101]],
    [
      "as a child of a child, whatever the order",
      [row(102, { parent: 101 }), row(101, { parent: 100 }), row(100)],
      { pid: 100 },
      [102, 101, 100],
    ],
    ["by the marker", [row(101)], { marker: "r/x/1", markers: { 101: "r/x/1" } }, [101]],
    [
      "by the marker of a child started with it",
      [row(101)],
      { marker: "r/x/1", markers: { 101: "r/x/1#7.1" } },
      [101],
    ],
    ["as a member known by pid and start", [row(101)], { known: { 101: "s101" } }, [101]],
    ["in the group of a dead member", [row(101, { group: 99 })], { known: { 99: "s99" } }, [101]],
    [
      "in the session of a dead member",
      [row(101, { session: 99 })],
      { known: { 99: "s99" } },
      [101],
    ],
    [
      "in the group of a member that left the root's",
      [row(100), row(101, { parent: 100 }), row(102, { group: 101 })],
      { pid: 100 },
      [100, 101, 102],
    ],
    [
      "in the session of a member that left the root's",
      [row(100), row(101, { parent: 100 }), row(102, { session: 101 })],
      { pid: 100 },
      [100, 101, 102],
    ],
  ])("%s", (_how, rows, o, expected) => {
    expect(membersOf(rows, o)).toEqual(expected);
  });
});

describe("B3 a process does not belong to a tree", () => {
  test.each<[string, Row[], Parameters<typeof membersOf>[1]]>([
    ["of another root", [row(101)], { pid: 100 }],
    ["by a longer marker", [row(101)], { marker: "r/x/1", markers: { 101: "r/x/10" } }],
    ["by a longer marker's child", [row(101)], { marker: "r/x/1", markers: { 101: "r/x/10#7.1" } }],
    [
      "by a marker of other gates",
      [row(101)],
      { marker: "r/x/1/gates.1", markers: { 101: "r/x/1/gates.10" } },
    ],
    ["by a shorter marker", [row(101)], { marker: "r/x/10", markers: { 101: "r/x/1" } }],
    ["as another process of a known pid", [row(101)], { known: { 101: "earlier" } }],
    [
      "in the group of another process of a known pid",
      [row(99), row(101, { group: 99 })],
      { known: { 99: "earlier" } },
    ],
    [
      "in the session of another process of a known pid",
      [row(99), row(101, { session: 99 })],
      { known: { 99: "earlier" } },
    ],
    ["as a zombie", [row(100, { zombie: true })], { pid: 100 }],
    ["as a thread of the kernel", [row(2, { kernel: true })], { marker: "m", markers: { 2: "m" } }],
    ["as this process or its parent", [], { pid: 40 }],
    ["as this process, which has the marker", [], { marker: "m", markers: { [self]: "m" } }],
  ])("%s", (_how, rows, o) => {
    expect(membersOf(rows, o)).toEqual([]);
  });
});

describe("statRow", () => {
  const after = "5 6 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 9";

  test("reads a process whatever its name", () => {
    for (const name of ["sh", "a) Z 9 9 9", ") (", "tab\t"]) {
      expect(statRow(8, `8 (${name}) S ${after}\n`, "boot")).toEqual({
        pid: 8,
        parent: 5,
        group: 6,
        session: 7,
        start: "boot-12345",
        zombie: false,
        kernel: false,
      });
    }
  });

  test.each([
    ["S", false],
    ["T", false],
    ["Z", true],
    ["X", true],
  ])("the state %s is that of a zombie: %p", (state, zombie) => {
    expect(statRow(8, `8 (sh) ${state} ${after}`, "b").zombie).toBe(zombie);
  });

  test("two processes of the same ticks differ by the boot, and a kernel thread is known by its flag", () => {
    const stat = `8 (sh) S ${after}`;
    expect(statRow(8, stat, "one").start).not.toBe(statRow(8, stat, "two").start);
    expect(statRow(8, stat.replace("4194560", `${0x00200000 | 64}`), "b").kernel).toBe(true);
  });
});
