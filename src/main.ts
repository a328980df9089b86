#!/usr/bin/env bun
/** The process edge: arguments in, exit code out. `process.exit` is never called: output drains. */
import { dispatch } from "./cli/dispatch.ts";

process.exitCode = await dispatch(process.argv.slice(2), process.env);
