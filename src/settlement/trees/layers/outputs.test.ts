import { expect, test } from "bun:test";
import { isBuildOutput, sharedUpper } from "./outputs.ts";

const tracked = new Set([
  "Cargo.toml",
  "crates",
  "crates/a",
  "crates/a/Cargo.toml",
  "crates/a/target",
  "crates/a/target/mod.rs",
  "web",
  "web/tsconfig.json",
  "app",
  "app/build.gradle.kts",
  "lib",
]);

test.each([
  ["target", true],
  ["crates/a/target", false],
  ["crates/target", false],
  ["web/target", false],
  ["web/dist", true],
  ["web/tsconfig.tsbuildinfo", true],
  ["dist", false],
  ["lib", false],
  ["app/build", true],
  ["build", false],
  [".mypy_cache", true],
  ["web/node_modules/.cache", true],
  ["web/node_modules/.bin", false],
  ["web/node_modules", false],
  [".venv", false],
  ["coverage", false],
  ["made/by/hand", true],
])("%s is a build output: %p", (path, expected) => {
  expect(isBuildOutput(path, { tracked, named: ["made/by/hand"] })).toBe(expected);
});

test.each([
  ["cargo test", "cargo"],
  ["RUSTFLAGS=-Dwarnings cargo clippy --all", "cargo"],
  ["cd x && cargo-nextest run", "cargo"],
  ["~/.cargo/bin/cargo test", "cargo"],
  ["pytest", null],
  ["./cargo.sh", null],
  ["echo cargoes", null],
])("commands with %p share the upper %p", (command, upper) => {
  expect(sharedUpper(command)).toBe(upper);
});
