/**
 * Environments of child processes: a fixed list of variables, those of toolchains, and those that the project adds by
 * name. Provider keys, dgov's own variables and the identity of git commits are never passed on.
 */
import { looksSecret } from "../std/credentials.ts";

const always = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "TZ",
  "TMPDIR",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
];

const proxyNames = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

/** With these, commits of a child would bear the operator's name. */
const identityVariable = /^GIT_(AUTHOR|COMMITTER)_|^EMAIL$/;

/** Names of a toolchain's variables, separated by spaces. A name that ends in `*` is a prefix. */
interface Toolchain {
  /** Folders with its programs: read by commands. */
  programs: string;
  /** Folders that all projects of the user share, by content or by version: read and written by commands. */
  stores: string;
  /** Versions, registries, flags. */
  settings: string;
}

/** The variables of toolchains that commands get when they are set, by language. */
export const toolchains: Readonly<Record<string, Toolchain>> = {
  Rust: {
    programs: "RUSTUP_HOME",
    stores: "CARGO_HOME",
    settings:
      "RUSTUP_TOOLCHAIN RUSTUP_DIST_SERVER RUSTUP_UPDATE_ROOT CARGO_INCREMENTAL CARGO_BUILD_JOBS CARGO_NET_* CARGO_PROFILE_* RUSTFLAGS RUSTDOCFLAGS",
  },
  Go: {
    programs: "GOROOT GOBIN",
    stores: "GOPATH GOCACHE GOMODCACHE",
    settings:
      "GOFLAGS GOTOOLCHAIN GOPROXY GOPRIVATE GONOPROXY GONOSUMDB GOSUMDB GOINSECURE GOENV GOWORK GOOS GOARCH GOEXPERIMENT GO111MODULE CGO_ENABLED",
  },
  "Java and Android": {
    programs: "JAVA_HOME JDK_HOME MAVEN_HOME M2_HOME GRADLE_HOME ANDROID_HOME ANDROID_SDK_ROOT",
    stores: "GRADLE_USER_HOME COURSIER_CACHE",
    settings: "MAVEN_* GRADLE_OPTS SBT_OPTS",
  },
  JavaScript: {
    programs:
      "NVM_DIR NVM_BIN FNM_DIR VOLTA_HOME NODENV_ROOT BUN_INSTALL DENO_INSTALL PLAYWRIGHT_BROWSERS_PATH",
    stores:
      "npm_config_cache NPM_CONFIG_CACHE PNPM_HOME DENO_DIR COREPACK_HOME YARN_CACHE_FOLDER YARN_GLOBAL_FOLDER BUN_INSTALL_CACHE_DIR CYPRESS_CACHE_FOLDER",
    settings: "NODENV_VERSION COREPACK_* npm_config_* NPM_CONFIG_*",
  },
  Python: {
    programs: "PYENV_ROOT UV_PYTHON_INSTALL_DIR UV_TOOL_DIR POETRY_HOME MAMBA_ROOT_PREFIX",
    stores: "UV_CACHE_DIR PIP_CACHE_DIR POETRY_CACHE_DIR PIPENV_CACHE_DIR CONDA_PKGS_DIRS",
    settings: "PYENV_VERSION UV_* PIP_* POETRY_VIRTUALENVS_* PIPENV_VENV_IN_PROJECT",
  },
  Ruby: {
    programs: "RBENV_ROOT",
    stores: "GEM_HOME GEM_PATH BUNDLE_PATH",
    settings: "RBENV_VERSION BUNDLE_WITHOUT BUNDLE_JOBS",
  },
  "PHP, .NET, Elixir, Dart": {
    programs: "DOTNET_ROOT FLUTTER_ROOT",
    stores:
      "COMPOSER_HOME COMPOSER_CACHE_DIR NUGET_PACKAGES DOTNET_CLI_HOME MIX_HOME HEX_HOME PUB_CACHE",
    settings: "DOTNET_CLI_TELEMETRY_OPTOUT",
  },
  "Haskell, OCaml, Zig": {
    programs: "GHCUP_INSTALL_BASE_PREFIX OPAMROOT",
    stores: "STACK_ROOT CABAL_DIR ZIG_GLOBAL_CACHE_DIR",
    settings: "OPAMSWITCH",
  },
  "C and C++": {
    programs: "DEVELOPER_DIR SDKROOT VCPKG_ROOT",
    stores: "CCACHE_DIR",
    settings:
      "CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS PKG_CONFIG_PATH CMAKE_GENERATOR CMAKE_PREFIX_PATH",
  },
  "asdf and mise": {
    programs: "ASDF_DIR ASDF_DATA_DIR MISE_DATA_DIR",
    stores: "MISE_CACHE_DIR",
    settings: "",
  },
};

