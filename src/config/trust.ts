/**
 * The user's agreements to send a key to an endpoint. `project.toml` comes with the repository and
 * cannot agree for the user; this file lies in the user's own configuration folder.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceFile } from "../std/files.ts";
import { userFolder } from "../std/user-folders.ts";
import { parseToml, stringifyToml } from "./toml.ts";

interface TrustedPair {
  baseUrl: string;
  apiKeyEnv: string;
}

type Env = Record<string, string | undefined>;

/** Scheme, host and port of an endpoint: the part that an agreement covers. */
export function trustOrigin(baseUrl: string): string {
  try {
    return new URL(baseUrl).origin;
  } catch {
    return baseUrl;
  }
}

function trustFile(env: Env): string {
  const folder = userFolder("config", env);
  return join(folder, "dgov", "trust.toml");
}

interface TrustEntry {
  origin: string;
  api_key_env: string;
}

function readEntries(env: Env): TrustEntry[] {
  let text: string;
  try {
    text = readFileSync(trustFile(env), "utf8");
  } catch {
    return [];
  }
  const parsed = parseToml(text);
  const list = parsed.ok ? parsed.value["trusted"] : [];
  return Array.isArray(list) ? (list as TrustEntry[]) : [];
}

/**
 * True when the user has agreed to send this variable's value to this endpoint, once for good or with
 * DGOV_TRUST_PROVIDERS=1 for all of them.
 */
export function isTrusted(env: Env, pair: TrustedPair): boolean {
  return env["DGOV_TRUST_PROVIDERS"] === "1" || isRecorded(env, pair);
}

function isRecorded(env: Env, pair: TrustedPair): boolean {
  const origin = trustOrigin(pair.baseUrl);
  return readEntries(env).some((e) => e.origin === origin && e.api_key_env === pair.apiKeyEnv);
}

/** Records the user's agreement in their own configuration folder. */
export function recordTrust(env: Env, pair: TrustedPair): void {
  if (isRecorded(env, pair)) return;
  const entry: TrustEntry = { origin: trustOrigin(pair.baseUrl), api_key_env: pair.apiKeyEnv };
  const path = trustFile(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  replaceFile(path, stringifyToml({ trusted: [...readEntries(env), entry] }), { mode: 0o600 });
}
