/**
 * Which endpoints the user has agreed to send which key to. `project.toml` is the repository's word;
 * this file, in the user's own configuration folder, is the user's.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { parseToml, stringifyToml } from "./toml.ts";

export interface TrustedPair {
  baseUrl: string;
  apiKeyEnv: string;
}

type Env = Record<string, string | undefined>;

/** Scheme, host and port of an endpoint; what trust is given to. */
export function trustOrigin(baseUrl: string): string {
  try {
    return new URL(baseUrl).origin;
  } catch {
    return baseUrl;
  }
}

function trustFile(env: Env): string {
  const folder = env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config");
  return join(folder, "dgov", "trust.toml");
}

interface Entry {
  origin: string;
  api_key_env: string;
}

function readEntries(env: Env): Entry[] {
  let text = "";
  try {
    text = readFileSync(trustFile(env), "utf8");
  } catch {
    return [];
  }
  const parsed = parseToml(text);
  const list = parsed.ok ? parsed.value["trusted"] : [];
  return Array.isArray(list) ? (list as Entry[]) : [];
}

/** Whether the user has agreed that this variable's value goes to this endpoint. */
export function isTrusted(env: Env, pair: TrustedPair): boolean {
  const origin = trustOrigin(pair.baseUrl);
  return readEntries(env).some((e) => e.origin === origin && e.api_key_env === pair.apiKeyEnv);
}

/** Remembers the user's agreement. */
export function recordTrust(env: Env, pair: TrustedPair): void {
  if (isTrusted(env, pair)) return;
  const entry: Entry = { origin: trustOrigin(pair.baseUrl), api_key_env: pair.apiKeyEnv };
  const path = trustFile(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, stringifyToml({ trusted: [...readEntries(env), entry] }), { mode: 0o600 });
  renameSync(aside, path);
}
