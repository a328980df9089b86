import { describe, expect, test } from "bun:test";
import { Permits } from "./permits.ts";

function permits(concurrent: number) {
  const clock = { time: 0, now: () => clock.time };
  const granted: string[] = [];
  const limiter = new Permits(() => concurrent, clock);
  const ask = (holder: string): void => limiter.request("p", holder, () => granted.push(holder));
  return { limiter, granted, ask, clock };
}

describe("Permits", () => {
  test("lets as many through as the provider takes, the others first come first served", () => {
    const { limiter, granted, ask } = permits(2);
    for (const holder of ["a", "b", "c", "d"]) ask(holder);
    expect(granted).toEqual(["a", "b"]);
    limiter.release("p", "b");
    expect(granted).toEqual(["a", "b", "c"]);
    limiter.release("p", "a");
    expect(granted).toEqual(["a", "b", "c", "d"]);
  });

  test("a holder that is gone no longer waits", () => {
    const { limiter, granted, ask } = permits(1);
    for (const holder of ["a", "b", "c"]) ask(holder);
    limiter.release("p", "b");
    limiter.release("p", "a");
    expect(granted).toEqual(["a", "c"]);
  });

  test("one Retry-After delays everybody who talks to that provider, and nobody else", () => {
    const { limiter, granted, ask, clock } = permits(9);
    limiter.pause("p", 1000);
    ask("a");
    limiter.request("other", "b", () => granted.push("b"));
    expect(granted).toEqual(["b"]);
    clock.time = 1001;
    ask("c");
    expect(granted).toEqual(["b", "a", "c"]);
  });
});
