/** Slots of trees: numbers and ports of their own among all processes of dgov on a machine. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MachineSlots, slotVariables } from "../../src/process/machine-slots.ts";
import { testSettlement, verdict } from "./harness.ts";

/** Another process that takes a slot, prints its number, and holds it until it is killed. */
async function otherHolder(folder: string) {
  const source = join(import.meta.dir, "../../src/process/machine-slots.ts");
  const program = `
    const { MachineSlots } = await import(${JSON.stringify(source)});
    globalThis.slots = new MachineSlots([${JSON.stringify(folder)}]);
    console.log(slots.of("tree"));
    setInterval(() => Bun.gc(true), 50);
  `;
  const child = Bun.spawn([process.execPath, "-e", program], {
    env: { PATH: process.env["PATH"], BUN_BE_BUN: "1" },
    stdout: "pipe",
  });
  const { value } = await child.stdout.getReader().read();
  return {
    slot: Number(new TextDecoder().decode(value)),
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

test("A29 a slot is unique among all processes, and free again when its holder is killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dgov-slots-"));
  try {
    const other = await otherHolder(folder);
    const [mine, more] = [new MachineSlots([folder]), new MachineSlots([folder])];
    const slots = [other.slot, mine.of("a"), mine.of("b"), more.of("a")];
    expect(slots).toEqual([1, 2, 3, 4]);
    expect(mine.of("a")).toBe(2);
    await other.kill();
    mine.release("a");
    expect([more.of("c"), more.of("d")]).toEqual([1, 2]);
    for (const tree of ["a", "c", "d"]) more.release(tree);
    mine.release("b");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the ports of two slots do not overlap and are below those that systems assign themselves", () => {
  const bases = Array.from({ length: 768 }, (_, at) =>
    Number(slotVariables(at + 1).DGOV_PORT_BASE),
  );
  expect(bases.every((base, at) => at === 0 || base - (bases[at - 1] ?? 0) === 16)).toBe(true);
  expect([bases[0], bases.at(-1)]).toEqual([20_016, 32_288]);
});

test("slots are kept in the next folder when the first cannot be made", () => {
  const folder = mkdtempSync(join(tmpdir(), "dgov-slots-"));
  try {
    const slots = new MachineSlots(["/dev/null/slots", join(folder, "slots")]);
    expect(slots.of("a")).toBe(1);
    slots.release("a");
    expect(() => new MachineSlots(["/dev/null/slots"]).of("a")).toThrow("cannot write");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("A29 gates and setup of trees in use have slots of their own, which no cached verdict depends on", async () => {
  const print = (what: string): string =>
    `echo ${what} $DGOV_SLOT $DGOV_PORT_BASE $COMPOSE_PROJECT_NAME >> $HOME/seen`;
  const both = '[ "$(grep -c test "$HOME/seen")" -ge 2 ]';
  await using c = await testSettlement({
    project: {
      setup_cmd: print("setup"),
      test_cmd: `${print("test")}; until ${both}; do sleep 0.02; done`,
    },
  });
  const judge = () =>
    Promise.all([c.judge({ "a.txt": "a\n" }), c.judge({ "b.txt": "b\n" })] as const);
  expect((await judge()).map(({ passed }) => passed)).toEqual([true, true]);
  const seen = readFileSync(join(c.git.repo.env["HOME"] ?? "", "seen"), "utf8");
  const lines = seen.trim().split("\n").sort();
  const expected = (what: string, slot: number): string =>
    `${what} ${slot} ${20_000 + 16 * slot} dgov-${slot}`;
  expect(lines).toEqual([
    expected("setup", 1),
    expected("setup", 2),
    expected("test", 1),
    expected("test", 2),
  ]);
  const later = { ...c.reopen(), cache: c.context.cache };
  later.machineSlots.of("elsewhere");
  const again = await c.judge({ "b.txt": "b\n" }, { context: later });
  expect(verdict(again, "tests").cached).toBe(true);
});
