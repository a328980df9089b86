/** Tools that run commands: the shell, and the project's configured commands. */
import { fromWire } from "../../process/confine.ts";
import { describeExit } from "../../process/exit-result.ts";
import { runShell, substitutePlaceholders } from "../../process/spawn.ts";
import { sandboxHint } from "../../sandbox/hints.ts";
import { checkShellPolicy } from "../shell-policy.ts";
import { pathspec, resolvePath } from "./paths.ts";
import {
  argumentSchema,
  claimViolation,
  type Tool,
  type ToolContext,
  type ToolResult,
  toolAnswer,
  toolError,
  workerOnly,
  writingTools,
} from "./tool.ts";

const runBash: Tool = {
  name: "run_bash",
  description: "Run a command with sh in the project root. Set timeout_s for a long one.",
  parameters: argumentSchema({
    command: { type: "string", description: "shell text" },
    "timeout_s?": {
      type: "integer",
      description: "seconds until the command is stopped",
      minimum: 1,
    },
  }),
  roles: workerOnly,
  async run(a, context) {
    const command = String(a["command"]);
    if (command.trim() === "") return toolError("invalid_arguments", "the command is empty");
    const { toolPolicy, operatorPaths, worktree, toolEnvironment } = context.request;
    const home = toolEnvironment["HOME"] ?? "/";
    const place = { operatorPaths, worktree, cwd: context.root, home };
    const verdict = await checkShellPolicy(command, { ...toolPolicy, place });
    if (!verdict.allowed) return toolError("not_permitted", verdict.reason);
    const { bashTimeoutMs, bashTimeoutMaxMs } = context.request.limits;
    const requestedMs =
      a["timeout_s"] === undefined ? bashTimeoutMs : Number(a["timeout_s"]) * 1000;
    return run(context, command, Math.min(requestedMs, bashTimeoutMaxMs));
  },
};

/** The hint on a failure that the confinement of the worker's commands may have caused. */
function hintOn(output: string, { request: { confine } }: ToolContext): string | null {
  if (confine === null) return null;
  const isShared = confine.level === "namespaces" && !confine.wrap.includes("--unshare-net");
  const network = isShared ? "host" : "none";
  return sandboxHint(output, { gate: null, ownTable: false, network });
}

/** Runs a shell text in the project root. The result ends with the exit status. */
async function run(context: ToolContext, command: string, timeoutMs: number): Promise<ToolResult> {
  const { request } = context;
  const done = await runShell({
    command,
    cwd: context.root,
    confine: request.confine === null ? undefined : fromWire(request.confine),
    env: { ...request.toolEnvironment, DGOV_BASE: request.base },
    timeoutMs,
    outputBytesMax: Math.max(request.limits.toolOutputBytes * 4, 256 * 1024),
    marker: request.marker,
    signal: context.signal,
  });
  const end =
    done.result.kind === "exited" ? `exit code ${done.result.code}` : describeExit(done.result);
  const failed = done.result.kind !== "exited" || done.result.code !== 0;
  const hint = failed ? hintOn(done.combined, context) : null;
  const ending = hint === null ? `[${end}]` : `[${end}; ${hint}]`;
  const text = `${done.combined.trimEnd()}${done.combined.trim() === "" ? "" : "\n"}${ending}`;
  if (done.result.kind === "exited" && done.result.code === 0) return toolAnswer(text);
  return toolError(done.result.kind === "timed_out" ? "timeout" : "command_failed", text);
}

/** A tool that runs a configured command on the sources or tests, or on the `file` argument. */
function configured(o: {
  name: string;
  description: string;
  command(context: ToolContext): string | null;
}): Tool {
  return {
    name: o.name,
    description: o.description,
    parameters: argumentSchema({
      "file?": { type: "string", description: "only this file or folder" },
    }),
    roles: workerOnly,
    async run(a, context) {
      const template = o.command(context);
      if (template === null)
        return toolError("unsupported", `the project has no command configured for ${o.name}`);
      const { srcDir, testDir } = context.request.project;
      let file: string | null = null;
      if (a["file"] !== undefined) {
        const target = resolvePath(context.root, String(a["file"]));
        if (!("full" in target)) return target;
        const refused = writingTools.has(o.name)
          ? claimViolation(context.request, target.path)
          : null;
        if (refused !== null) return refused;
        file = pathspec(target);
      }
      const folder = (path: string): string => path.replace(/\/+$/, "") || ".";
      const whole = o.name === "run_tests" ? folder(testDir) : folder(srcDir);
      const filled = substitutePlaceholders(template, {
        file: file ?? whole,
        files: file ?? whole,
        base: context.request.base,
        test_dir: o.name === "run_tests" && file !== null ? file : folder(testDir),
      });
      const result = await run(context, filled, context.request.limits.commandTimeoutMs);
      return { ...result, text: `$ ${filled}\n${result.text}`, target: file };
    },
  };
}

const verify: Tool = {
  name: "verify",
  description: "Run one of the project's recipes or gates.",
  parameters: argumentSchema({
    name: { type: "string", description: "name of the recipe or gate" },
  }),
  roles: workerOnly,
  async run(a, context) {
    const { verify: named, gates } = context.request.commands;
    const recipes = { ...gates, ...named };
    const name = String(a["name"]);
    const command = Object.hasOwn(recipes, name) ? recipes[name] : undefined;
    if (command === undefined) {
      const known = Object.keys(recipes).join(", ") || "none";
      return toolError("not_found", `no recipe ${name}; the recipes are ${known}`);
    }
    const filled = substitutePlaceholders(command, { base: context.request.base });
    return run(context, filled, context.request.limits.commandTimeoutMs);
  },
};

export const commandTools: readonly Tool[] = [
  runBash,
  configured({
    name: "run_tests",
    description: "Run the project's tests, or those of one file or folder.",
    command: (c) => c.request.commands.test,
  }),
  configured({
    name: "lint_check",
    description: "Run the project's linter.",
    command: (c) => c.request.commands.lint,
  }),
  configured({
    name: "lint_fix",
    description: "Run the project's linter and let it fix problems.",
    command: (c) => c.request.commands.lintFix,
  }),
  configured({
    name: "format_file",
    description: "Run the project's formatter on a file.",
    command: (c) => c.request.commands.format,
  }),
  configured({
    name: "type_check",
    description: "Run the project's type checker.",
    command: (c) => c.request.commands.typeCheck,
  }),
  verify,
];
