/**
 * Gates that use one port, one database and one temporary file, in two candidates at once. In namespaces each has its
 * own; elsewhere the variables of a tree keep them apart.
 */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findLevel } from "../../src/sandbox/levels.ts";
import { testSettlement } from "./harness.ts";

const { level } = await findLevel();

/** Takes a port, a database and a temporary file for itself alone, and keeps them until the test lets go. */
const taking = `
import { Database } from "bun:sqlite";
import { createServer } from "node:net";
import { existsSync, writeFileSync } from "node:fs";
const { PORT, DATABASE, TEMPORARY, MEET } = process.env;
writeFileSync(TEMPORARY, "", { flag: "wx" });
const database = new Database(DATABASE);
database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE; CREATE TABLE t (x)");
const server = createServer().listen(Number(PORT), "127.0.0.1", async () => {
  // The folder is read-only to a confined command; a pipe in it can be written to.
  writeFileSync(MEET + "/here", "here\\n", { flag: "r+" });
  while (!existsSync(MEET + "/leave")) await Bun.sleep(10);
  server.close();
});
server.on("error", (error) => { console.error(error); process.exit(1); });
`;

const fixed = "PORT=41873 DATABASE=test.db TEMPORARY=/tmp/dgov-test-together.tmp";
const variable =
  'PORT="$DGOV_PORT_BASE" DATABASE="$TMPDIR/$DGOV_SLOT.db" TEMPORARY="$TMPDIR/together.tmp"';

async function judgesTwoAtOnce(mode: string, names: string): Promise<void> {
  await using s = await testSettlement({
    files: { "a.txt": "a\n", "taking.js": taking },
    project: { test_cmd: `[ ! -e b.txt ] || { ${names} bun taking.js; }` },
    config: { sandbox: { mode }, run: { max_gates: 2 } },
  });
  const meet = join(s.git.repo.root, "meet");
  mkdirSync(meet);
  Bun.spawnSync(["mkfifo", "-m", "666", join(meet, "here")]);
  const PATH = `${meet}:${dirname(process.execPath)}:${process.env["PATH"]}`;
  const context = s.reopen({ environment: { ...s.git.repo.env, PATH, MEET: meet } });
  const both = Promise.all([
    s.judge({ "b.txt": "1\n" }, { context }),
    s.judge({ "b.txt": "2\n" }, { context }),
  ]);
  // Both hold what they took, or one has been refused.
  const words = ["sh", "-c", 'exec 3<> "$1"; read -r line <&3; read -r line <&3', "sh"];
  const met = Bun.spawn([...words, join(meet, "here")], { stdio: ["ignore", "ignore", "ignore"] });
  const refused = both.then(() => "refused");
  await Promise.race([met.exited, refused]);
  writeFileSync(join(meet, "leave"), "");
  const results = await both;
  met.kill();
  expect(results.map(({ passed, verdicts }) => [passed, verdicts.map((v) => v.status)])).toEqual([
    [true, expect.not.arrayContaining(["flaky", "failed"])],
    [true, expect.not.arrayContaining(["flaky", "failed"])],
  ]);
}

describe("gates of two candidates that run at once", () => {
  test.skipIf(level !== "namespaces")(
    "F5 have one fixed port, database name and temporary file name each for itself in namespaces (skipped without them)",
    () => judgesTwoAtOnce("require", fixed),
  );

  test("F5 are kept apart by the variables of their trees without a sandbox", () =>
    judgesTwoAtOnce("off", variable));

  test.skipIf(level === "off")(
    "F5 are kept apart by the variables of their trees in a sandbox (skipped without one)",
    () => judgesTwoAtOnce("require", variable),
  );
});
