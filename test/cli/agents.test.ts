/** `dgov agents sync`, and the texts of the shipped skills. */
import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { syncSkills } from "../../src/app/skills.ts";
import { skills } from "../../src/assets/index.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { readLine } from "../../src/cli/line.ts";
import { keyProblems } from "../../src/config/schema.ts";
import { parseToml } from "../../src/config/toml.ts";
import { planFileTables } from "../../src/plan/plan-keys.ts";
import { dgov } from "../harness/bin.ts";
import { testEnvironment } from "../harness/repo.ts";
import { dgovOnTerminal, keys, terminalProgram } from "../harness/terminal.ts";

const root = mkdtempSync(join(tmpdir(), "dgov-agents-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let homes = 0;

/** A fresh home, and functions that run the command and edit skills in it. */
function machine() {
  const home = join(root, `home${homes++}`);
  mkdirSync(home);
  const env = testEnvironment(home);
  const file = (name: string): string => join(home, ".agents/skills", name, "SKILL.md");
  return {
    home,
    env,
    file,
    read: (name: string) => readFileSync(file(name), "utf8"),
    edit(name: string, text: string) {
      mkdirSync(dirname(file(name)), { recursive: true });
      writeFileSync(file(name), text);
    },
    sync: (...args: string[]) => dgov(["agents", "sync", ...args], { cwd: home, env }),
  };
}

const names = ["dgov-ledger", "dgov-plan", "dgov-run"];

describe("agents sync", () => {
  test("agents sync installs three skills once and reports them as current afterwards", async () => {
    const m = machine();
    const run = await m.sync();
    expect(run).toEqual({
      stdout: `skills in ${m.home}/.agents/skills:\n${names.map((n) => `  ${n}: created\n`).join("")}`,
      stderr: "",
      exitCode: 0,
    });
    for (const name of names) expect(m.read(name)).toBe(skills[name] ?? "");
    const again = JSON.parse((await m.sync("--json")).stdout);
    expect(again).toEqual({
      schema: "dgov.agents-sync/1",
      dir: join(m.home, ".agents/skills"),
      skills: names.map((name) => ({ name, path: m.file(name), state: "current", backup: null })),
    });
  });

  test("B7 agents sync without a terminal keeps an edited skill and exits 1", async () => {
    const m = machine();
    await m.sync();
    m.edit("dgov-run", "mine\n");
    const run = await m.sync();
    expect([run.exitCode, m.read("dgov-run")]).toEqual([1, "mine\n"]);
    expect(run.stdout).toContain("dgov-run: left");
    expect(run.stderr).toContain(`${m.file("dgov-run")} was edited since dgov wrote it`);
    expect(run.stderr).toContain("-y replaces them and keeps a copy");
  });

  test("B7 agents sync -y warns, replaces an edited skill and keeps a backup", async () => {
    const m = machine();
    m.edit("dgov-plan", "mine\n");
    const run = await m.sync("-y");
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain("was edited since dgov wrote it");
    expect(m.read("dgov-plan")).toBe(skills["dgov-plan"] ?? "");
    const folder = dirname(m.file("dgov-plan"));
    const copies = readdirSync(folder).filter((name) => name.endsWith(".bak"));
    expect(copies).toHaveLength(1);
    expect(readFileSync(join(folder, copies[0] ?? ""), "utf8")).toBe("mine\n");
    expect(readdirSync(folder).sort()).toEqual(["SKILL.md", ...copies]);
    expect((await m.sync()).exitCode).toBe(0);
  });

  test.skipIf(terminalProgram === null).each([
    ["y", 0, "dgov-run: replaced"],
    ["n", 1, "dgov-run: left"],
  ])(
    "B7 agents sync asks before replacing an edited skill; answer %s",
    async (key, exitCode, said) => {
      const m = machine();
      m.edit("dgov-run", "mine\n");
      const run = await dgovOnTerminal(["agents", "sync"], {
        cwd: m.home,
        env: m.env,
        steps: [["Replace it?", `${key}${key === "n" ? keys.enter : ""}`]],
      });
      expect([run.exitCode, run.stdout]).toEqual([exitCode, expect.stringContaining(said)]);
      expect(m.read("dgov-run") === "mine\n").toBe(exitCode === 1);
    },
  );

  test("an unedited skill of an older version is updated without a question", async () => {
    const dir = join(root, "skills");
    const refuse = { now: 0, mayReplace: () => Promise.resolve(false) };
    const states = async (shipped: Record<string, string>): Promise<string[]> =>
      (await syncSkills(dir, shipped, refuse)).map(({ state }) => state);
    expect(await states({ a: "one", b: "one" })).toEqual(["created", "created"]);
    writeFileSync(join(dir, "b/SKILL.md"), "edited");
    expect(await states({ a: "two", b: "two" })).toEqual(["updated", "left"]);
    writeFileSync(join(dir, ".dgov-skills.json"), "not JSON");
    expect(await states({ a: "two", b: "two" })).toEqual(["current", "left"]);
    expect(await states({ a: "three", b: "two" })).toEqual(["updated", "left"]);
  });

  test("agents sync writes to --skills-dir, and names a file that blocks it", async () => {
    const m = machine();
    expect((await m.sync("--skills-dir", "here")).exitCode).toBe(0);
    expect(existsSync(join(m.home, "here/dgov-run/SKILL.md"))).toBe(true);
    expect(existsSync(join(m.home, ".agents"))).toBe(false);
    writeFileSync(join(m.home, "file"), "");
    const run = await m.sync("--skills-dir", "file");
    expect([run.exitCode, run.stderr]).toEqual([
      4,
      expect.stringContaining("failed to read or write"),
    ]);
  });
});

describe("shipped skills", () => {
  const all = Object.entries(skills);

  test.each(all)("%s has a name and a description for choosing it", (name, text) => {
    const [, matter = "", body = ""] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
    const fields = Object.fromEntries(matter.split("\n").map((line) => line.split(/: (.*)/, 2)));
    expect(Object.keys(fields)).toEqual(["name", "description"]);
    expect(fields["name"]).toBe(name);
    expect(fields["description"]).toMatch(/\bUse (when|after)\b/);
    expect(fields["description"].length).toBeLessThan(1024);
    expect(body.split("\n").length).toBeLessThan(120);
  });

  test.each(all)("%s names only existing commands and flags", async (_, text) => {
    const lines = commandLines(text);
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) await parses(line);
  });

  test("the task in dgov-plan is valid", () => {
    const toml = /```toml\n([\s\S]*?)```/.exec(skills["dgov-plan"] ?? "")?.[1] ?? "";
    const parsed = parseToml(toml);
    if (!parsed.ok) throw new Error(parsed.message);
    expect(keyProblems({ tasks: planFileTables.tasks }, parsed.value)).toEqual([]);
    expect(parsed.value).toMatchObject({
      tasks: { "add-limit": { files: { edit: ["src/api/list.ts", "test/api/list.test.ts"] } } },
    });
  });
});

/** Text in backticks or indented by four spaces that begins with `dgov`. */
function commandLines(text: string): string[] {
  const quoted = [...text.matchAll(/`(dgov [^`]+)`/g)].map((match) => match[1] ?? "");
  const blocks = [...text.matchAll(/^ {4}(dgov .*?)(?: {3,}.*)?$/gm)].map(
    (match) => match[1] ?? "",
  );
  return [...quoted, ...blocks];
}

/** Parses a command line. Throws when dgov would not accept it. */
async function parses(line: string): Promise<void> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
  words.shift();
  const read = await readLine(commands, words);
  if (read.commandError !== null) throw read.commandError;
  if ("subcommands" in read.target) throw new Error(`no such command: ${line}`);
  if (read.argumentError !== null) throw read.argumentError;
}
