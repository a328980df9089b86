import { expect, test } from "bun:test";
import { homeLinks } from "./private-home.ts";

test("a private home leads to toolchains and registries, and has caches of its own", () => {
  const read = ["/home/u/.rustup", "/opt/x", "/home/u/.local/share/uv"];
  const stores = ["/home/u/.cargo/registry", "/home/u/.cache/uv", "/home/u/.local/share/uv/x"];
  expect(homeLinks("/home/u", { read, stores }).map(({ at }) => at)).toEqual([
    ".rustup",
    ".local/share/uv",
    ".cargo/registry",
  ]);
});
