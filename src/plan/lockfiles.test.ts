import { expect, test } from "bun:test";
import { lockfilePlaces } from "./lockfiles.ts";

test.each([
  ["Cargo.toml", [["Cargo.lock"]]],
  ["crates/a/Cargo.toml", [["crates/a/Cargo.lock"], ["crates/Cargo.lock"], ["Cargo.lock"]]],
  ["go.mod", [["go.sum"]]],
  ["src/Cargo.toml.rs", []],
  ["constructor", []],
])("F7 the lockfile of %s may be at %j", (path, places) => {
  expect(lockfilePlaces(path)).toEqual(places);
});
