import { expect, test } from "bun:test";
import { childEnvironment } from "./environment.ts";

const source = {
  PATH: "/bin",
  HOME: "/home/u",
  LC_ALL: "C",
  TERM: "xterm",
  OPENAI_API_KEY: "secret",
  AWS_SECRET: "secret",
  HTTPS_PROXY: "http://p",
  no_proxy: "x",
  DGOV_FAULT: "land.prepared",
  BUN_OPTIONS: "--preload=evil",
  CI: "1",
  EMPTY: undefined,
};
const base = { PATH: "/bin", HOME: "/home/u", LC_ALL: "C", TERM: "dumb" };

test.each([
  ["only the fixed list", { deny: [] }, base],
  ["variables that the project names", { deny: [], extra: ["CI", "EMPTY"] }, { ...base, CI: "1" }],
  ["no denied variable, even when the project names it", { deny: ["CI"], extra: ["CI"] }, base],
  ["no variable of dgov's own", { deny: [], extra: ["DGOV_FAULT"] }, base],
  [
    "proxies on request",
    { deny: [], proxies: true },
    { ...base, HTTPS_PROXY: "http://p", no_proxy: "x" },
  ],
])("C6: a child gets %s", (_what, options, expected) => {
  expect(childEnvironment(source, options)).toEqual(expected);
});
