/**
 * The environment children get: a fixed list of names, what the project adds by name, and nothing
 * else. Keys of providers and dgov's own switches never pass.
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

/**
 * Picks from `source` what a child may have. `extra` names more variables (`[run] env`); `deny`
 * (every provider's `api_key_env`) wins over all; `proxies` adds the proxy variables.
 */
export function childEnvironment(
  source: Record<string, string | undefined>,
  o: { extra?: string[]; deny: string[]; proxies?: boolean },
): Record<string, string> {
  const names = new Set([...always, ...(o.extra ?? [])]);
  for (const name of Object.keys(source)) if (name.startsWith("LC_")) names.add(name);
  if (o.proxies) for (const name of proxyNames) names.add(name).add(name.toLowerCase());
  for (const name of o.deny) names.delete(name);

  const env: Record<string, string> = {};
  for (const name of names) {
    const value = source[name];
    if (value !== undefined && !name.startsWith("DGOV_")) env[name] = value;
  }
  env["TERM"] = "dumb";
  return env;
}
