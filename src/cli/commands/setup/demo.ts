/** `dgov demo`: runs a plan on a generated repository, with a scripted model on loopback. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { makeSampleRepository, ownTestCommand } from "../../../demo/repository.ts";
import { checkDemoRun } from "../../../demo/run-check.ts";
import { sampleFiles, samplePlan } from "../../../demo/sample-project.ts";
import { sampleScript } from "../../../demo/sample-script.ts";
import { startScriptedModel } from "../../../demo/scripted-model.ts";
import { DgovError } from "../../../error.ts";
import { resolvePlan } from "../../../plan/locate.ts";
import { usageError, wholeNumber } from "../../args.ts";
import { captureAnswer } from "../../capture-answer.ts";
import { type Context, command } from "../../command.ts";
import { untilSignal } from "../../signals.ts";
import { runPlan } from "../run/run.ts";

/** Marks a folder as created by the demo, which may replace it. */
const markFile = ".dgov/runtime/demo";

export default command({
  name: "demo",
  description: "Run a sample plan without an API key or network",
  args: {
    dir: {
      type: "positional",
      required: false,
      valueHint: "DIR",
      description: "Folder for the sample repository; default a new temporary folder",
    },
    keep: { type: "boolean", description: "Do not replace an earlier demo in DIR" },
    serve: { type: "boolean", description: "Only serve the scripted model, until interrupted" },
    port: {
      type: "string",
      valueHint: "N",
      description: "Port to serve on; default a free one",
    },
  },
  examples: ["dgov demo", "dgov demo ./sample", "dgov demo --serve --port 8787"],
  async run(context, args) {
    const port = wholeNumber(args.port, { flag: "--port", min: 1, max: 65535 });
    if (port !== undefined && !args.serve) throw usageError("--port needs --serve");
    const model = await startScriptedModel(sampleScript, port === undefined ? {} : { port });
    try {
      return args.serve
        ? await serve(context, model.baseUrl)
        : await demonstrate(context, args.dir, args.keep === true, model.baseUrl);
    } finally {
      await model.stop();
    }
  },
});

async function serve(context: Context, baseUrl: string): Promise<number> {
  context.output.line(
    context.output.mode === "json"
      ? JSON.stringify({ schema: "dgov.demo-serve/1", base_url: baseUrl })
      : `base_url = "${baseUrl}"`,
  );
  await untilSignal();
  return 0;
}

async function demonstrate(
  context: Context,
  dir: string | undefined,
  keep: boolean,
  baseUrl: string,
): Promise<number> {
  const { output } = context;
  const root = sampleFolder(context, dir, keep);
  await makeRepository(context, root, baseUrl);
  output.log.info(`A sample repository is in ${root}.`);
  output.log.info("Its plan has five units; a scripted model plays the agents. Running it:\n");
  const kept = captureAnswer({
    ...context,
    interactive: false,
    env: { ...context.env, DGOV_DEMO_KEY: "no-key-needed", DGOV_TRUST_PROVIDERS: "1" },
  });
  const location = await resolvePlan(root, samplePlan);
  const code = await runPlan(kept.context, { projectRoot: root, location, jobs: 4, yes: true });
  const { document } = kept.answered;
  const verdict = checkDemoRun(document, root);
  output.answer(
    {
      schema: "dgov.demo/1",
      directory: root,
      run_exit_code: code,
      as_expected: verdict.asExpected,
      run: document,
    },
    verdict.text,
  );
  return verdict.asExpected ? 0 : 1;
}

function sampleFolder(context: Context, dir: string | undefined, keep: boolean): string {
  if (dir === undefined) return mkdtempSync(join(tmpdir(), "dgov-demo-"));
  const root = resolve(context.cwd, dir);
  if (existsSync(root) && readdirSync(root).length > 0) {
    if (keep || !existsSync(join(root, markFile))) {
      throw new DgovError("REFUSED", `${root} is not empty`, {
        hint: keep ? "omit --keep to replace an earlier demo" : "name a new or empty folder",
      });
    }
    rmSync(root, { recursive: true });
  }
  mkdirSync(root, { recursive: true });
  return root;
}

async function makeRepository(context: Context, root: string, baseUrl: string): Promise<void> {
  const files = { ...sampleFiles({ testCommand: ownTestCommand(), baseUrl }), [markFile]: "" };
  await makeSampleRepository(root, files, context.env);
}
