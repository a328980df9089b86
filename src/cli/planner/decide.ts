/** The operator and a draft: accept it, edit its files, or say what should be otherwise. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { childEnvironment } from "../../process/environment.ts";
import type { Context } from "../command.ts";
import { confirm, select, text } from "../prompt.ts";

export type Decision = { kind: "accept" | "edit" } | { kind: "again"; words: string };

/** Asks what to do with the draft on screen; one that does not compile cannot be accepted. */
export async function decide(compiles: boolean): Promise<Decision> {
  const kind = await select("What about this plan?", [
    ...(compiles
      ? ([{ value: "accept", label: "Accept it", hint: "write it to .dgov/plans" }] as const)
      : []),
    { value: "edit", label: "Edit its files" },
    { value: "again", label: "Ask again", hint: "say what should be different" },
  ] as const);
  if (kind !== "again") return { kind };
  return { kind, words: await text("What should be different?") };
}

/** Has the operator edit the files of a folder: in their editor, or beside the terminal. */
export async function editFiles(context: Context, dir: string): Promise<void> {
  const { VISUAL, EDITOR } = context.env;
  const editor = VISUAL || EDITOR;
  if (!editor) {
    await confirm(`The files are in ${relative(context.cwd, dir)}. Edited?`);
    return;
  }
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".toml") && !/(?:^|\/)_compiled/.test(name))
    .map((name) => join(dir, name));
  const extra = ["DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"];
  // The editor is the operator's own program on their own terminal: shell text, as git has it.
  const child = Bun.spawn(["/bin/sh", "-c", `${editor} "$@"`, "sh", ...files.sort()], {
    cwd: dir,
    env: {
      ...childEnvironment(context.env, { extra, deny: [] }),
      TERM: context.env["TERM"] ?? "dumb",
    },
    stdio: ["inherit", "inherit", "inherit"],
  });
  await child.exited;
}
