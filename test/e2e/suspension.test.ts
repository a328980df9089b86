/** A suspension of the run: the operator's Ctrl-Z, a stopped process, a paused machine. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { processStart } from "../../src/process/tree.ts";
import { testProject, unit } from "../harness/project.ts";

/** The limit under test in seconds, and a suspension that is longer. */
const limitS = 3;
const suspensionMs = 4000;

describe("suspension", () => {
  test.concurrent("A22 a gate that ends while the run is stopped passes, although its limit has passed", async () => {
    const path = mkdtempSync(join(tmpdir(), "dgov-test-"));
    const [started, go] = [join(path, "started"), join(path, "go")];
    const gate = `[ -e ${started} ] && exit 0; echo $$ >${started}; until [ -e ${go} ]; do sleep 0.01; done`;
    await using p = await testProject({
      tasks: { a: {} },
      config: { project: { test_cmd: gate, settlement_timeout: limitS } },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("a")],
          },
        ],
      },
    });
    const child = p.spawn(["run", "p"]);
    while (!existsSync(started) || readFileSync(started, "utf8") === "") await Bun.sleep(5);
    child.kill("SIGSTOP");
    // Real time has to pass: it is the time that must not count.
    await Bun.sleep(suspensionMs);
    writeFileSync(go, "");
    const gatePid = Number(readFileSync(started, "utf8"));
    if (process.platform === "linux") while (processStart(gatePid) !== null) await Bun.sleep(5);
    child.kill("SIGCONT");
    const [code, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()]);
    expect({ code, timedOut: stderr.includes("timed out") }).toEqual({ code: 0, timedOut: false });
    rmSync(path, { recursive: true });
  });

  test.concurrent("A22 limits of a worker and of its model requests do not count the time in which they were stopped", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const until = async (): Promise<void> => {
      asked.resolve();
      await answer.promise;
    };
    await using p = await testProject({
      tasks: { a: { timeout_s: limitS } },
      config: {
        providers: { test: { request_timeout_s: limitS, idle_timeout_s: limitS, retries: 0 } },
        run: { timeout_retries: 0, crash_retries: 0 },
      },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [{ ...call("write_file", { path: "a.txt", content: "a\n" }), until }, done("a")],
          },
        ],
      },
    });
    const child = p.spawn(["run", "p"]);
    await asked.promise;
    const worker = p.events().find((e) => e.type === "worker.started")?.data["pid"] as number;
    child.kill("SIGSTOP");
    process.kill(worker, "SIGSTOP");
    await Bun.sleep(suspensionMs);
    process.kill(worker, "SIGCONT");
    child.kill("SIGCONT");
    answer.resolve();
    const [code, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(p.telemetry().filter((e) => e.type === "provider.retried")).toEqual([]);
  });
});