/**
 * Variables that name the folder of one project's build output, or of its environment. An absolute path would be one
 * folder for all trees, in which one candidate finds what another built; a relative one is a folder of each tree.
 */
export const outputVariables: readonly string[] = [
  ...["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "UV_PROJECT_ENVIRONMENT", "UV_PROJECT"],
  ...[
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "ZIG_LOCAL_CACHE_DIR",
  ],
  ...["MIX_BUILD_PATH", "MIX_DEPS_PATH"],
];

/** Settings that make an installer write into one environment of all trees. */
export const sharingVariables: readonly string[] = [
  ...["UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES"],
  ...["PIP_USER", "PIP_BREAK_SYSTEM_PACKAGES"],
];

/** The names of a toolchain's group. */
export function variableNames(group: string): string[] {
  return group === "" ? [] : group.split(" ");
}

const toolchainNames = Object.values(toolchains).flatMap(({ programs, stores, settings }) =>
  [programs, stores, settings].flatMap(variableNames),
);
const exactNames = new Set([...toolchainNames, ...outputVariables, ...sharingVariables]);
const prefixes = toolchainNames.flatMap((name) => (name.endsWith("*") ? [name.slice(0, -1)] : []));

/** True for a variable of the table of toolchains, whatever its value. */
export function isToolchainVariable(name: string): boolean {
  return exactNames.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** A shorter value of a key is a placeholder that occurs in ordinary text. */
const keyCharsMin = 4;

/**
 * The reason why a variable of the table is withheld from commands: it may hold a secret, or all trees would share what
 * it names. Null when it is passed on. `keys` are the values of providers' keys.
 */
function withheld(
  name: string,
  value: string,
  keys: readonly string[],
): "secret" | "shared" | null {
  if (sharingVariables.includes(name)) return "shared";
  if (looksSecret(name, value)) return "secret";
  if (keys.some((key) => key.length >= keyCharsMin && value.includes(key))) return "secret";
  const isRelative = value !== "" && !/^(?:[/~]|\.\.(?:\/|$))|\/\.\.(?:\/|$)/.test(value);
  return outputVariables.includes(name) && !isRelative ? "shared" : null;
}

type Source = Record<string, string | undefined>;

/** The set variables of toolchains, each with the reason why it is withheld, or null. Sorted by name. */
export function toolchainVariablesIn(
  source: Source,
  deny: readonly string[],
): { name: string; withheld: "secret" | "shared" | null }[] {
  const keys = deny.flatMap((name) => source[name] ?? []);
  return Object.entries(source)
    .flatMap(([name, value]) =>
      value === undefined || deny.includes(name) || !isToolchainVariable(name)
        ? []
        : [{ name, withheld: withheld(name, value, keys) }],
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Selects from `source` the variables for a child. `extra` names additional ones (`[run] env`), `proxies`
 * adds the proxy variables, and `deny` (every provider's `api_key_env`) overrides both.
 */
export function childEnvironment(
  source: Source,
  o: { extra?: string[]; deny: string[]; proxies?: boolean },
): Record<string, string> {
  const names = new Set([...always, ...(o.extra ?? [])]);
  for (const name of Object.keys(source)) if (name.startsWith("LC_")) names.add(name);
  for (const { name, withheld: why } of toolchainVariablesIn(source, o.deny)) {
    if (why === null) names.add(name);
  }
  if (o.proxies) for (const name of proxyNames) names.add(name).add(name.toLowerCase());
  for (const name of o.deny) names.delete(name);
  for (const name of names) if (identityVariable.test(name)) names.delete(name);

  const env: Record<string, string> = {};
  for (const name of names) {
    const value = source[name];
    if (value !== undefined && !name.startsWith("DGOV_")) env[name] = value;
  }
  env["TERM"] = "dumb";
  return env;
}
