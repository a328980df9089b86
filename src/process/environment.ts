/**
 * Environments of child processes: a fixed list of variables and those that the project adds by name.
 * Provider keys, dgov's own variables and the identity of git commits are never passed on.
 */
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

/**
 * Selects from `source` the variables for a child. `extra` names additional ones (`[run] env`), `proxies`
 * adds the proxy variables, and `deny` (every provider's `api_key_env`) overrides both.
 */
export function childEnvironment(
  source: Record<string, string | undefined>,
  o: { extra?: string[]; deny: string[]; proxies?: boolean },
): Record<string, string> {
  const names = new Set([...always, ...(o.extra ?? [])]);
  for (const name of Object.keys(source)) if (name.startsWith("LC_")) names.add(name);
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
