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
  [
    "no denied proxy",
    { deny: ["HTTPS_PROXY", "no_proxy", "LC_ALL"], proxies: true },
    { PATH: "/bin", HOME: "/home/u", TERM: "dumb" },
  ],
])("C6: a child gets %s", (_what, options, expected) => {
  expect(childEnvironment(source, options)).toEqual(expected);
});

const always = [
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_CTYPE", "TZ", "TMPDIR"],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"],
  ...["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"],
];
const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
const identity = ["AUTHOR", "COMMITTER"].flatMap((role) =>
  ["NAME", "EMAIL", "DATE"].map((what) => `GIT_${role}_${what}`),
);

/** Those of the names that a child gets, when this process has all of them. */
function passed(names: string[], o: { extra?: string[]; proxies?: boolean } = {}): string[] {
  const env = Object.fromEntries(names.map((name) => [name, "x"]));
  return names.filter((name) => name in childEnvironment(env, { deny: [], ...o }));
}

test.each(always)("C6: a child gets %s", (name) => {
  expect(passed([name, `${name}_X`, `X_${name}`])).toEqual(
    name.startsWith("LC_") ? [name, `${name}_X`] : [name],
  );
});

test.each(proxies.flatMap((name) => [name, name.toLowerCase()]))(
  "C6: a child gets %s only on request",
  (name) => {
    expect([passed([name]), passed([name], { proxies: true })]).toEqual([[], [name]]);
  },
);

test.each([...identity, "EMAIL"])("C6: a child never gets %s", (name) => {
  expect(passed([name, "MY_EMAIL"], { extra: [name, "MY_EMAIL"] })).toEqual(["MY_EMAIL"]);
});
