import { expect, test } from "bun:test";
import { checkShellPolicy } from "./shell-policy.ts";

const policy = {
  restrictRunBash: true,
  denyShellCommands: [],
  denyShellFileMutations: false,
  requireWrappedVerifyTools: false,
  requireUvRun: false,
};

const place = {
  operatorPaths: ["/home/u/repo", "/data/repo.git"],
  worktree: "/home/u/.cache/dgov/id/runs/r/a.1/tree",
  cwd: "/home/u/.cache/dgov/id/runs/r/a.1/tree/packages/app",
  home: "/home/u",
};

async function allowed(command: string, restrictRunBash = true): Promise<boolean> {
  return (await checkShellPolicy(command, { ...policy, restrictRunBash, place })).allowed;
}

test.each([
  "cd /home/u/repo && git commit -am x",
  "cd ~/repo",
  'cd "$HOME/repo/src"',
  "cd $" + "{HOME}/repo; ls",
  "pushd /home/u/repo",
  "cd ../../../../../../../../../repo",
  "cd ../.. && cd ../../../../../../.. && cd repo",
  "git -C /home/u/repo log",
  "git -C ../../../../../../../../../repo status",
  "git --git-dir=/data/repo.git log",
  "git --git-dir /home/u/repo/.git log",
  "git --work-tree=/home/u/repo status",
  "git --git-dir=../../../../../../../../../repo/.git log",
  "GIT_DIR=/home/u/repo/.git git log",
  "GIT_DIR=../../../../../../../../../repo/.git git log",
  "GIT_WORK_TREE='/home/u/repo' git status",
  "export GIT_DIR=/home/u/repo/.git; git log",
  "env GIT_DIR=/home/u/repo/.git git log",
  "bash -c 'cd /home/u/repo && ls'",
  "sh -c 'cd ~/repo'",
  '(cd /home/u/rep"o"; ls)',
  "make -C /home/u/repo",
  "cp x /home/u/repo/x",
  "python3 -c \"open('/home/u/repo/x', 'w')\"",
  "npm --prefix ~/repo test",
  "echo `cd /home/u/repo; ls`",
  "cd /home/u/repo && (",
])("C19 a restricted shell refuses %s", async (command) => {
  expect(await allowed(command)).toBe(false);
  expect(await allowed(command, false)).toBe(true);
});

test.each([
  "cd .. && ls",
  "cd ../.. && git status",
  "cd /tmp && ls",
  "git -C packages/app log",
  "git --git-dir=.git log",
  "make -C ../..",
  "ls /home/u/repository",
  "ls /home/u/repo-2",
  "cd ../../../../../../../../../repo2",
  "git -C ../../../../../../../../../repo.git-2 log",
  "cat /data/repo.github/x",
  "cd /home/u/.cache/dgov/id/runs/r/a.1/tree",
  "grep -C 3 x y.txt",
  "tar -C /tmp -xf x.tar",
  "echo '/srv/home/u/repo'",
])("C19 a restricted shell allows %s", async (command) => {
  expect(await allowed(command)).toBe(true);
});

test("C19 a worktree inside the operator's checkout may be entered by its own path", async () => {
  const worktree = "/home/u/repo/.worktrees/a";
  const inside = { ...policy, place: { ...place, worktree, cwd: worktree } };
  expect((await checkShellPolicy(`cd ${worktree}/src`, inside)).allowed).toBe(true);
  expect((await checkShellPolicy("cd ../.. && ls", inside)).allowed).toBe(false);
});

test.each([
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_COMMON_DIR",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
])("C19 a restricted shell refuses a relative path of the operator in %s", async (name) => {
  const up = "../../../../../../../../..";
  expect(await allowed(`${name}=${up}/repo/.git/x git log`)).toBe(false);
  expect(await allowed(`${name}=${up}/other/.git/x git log`)).toBe(true);
});
