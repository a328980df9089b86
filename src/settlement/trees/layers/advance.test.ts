import { expect, test } from "bun:test";
import { compilingCommands } from "./advance.ts";

const none = {
  test: null,
  lint: null,
  lintFix: null,
  format: null,
  formatCheck: null,
  typeCheck: null,
  coverage: null,
  setup: null,
};

test.each([
  ["cargo test", "cargo test --no-run"],
  ["cargo test --workspace -- --nocapture", "cargo test --workspace --no-run"],
  ["RUSTFLAGS=-Dwarnings cargo test", "RUSTFLAGS=-Dwarnings cargo test --no-run"],
  ["cargo nextest run --all", "cargo nextest run --all --no-run"],
  ["cargo clippy --all-targets -- -D warnings", "cargo clippy --all-targets -- -D warnings"],
  ["cargo check", "cargo check"],
  ["cargo test && ./deploy.sh", null],
  ["pytest", null],
  ["cargo run", null],
])("%p compiles by %p", (command, compiled) => {
  expect(compilingCommands({ commands: { ...none, test: command } })).toEqual(
    compiled === null ? [] : [compiled],
  );
});
