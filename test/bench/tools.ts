/** The worker's grep and glob on 5,000 files, as ratios to the equivalent git commands. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WorkerRequest } from "../../src/worker/protocol.ts";
import { callTool, toolsFor } from "../../src/worker/tools/index.ts";
import { testRepo } from "../harness/repo.ts";
import { type Benchmark, interleaved } from "./figure.ts";

const rounds = 10;
const folders = 50;
const filesPerFolder = 100;

const benchmark: Benchmark = {
  name: "tools",
  async run() {
    await using repo = await testRepo({ "readme.md": "x\n" }, { commit: false });
    for (let f = 0; f < folders; f++) {
      mkdirSync(join(repo.path, `src/m${f}`), { recursive: true });
      for (let n = 0; n < filesPerFolder; n++) {
        const lines = Array.from({ length: 60 }, (_, i) => `export const v${f}_${n}_${i} = ${i};`);
        writeFileSync(join(repo.path, `src/m${f}/f${n}.ts`), `${lines.join("\n")}\n`);
      }
    }
    await repo.git("add", "-A");
    await repo.git("commit", "-qm", "files");
    const request = {
      role: "worker",
      worktree: repo.path,
      projectDir: "",
      base: await repo.git("rev-parse", "HEAD"),
      marker: "bench",
      limits: { toolOutputBytes: 65_536 },
      toolEnvironment: repo.env,
    } as unknown as WorkerRequest;
    const tools = toolsFor("worker");
    const context = { request, root: repo.path, signal: new AbortController().signal };
    const tool = async (name: string, args: object): Promise<void> => {
      const { result } = await callTool(tools, name, JSON.stringify(args), context);
      if (!result.ok) throw new Error(result.text);
    };
    const git =
      (...words: string[]) =>
      async (): Promise<void> => {
        await repo.git(...words);
      };
    const times = await interleaved(
      {
        grep: () => tool("grep", { pattern: "v7_9_5 " }),
        gitGrep: git("grep", "--untracked", "-n", "-E", "v7_9_5 "),
        glob: () => tool("glob", { pattern: "src/m7/*.ts" }),
        lsFiles: git("ls-files", "-co", "--exclude-standard"),
      },
      rounds,
    );
    const of = { unit: "ratio", runs: rounds, aim: "<= 2" };
    return [
      {
        name: "grep, 5,000 files",
        value: times.grep / times.gitGrep,
        ratio_to: "git grep --untracked",
        ...of,
      },
      {
        name: "glob, 5,000 files",
        value: times.glob / times.lsFiles,
        ratio_to: "git ls-files -co",
        ...of,
      },
    ];
  },
};

export default benchmark;
