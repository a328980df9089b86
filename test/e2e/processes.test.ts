/** Processes that the commands of a run leave behind. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { type NewEvent, openEventLog } from "../../src/log/event-log.ts";
import { markedProcesses, processStart } from "../../src/process/tree.ts";
import { testProject, unit } from "../harness/project.ts";

/** A folder outside the repository for the pids of processes. */
function folder(): { path: string; script: string; pids(): Record<string, number> } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "dgov-test-"));
  const pids = join(path, "pids");
  const script = join(path, "leave");
  const stay = join(path, "stay");
  writeFileSync(stay, `echo "$1 $$" >>${pids}\nwhile :; do sleep 0.05; done\n`);
  const bare = `setsid env -i PATH=${process.env["PATH"]} /bin/sh ${stay}`;
  // Reports which process of an earlier step is alive, then leaves one that forked twice, in a session of
  // its own, without the command's environment and output.
  writeFileSync(
    script,
    `while read -r step pid; do
  if kill -0 "$pid" 2>/dev/null; then echo "$step is alive in $1" >>${path}/alive; fi
done <${pids}
setsid sh -c "( ${bare} $1 & )" </dev/null >/dev/null 2>&1 &
until grep -q "^$1 " ${pids}; do sleep 0.01; done
`,
  );
  writeFileSync(pids, "");
  return {
    path,
    script,
    pids: () =>
      Object.fromEntries(
        readFileSync(pids, "utf8")
          .trim()
          .split("\n")
          .map((line) => line.split(" "))
          .map(([step = "", pid]) => [step, Number(pid)]),
      ),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

function shellThenDone(...commands: string[]): ModelScript {
  const turns = [...commands.map((command) => call("run_bash", { command })), done("made a")];
  return { rules: [{ unit: unit("a"), turns }] };
}

describe.if(process.platform === "linux")(
  "processes that leave parent, session and environment",
  () => {
    test.concurrent("C17 what a tool, hook, setup command or gate leaves is dead before the next step", async () => {
      using at = folder();
      const leave = (step: string): string => `sh ${at.script} ${step}`;
      await using p = await testProject({
        tasks: { a: {} },
        config: {
          project: {
            lint_cmd: leave("lint"),
            test_cmd: leave("tests"),
            review_hooks: [leave("hook")],
          },
          worktree: { setup: leave("setup") },
        },
        script: shellThenDone(leave("tool"), `${leave("tool2")}; echo a >a.txt`),
      });
      const run = await p.dgov(["run", "p"]);
      expect({ exitCode: run.exitCode, stderr: run.exitCode === 0 ? "" : run.stderr }).toEqual({
        exitCode: 0,
        stderr: "",
      });
      const pids = at.pids();
      expect(Object.keys(pids).sort()).toEqual(["hook", "lint", "setup", "tests", "tool", "tool2"]);
      expect(Object.entries(pids).filter(([, pid]) => processStart(pid) !== null)).toEqual([]);
      expect(existsSync(join(at.path, "alive"))).toBe(false);
    });

    test.concurrent("C17 a tool that kills its worker leaves nothing alive", async () => {
      using at = folder();
      await using p = await testProject({
        tasks: { a: {} },
        config: { run: { crash_retries: 0 } },
        script: shellThenDone(`sh ${at.script} tool; kill -KILL $PPID`),
      });
      expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
      expect(Object.entries(at.pids()).filter(([, pid]) => processStart(pid) !== null)).toEqual([]);
    });

    test.concurrent("C17 SIGKILL of a run leaves nothing of its gates alive", async () => {
      using at = folder();
      await using p = await testProject({
        tasks: { a: {} },
        config: { project: { test_cmd: `sh ${at.script} tests; sleep 1000` } },
        script: shellThenDone("echo a >a.txt"),
      });
      const child = p.spawn(["run", "p"]);
      while (at.pids()["tests"] === undefined) await Bun.sleep(5);
      child.kill("SIGKILL");
      await child.exited;
      while (processStart(at.pids()["tests"] ?? 0) !== null) await Bun.sleep(5);
    });

    test.concurrent("B5 recovery kills what a crashed run left, by its marker and its workers by pid and start, and nothing else", async () => {
      await using p = await testProject({
        tasks: { a: {} },
        script: shellThenDone("echo a >a.txt"),
      });
      const crashed = await p.dgov(["run", "p"], { DGOV_FAULT: "worker.started" });
      expect(crashed.exitCode).toBe(137);
      const run = p.events()[0]?.run ?? "";
      const start = (marker: string | null): Bun.Subprocess =>
        Bun.spawn(["sleep", "1000"], {
          env: { ...p.env, ...(marker === null ? {} : { DGOV_ATTEMPT: marker }) },
          detached: true,
        });
      const left = [`${run}/${unit("a")}/1#9.9`, `${run}/${unit("a")}/1/gates.1`, `${run}/undo`];
      const others = [`${run}0/${unit("a")}/1`, `x/${run}/${unit("a")}/1`, null, null];
      const [ours, theirs] = [left.map(start), others.map(start)];
      try {
        const [worker, reused] = [start(null), theirs.at(-1)];
        ours.push(worker);
        {
          using log = openEventLog(p.root);
          const started = (pid: number, at: string | null): NewEvent => {
            const data = { pid, start: at, fork: 0, model: "m", provider: "test" };
            return { run, plan: "p", unit: unit("a"), attempt: 1, type: "worker.started", data };
          };
          log.append([
            started(worker.pid, processStart(worker.pid)),
            // Another process has the pid by now.
            started(reused?.pid ?? 0, "1-1"),
          ]);
        }
        expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
        await Promise.all(ours.map((child) => child.exited));
        expect(theirs.map(({ pid }) => processStart(pid) !== null)).toEqual(others.map(() => true));
        expect(markedProcesses(`${run}/`)).toEqual([]);
      } finally {
        for (const child of [...ours, ...theirs]) child.kill("SIGKILL");
      }
    });

    test.concurrent("the daemon of the operator's signing program survives a run that kills its own leftovers", async () => {
      using at = folder();
      const sign = join(at.path, "sign");
      const daemon = join(at.path, "daemon");
      await Bun.write(
        sign,
        `#!/bin/sh
[ -s ${daemon} ] || setsid sh -c '( setsid sh -c "echo \\$\\$ >${daemon}; exec sleep 1000" & )' </dev/null >/dev/null 2>&1
until [ -s ${daemon} ]; do sleep 0.01; done
cat >/dev/null
echo '[GNUPG:] SIG_CREATED D' >&2
echo '-----BEGIN PGP SIGNATURE-----'
`,
      );
      await Bun.spawn(["chmod", "+x", sign]).exited;
      await using p = await testProject({
        tasks: { a: {} },
        config: {
          merge: { sign: true },
          project: { test_cmd: `sh ${at.script} tests` },
        },
        script: shellThenDone(`sh ${at.script} tool; echo a >a.txt`),
      });
      await p.repo.git("config", "gpg.program", sign);
      const run = await p.dgov(["run", "p"]);
      const pid = Number(readFileSync(daemon, "utf8"));
      try {
        expect({ code: run.exitCode, alive: processStart(pid) !== null }).toEqual({
          code: 0,
          alive: true,
        });
      } finally {
        process.kill(pid, "SIGKILL");
      }
    });
  },
);
