/** Test commands (`test_cmd`, `coverage_cmd`) with the selected tests filled in. */
import type { Config } from "../../config/config.ts";
import { fillTemplate, takesFiles } from "../trees/command.ts";
import type { TestSelection } from "./test-selection.ts";

/** True when a command can be restricted to some tests. */
export function takesTests(command: string): boolean {
  return takesFiles(command) || command.includes("{test_dir}");
}

/**
 * Fills a test command for some test files. They replace `{file}` or `{files}`, or `{test_dir}` in a command
 * with neither. Without files, the test folder replaces all of these: the full command.
 */
export function fillTestTemplate(
  config: Config,
  command: string,
  files: readonly string[],
): string[] {
  if (files.length === 0) {
    return fillTemplate(config, command.replace(/\{files?\}/g, "{test_dir}"), []);
  }
  const chosen = takesFiles(command) ? command : command.replaceAll("{test_dir}", "{files}");
  return fillTemplate(config, chosen, files);
}

/**
 * Fills a test command for a selection, once for the tree and once for its base. The base gets no command
 * lines when it has none of the selected tests.
 */
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
