/** Identity, signature and sign-off of every commit that dgov makes on a branch. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { dgovJson } from "../harness/bin.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const signoff = "Signed-off-by: Test Author <author@example.com>";

function project(merge: Record<string, unknown>): Promise<TestProject> {
  return testProject({
    tasks: { a: {} },
    config: { merge },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [call("write_file", { path: "a.txt", content: "a" }), done("a")],
        },
      ],
    },
  });
}

/** Author, committer, signature status and sign-off of the commits since `from`, oldest first. */
async function commitsSince(p: TestProject, from: string): Promise<string[]> {
  const format = "--format=%an <%ae>|%cn <%ce>|%G?|%(trailers:key=Signed-off-by)";
  const text = await p.repo.git("log", "-z", "--reverse", format, `${from}..main`);
  return text.split("\0").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}

/** Makes a key, and lets git sign with it. */
async function signWithSsh(p: TestProject): Promise<void> {
  const key = join(p.repo.root, "key");
  const made = Bun.spawnSync(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
  expect(made.exitCode).toBe(0);
  const signers = join(p.repo.root, "signers");
  writeFileSync(signers, `author@example.com ${await Bun.file(`${key}.pub`).text()}`);
  for (const [name, value] of [
    ["gpg.format", "ssh"],
    ["user.signingKey", key],
    ["gpg.ssh.allowedSignersFile", signers],
  ] as const) {
    await p.repo.git("config", name, value);
  }
}

// A system without ssh-keygen cannot sign with such a key.
const hasKeygen = Bun.which("ssh-keygen") !== null;

test
  .skipIf(!hasKeygen)
  .concurrent(
    "F9 landed, bookkeeping and revert commits have one identity, a valid signature and a sign-off",
    async () => {
      await using p = await project({ sign: true, signoff: true });
      await signWithSsh(p);
      const before = await p.repo.git("rev-parse", "main");
      const run = await p.dgov(["run", "p"]);
      expect([run.exitCode, run.stderr]).toEqual([0, run.stderr]);
      expect((await p.dgov(["undo"])).exitCode).toBe(0);
      const one = `Test Author <author@example.com>|Test Author <author@example.com>|G|${signoff}`;
      expect(await commitsSince(p, before)).toEqual([one, one, one]);
      expect(await p.repo.git("log", "--reverse", "--format=%s", `${before}..main`)).toBe(
        'feat: a\nchore: dgov bookkeeping for p\nRevert "feat: a"',
      );
    },
  );

test.concurrent("F9 without sign and signoff no commit has a signature or sign-off, and all have one identity", async () => {
  await using p = await project({});
  const before = await p.repo.git("rev-parse", "main");
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  const one = "Test Author <author@example.com>|Test Author <author@example.com>|N|";
  expect(await commitsSince(p, before)).toEqual([one, one]);
  const rows = async (): Promise<unknown[]> =>
    (
      (await dgovJson(["doctor"], { cwd: p.root, env: p.env })).document["checks"] as {
        check: string;
      }[]
    ).filter(({ check }) => check === "signing");
  expect(await rows()).toEqual([]);
  await p.repo.git("config", "commit.gpgsign", "true");
  expect(await rows()).toMatchObject([{ state: "warn" }]);
});

test.concurrent("F9 a bookkeeping commit that cannot be signed is a problem of the run, and the next run makes it", async () => {
  await using p = await project({ sign: true });
  const program = join(p.repo.root, "sign");
  // Signs until the branch has the landed commit.
  const landed = `git -C '${p.root}' log -1 --format=%s main | grep -q 'feat: a'`;
  const script = (refuses: string) =>
    `#!/bin/sh\n${refuses}\ncat > /dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho '-----BEGIN PGP SIGNATURE-----'\n`;
  writeFileSync(program, script(`if ${landed}; then echo locked >&2; exit 1; fi`), { mode: 0o755 });
  await p.repo.git("config", "gpg.program", program);
  const run = await p.dgov(["run", "p"]);
  expect([run.exitCode, await p.landed()]).toEqual([4, [unit("a")]]);
  expect(run.stdout + run.stderr).toContain("no bookkeeping commit");
  writeFileSync(program, script(""), { mode: 0o755 });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect(await p.repo.git("log", "-1", "--format=%s", "main")).toBe(
    "chore: dgov bookkeeping for p",
  );
});

test.concurrent("F9 the first commit of an empty repository has the operator's identity and sign-off", async () => {
  await using p = await project({ signoff: true });
  await p.repo.git("update-ref", "-d", "refs/heads/main");
  await p.repo.git("rm", "-q", "-r", "--cached", ".");
  expect((await p.dgov(["run", "p", "-y"])).exitCode).toBe(0);
  const log = await p.repo.git("log", "--format=%an|%cn|%(trailers:key=Signed-off-by,separator=)");
  expect(log.split("\n")).toEqual(Array(3).fill(`Test Author|Test Author|${signoff}`));
});
