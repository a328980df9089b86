/** A test command with the tests of a change filled in. */
import type { Config } from "../../config/config.ts";
import { fillTemplate, takesFiles } from "../trees/command.ts";
import type { TestSelection } from "./test-selection.ts";

/** Whether a command can be told which tests to run. */
export function takesTests(command: string): boolean {
  return takesFiles(command) || command.includes("{test_dir}");
}

/**
 * A test command for chosen files: they take the place of `{file}` or `{files}`, or of `{test_dir}`
 * where it has neither. Without files the test folder stands there: the full command.
 */
export function fillTestTemplate(
  config: Config,
  command: string,
  files: readonly string[],
): string[] {
  if (files.length === 0)
    return fillTemplate(config, command.replace(/\{files?\}/g, "{test_dir}"), []);
  const chosen = takesFiles(command) ? command : command.replaceAll("{test_dir}", "{files}");
  return fillTemplate(config, chosen, files);
}

/** The same for a tree and its base, whose tests may be fewer: then there is nothing to run there. */
export function fillSelection(
  config: Config,
  command: string,
  { files, onBase }: TestSelection,
): { onTree: string[]; onBase: string[] } {
  const none = takesTests(command) && files.length > 0 && onBase.length === 0;
  return {
    onTree: fillTestTemplate(config, command, files),
    onBase: none ? [] : fillTestTemplate(config, command, onBase),
  };
}
