/** Help on any command by its path, for `dgov help`. */
import type { AnyCommand, CommandGroup } from "./command.ts";
import { root } from "./root.ts";
import { commandUsage, groupUsage } from "./usage.ts";

/** Help of `path` (`[]` is dgov itself), or null when there is no such command. */
export async function helpText(path: readonly string[]): Promise<string | null> {
  let target: AnyCommand | CommandGroup = root;
  for (const name of path) {
    if (!("subcommands" in target) || !Object.hasOwn(target.subcommands, name)) return null;
    const entry: CommandGroup["subcommands"][string] | undefined = target.subcommands[name];
    if (entry === undefined) return null;
    target = "load" in entry ? await entry.load() : entry;
  }
  return "subcommands" in target
    ? groupUsage(target, [...path], false)
    : commandUsage(target, [...path], false);
}
