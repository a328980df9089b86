/** Which files are sources: those that gates and fixers are given. Pure. */
import type { Config } from "../config/config.ts";

/** By `source_extensions`; every file where none are configured. */
export function isSource({ sourceExtensions }: Config, path: string): boolean {
  return (
    sourceExtensions.length === 0 || sourceExtensions.some((extension) => path.endsWith(extension))
  );
}
