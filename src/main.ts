#!/usr/bin/env bun
/**
 * Entry point. Sets `process.exitCode` instead of calling `process.exit`, so that output drains. The
 * supervisor of a command loads nothing else, since one starts with every command.
 */
import { supervisorArgument } from "./process/own-command.ts";

const [first, ...rest] = process.argv.slice(2);
if (first === supervisorArgument) {
  const { supervise } = await import("./process/supervisor.ts");
  supervise(rest);
} else {
  const { dispatch } = await import("./cli/dispatch.ts");
  process.exitCode = await dispatch(process.argv.slice(2), process.env);
}
