/** Every setting in force, by its name in project.toml, with its source. Pure. */
import { camelKey } from "../std/case.ts";
import type { Config, GateConfig, ProviderConfig } from "./config.ts";
import { valueInForce } from "./keys.ts";
import { gateKeys, projectKeys, providerKeys } from "./project-keys.ts";

export interface Setting {
  /** Dotted, as in project.toml. */
  key: string;
  /** Null when nothing is configured and there is no default. */
  value: unknown;
  source: "project" | "provider" | "default";
}

/** Defaults that are found on this machine. */
interface FoundDefaults {
  /** Folder of worktrees and gate trees. */
  root: string;
  /** Dependency folders that are copied into trees. */
  copy: readonly string[];
}

/**
 * Settings of the fixed tables in the order of their definitions, then those of the tables with keys
 * that the project chooses. `written` is the parsed project.toml.
 */
export function settingsInForce(
  config: Config,
  written: Record<string, unknown>,
  found?: FoundDefaults,
): Setting[] {
  return [
    ...fixedSettings(config, written, found).map((setting) => withDerivedSource(setting, config)),
    ...Object.values(config.providers).flatMap((p) => providerSettings(p, written["providers"])),
    ...chosenSettings(config),
    ...config.gates.flatMap((gate, at) => gateSettings(gate, written["gates"], at)),
  ];
}

function fixedSettings(
  config: Config,
  written: Record<string, unknown>,
  found: FoundDefaults | undefined,
): Setting[] {
  const completed: Readonly<Record<string, unknown>> = {
    "project.provider": config.provider,
    "worktree.root": config.worktree.root ?? found?.root ?? null,
    "worktree.copy": config.worktree.copy ?? found?.copy ?? null,
    "worktree.setup": config.worktree.setup,
    "merge.trailers": config.merge.trailers,
  };
  return Object.entries(projectKeys).flatMap(([tableName, table]): Setting[] => {
    if (table.kind !== "table") return [];
    const values = written[tableName];
    return Object.entries(table.keys).flatMap(([name, definition]): Setting[] => {
      if (definition.legacy) return [];
      const key = `${tableName}.${name}`;
      const given = has(values, name) ? values[name] : undefined;
      const value = key in completed ? completed[key] : valueInForce(definition, given);
      return [{ key, value, source: given === undefined ? "default" : "project" }];
    });
  });
}

/** Tables with keys that the project chooses; all of their values come from the project. */
function chosenSettings(config: Config): Setting[] {
  const setting = (key: string, value: unknown): Setting => ({ key, value, source: "project" });
  return [
    ...Object.entries(config.agents).map(([name, model]) => setting(`agents.${name}`, model)),
    ...Object.entries(config.conventions).map(([name, v]) => setting(`conventions.${name}`, v)),
    ...config.departments.map((d) => setting(`departments.${d.name}`, d.patterns)),
    ...Object.entries(config.verify).flatMap(([name, v]) => [
      setting(`verify.${name}.command`, v.command),
      setting(`verify.${name}.exclusive`, v.exclusive),
    ]),
  ];
}

/** Settings of a provider. The older form of one provider has no table, but gives the required keys. */
function providerSettings(provider: ProviderConfig, written: unknown): Setting[] {
  const table = has(written, provider.name) ? written[provider.name] : null;
  const values: object = provider;
  return Object.entries(providerKeys).map(([name, definition]) => {
    const required = definition.kind === "key" && definition.required;
    return {
      key: `providers.${provider.name}.${name}`,
      value: (values as Record<string, unknown>)[camelKey(name)],
      source: required || has(table, name) ? "project" : "default",
    };
  });
}

/** Settings of a gate of `[[gates]]`, by its name. */
function gateSettings(gate: GateConfig, written: unknown, at: number): Setting[] {
  const table: unknown = Array.isArray(written) ? written[at] : null;
  const values: Record<string, unknown> = { ...gate };
  return Object.keys(gateKeys)
    .filter((name) => name !== "name")
    .map((name) => ({
      key: `gates.${gate.name}.${name}`,
      value: values[camelKey(name)],
      source: has(table, name) ? "project" : "default",
    }));
}

function has(table: unknown, key: string): table is Record<string, unknown> {
  return typeof table === "object" && table !== null && Object.hasOwn(table, key);
}

/** Applies settings that are derived from other settings: the model of the project's provider, `worktree.setup`. */
function withDerivedSource(setting: Setting, config: Config): Setting {
  if (setting.source !== "default") return setting;
  if (setting.key === "project.default_agent" && config.provider !== null) {
    const agent = config.providers[config.provider]?.defaultAgent ?? null;
    if (agent !== null) return { ...setting, value: agent, source: "provider" };
  }
  const derived = setting.key === "project.provider" || setting.key === "worktree.setup";
  return derived && setting.value !== null ? { ...setting, source: "project" } : setting;
}

/** One line for each setting: `key = value  # source`. */
export function renderSettings(settings: readonly Setting[]): string {
  const lines = settings.map((setting) => {
    const value = setting.value === null ? "none" : JSON.stringify(setting.value);
    return [`${setting.key} = ${value}`, setting.source] as const;
  });
  const width = Math.min(60, Math.max(0, ...lines.map(([text]) => text.length)));
  return lines.map(([text, source]) => `${text.padEnd(width)}  # ${source}`).join("\n");
}
