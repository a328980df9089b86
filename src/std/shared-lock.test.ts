import { describe, expect, test } from "bun:test";
import { type LockMode, SharedLock } from "./shared-lock.ts";

/** A lock, the names of the tasks that entered it in order, and functions that end them. */
function tasks() {
  const lock = new SharedLock();
  const entered: string[] = [];
  const ends = new Map<string, () => void>();
  const abort = new AbortController();
  const start = (name: string, mode: LockMode, signal = new AbortController().signal) =>
    lock.hold(mode, signal, () => {
      entered.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
  return { entered, start, abort, end: (name: string) => ends.get(name)?.() };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("SharedLock", () => {
  test("a task that wants the lock alone waits for all holders, and later ones wait behind it", async () => {
    const { entered, start, end } = tasks();
    const runs = [start("a", "shared"), start("b", "shared"), start("c", "alone")];
    runs.push(start("d", "shared"));
    await settled();
    expect(entered).toEqual(["a", "b"]);
    end("b");
    await settled();
    expect(entered).toEqual(["a", "b"]);
    end("a");
    await settled();
    expect(entered).toEqual(["a", "b", "c"]);
    end("c");
    await settled();
    end("d");
    expect(await Promise.all(runs)).toEqual([
      { value: "a", alone: false },
      { value: "b", alone: false },
      { value: "c", alone: true },
      { value: "d", alone: true },
    ]);
  });

  test("a shared holder that was never joined was alone", async () => {
    const { start, end } = tasks();
    for (const name of ["a", "b"]) {
      const run = start(name, "shared");
      await settled();
      end(name);
      expect(await run).toEqual({ value: name, alone: true });
    }
  });

  test("a waiting task whose signal is aborted leaves, and no longer holds up the ones behind it", async () => {
    const { entered, start, end, abort } = tasks();
    const first = start("a", "shared");
    const second = start("b", "alone", abort.signal);
    const third = start("c", "shared");
    await settled();
    abort.abort();
    expect(await second).toBeNull();
    await settled();
    expect(entered).toEqual(["a", "c"]);
    for (const name of ["a", "c"]) end(name);
    await Promise.all([first, third]);
    expect(await start("d", "alone", abort.signal)).toBeNull();
  });

  test("a task that throws frees the lock", async () => {
    const lock = new SharedLock();
    const { signal } = new AbortController();
    const failing = lock.hold("alone", signal, () => Promise.reject(new Error("no")));
    expect(await failing.catch((error: Error) => error.message)).toBe("no");
    expect(await lock.hold("alone", signal, async () => 1)).toEqual({ value: 1, alone: true });
  });
});
