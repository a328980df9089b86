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

const providerKey = "sk-key-of-the-provider";

test.each([
  ...[
    ["RUSTUP_HOME", "/opt/rustup"],
    ["RUSTUP_TOOLCHAIN", "nightly"],
    ["CARGO_HOME", "/opt/cargo"],
    ["CARGO_NET_OFFLINE", "true"],
    ["CARGO_TARGET_DIR", "build/target"],
    ["GOPATH", "/opt/go:/opt/go2"],
    ["GOROOT", "/opt/go"],
    ["GOCACHE", "/var/cache/go"],
    ["GOMODCACHE", "/opt/mod"],
    ["GOFLAGS", "-mod=mod -count=1"],
    ["GOTOOLCHAIN", "local"],
    ["GOPROXY", "https://proxy.example.org,direct"],
    ["JAVA_HOME", "/opt/jdk"],
    ["MAVEN_OPTS", "-Xmx2g -Dmaven.repo.local=/opt/m2"],
    ["GRADLE_USER_HOME", "/opt/gradle"],
    ["NVM_DIR", "/home/u/.nvm"],
    ["PNPM_HOME", "/home/u/pnpm"],
    ["VOLTA_HOME", "/home/u/.volta"],
    ["DENO_DIR", "/opt/deno"],
    ["UV_CACHE_DIR", "/opt/uv"],
    ["UV_INDEX_URL", "https://pypi.example.org/simple"],
    ["UV_PROJECT_ENVIRONMENT", ".venv-linux"],
    ["PYENV_ROOT", "/home/u/.pyenv"],
    ["PYENV_VERSION", "3.12"],
    ["npm_config_registry", "https://npm.example.org/@scope/"],
    ["NPM_CONFIG_CACHE", "/opt/npm"],
    ["GEM_HOME", "/opt/gems"],
    ["CC", "clang"],
  ].map((row) => [...row, "gets"]),
  ...[
    ["CARGO_REGISTRY_TOKEN", "x"],
    ["CARGO_TARGET_DIR", "/tmp/target"],
    ["CARGO_TARGET_DIR", "../target"],
    ["CARGO_TARGET_DIR", "a/../../target"],
    ["CARGO_TARGET_DIR", ""],
    ["UV_PROJECT_ENVIRONMENT", "/opt/venv"],
    ["UV_SYSTEM_PYTHON", "1"],
    ["PIP_USER", "1"],
    ["PIP_TARGET", "~/site"],
    ["UV_PUBLISH_TOKEN", "x"],
    ["UV_INDEX_PRIVATE_PASSWORD", "x"],
    ["UV_INDEX_PRIVATE_USERNAME", "u"],
    ["UV_INDEX_URL", "https://user:pw@pypi.example.org/simple"],
    ["UV_INDEX", "private=https://t0ken@pypi.example.org/simple"],
    ["PIP_EXTRA_INDEX_URL", "https://a.example.org https://u:p@b.example.org"],
    ["GOPROXY", "https://proxy.example.org,https://u:p@goproxy.example.org"],
    ["npm_config__auth", "dTpw"],
    ["npm_config__authToken", "x"],
    ["npm_config_//npm.example.org/:_authToken", "x"],
    ["NPM_CONFIG_OTP", "123456"],
    ["npm_config_key", "-----BEGIN PRIVATE KEY-----"],
    ["npm_config_ca", "-----BEGIN CERTIFICATE-----"],
    ["npm_config_proxy", "u:p@proxy:8080"],
    ["npm_config_registry", "https://npm.example.org/?token=x"],
    ["npm_config_note", `ghp_${"a".repeat(36)}`],
    ["npm_config_note", `a ${providerKey} b`],
    ["MAVEN_OPTS", "-Drepo.password=x"],
    ["MAVEN_GPG_PASSPHRASE", "x"],
    ["GRADLE_OPTS", "-PossrhPassword=x"],
    ["CARGO_HOMES", "/opt"],
    ["MY_CARGO_HOME", "/opt"],
    ["cargo_home", "/opt"],
    ["GOAUTH", "netrc"],
    ["BUNDLE_GITHUB__COM", "u:p"],
    ["VIRTUAL_ENV", "/opt/venv"],
    ["NODE_OPTIONS", "--require=/tmp/evil.js"],
    ["PYTHONPATH", "/opt/lib"],
  ].map((row) => [...row, "does not get"]),
])("F8 with the toolchain variable %s=%s, a child %s it", (name, value, expected) => {
  const env = childEnvironment({ [name]: value, MODEL_KEY: providerKey }, { deny: ["MODEL_KEY"] });
  expect(env[name]).toBe(expected === "gets" ? value : undefined);
});

test("F8 the project may name a variable that is withheld, and no provider's key", () => {
  const env = { CARGO_TARGET_DIR: "/t", UV_PUBLISH_TOKEN: "x", UV_KEY: "k" };
  expect(
    childEnvironment(env, { extra: ["CARGO_TARGET_DIR", "UV_KEY"], deny: ["UV_KEY"] }),
  ).toEqual({ CARGO_TARGET_DIR: "/t", TERM: "dumb" });
});

test("F8 a key of a provider that has the name of a toolchain variable is not passed on", () => {
  expect(childEnvironment({ UV_MODEL: "value" }, { deny: ["UV_MODEL"] })).toEqual({ TERM: "dumb" });
});
