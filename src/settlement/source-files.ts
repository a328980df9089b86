/** Which files are sources and which of them tests. Pure. */
import type { Config } from "../config/config.ts";
import { isNamedTest } from "../syntax/test-path.ts";

/** By `source_extensions`; every file where none are configured. */
export function isSource(
  { sourceExtensions }: Pick<Config, "sourceExtensions">,
  path: string,
): boolean {
  return (
    sourceExtensions.length === 0 || sourceExtensions.some((extension) => path.endsWith(extension))
  );
}

/**
 * Whether a source file, relative to the project, is a test: by its language's convention, or by
 * lying below `test_dir`.
 */
export function isTestFile(config: Pick<Config, "testDir">, path: string): boolean {
  if (isNamedTest(path)) return true;
  const folder = config.testDir.replace(/^\.\/|\/+$/g, "");
  return folder !== "" && folder !== "." && path.startsWith(`${folder}/`);
}
