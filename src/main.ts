#!/usr/bin/env bun
/** Entry point. Sets `process.exitCode` instead of calling `process.exit`, so that output drains. */
import { dispatch } from "./cli/dispatch.ts";

process.exitCode = await dispatch(process.argv.slice(2), process.env);
