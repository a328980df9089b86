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
  ["the list and nothing else", { deny: [] }, base],
  ["what the project names", { deny: [], extra: ["CI", "EMPTY"] }, { ...base, CI: "1" }],
  ["no denied name, even when asked for", { deny: ["CI"], extra: ["CI"] }, base],
  ["no switch of dgov's own", { deny: [], extra: ["DGOV_FAULT"] }, base],
  [
    "proxies on request",
    { deny: [], proxies: true },
    { ...base, HTTPS_PROXY: "http://p", no_proxy: "x" },
  ],
])("C6: a child gets %s", (_what, options, expected) => {
  expect(childEnvironment(source, options)).toEqual(expected);
});
