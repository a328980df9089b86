/** Every command by its definition: names, help, flags. Nothing is run. */
import { describe, expect, test } from "bun:test";
import { aliasesOf, flagName, globalArgs } from "../../src/cli/args.ts";
import type { AnyCommand, ArgsDef, CommandGroup } from "../../src/cli/command.ts";
import { root } from "../../src/cli/root.ts";
import { commandUsage, groupUsage } from "../../src/cli/usage.ts";

interface Named {
  path: string[];
  target: AnyCommand | CommandGroup;
  /** Description in the table that leads to it. */
  listed: string;
}

async function walk(group: CommandGroup, path: string[] = []): Promise<Named[]> {
  const found: Named[] = [];
  for (const [name, entry] of Object.entries(group.subcommands)) {
    const target = "load" in entry ? await entry.load() : entry;
    const here = [...path, name];
    found.push({ path: here, target, listed: entry.description });
    if ("subcommands" in target) found.push(...(await walk(target, here)));
  }
  return found;
}

const all = await walk(root);
const commands = all.flatMap(({ path, target }) =>
  "subcommands" in target ? [] : [{ path, target }],
);

describe("every command", () => {
  test.each(all.map((one) => [one.path.join(" "), one] as const))(
    "%s is what its table says",
    (_, { path, target, listed }) => {
      expect(target.name).toBe(path.at(-1) ?? "");
      expect(target.description).toBe(listed);
      expect(listed).toMatch(/^[A-Z][^\n]*[^.\n]$/);
    },
  );

  test.each(commands.map((one) => [one.path.join(" "), one] as const))(
    "%s has well-formed arguments and examples that fit",
    (_, { path, target }) => {
      const args = target.args as ArgsDef;
      const shorts = [...Object.values(args), ...Object.values(globalArgs)].flatMap((arg) =>
        aliasesOf(arg),
      );
      expect(shorts.filter((short) => short.length !== 1)).toEqual([]);
      expect(new Set(shorts).size).toBe(shorts.length);
      for (const [key, arg] of Object.entries(args)) {
        expect([key, arg.description ?? ""]).not.toEqual([key, ""]);
        expect(Object.keys(globalArgs)).not.toContain(key);
        expect(flagName(key)).not.toStartWith("no-");
      }
      const typed = `dgov ${path.join(" ")}`;
      expect(target.examples.length).toBeGreaterThan(0);
      for (const example of target.examples) {
        const fits = example.includes(typed) || (path[0] === "status" && example === "dgov");
        expect([example, fits]).toEqual([example, true]);
      }
    },
  );

  test.each(all.map((one) => [one.path.join(" "), one] as const))(
    "%s --help",
    async (_, { path, target }) => {
      const text =
        "subcommands" in target
          ? groupUsage(target, path, false)
          : await commandUsage(target, path, false);
      expect(text).toContain("EXAMPLES");
      expect(text).toMatchSnapshot();
    },
  );

  test("dgov --help", () => {
    expect(groupUsage(root, [], false)).toMatchSnapshot();
  });
});
