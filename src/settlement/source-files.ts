/** Classification of files as sources and tests. Pure. */
import type { Config } from "../config/config.ts";
import { isNamedTest } from "../languages/test-path.ts";

/** True for files with one of `source_extensions`; for every file when none are configured. */
export function isSource(
  { sourceExtensions }: Pick<Config, "sourceExtensions">,
  path: string,
): boolean {
  return (
    sourceExtensions.length === 0 || sourceExtensions.some((extension) => path.endsWith(extension))
  );
}

/** True for a source file (relative to the project) named like a test or below `test_dir`. */
export function isTestFile(config: Pick<Config, "testDir">, path: string): boolean {
  if (isNamedTest(path)) return true;
  const folder = config.testDir.replace(/^\.\/|\/+$/g, "");
  return folder !== "" && folder !== "." && path.startsWith(`${folder}/`);
}
