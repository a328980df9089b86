import { describe, expect, test } from "bun:test";
import { checkShellPolicy } from "./shell-policy.ts";

const strict = {
  restrictRunBash: true,
  denyShellCommands: ["pip", "pip3", "python -m pip", "python -m venv", "uv venv"],
  denyShellFileMutations: true,
  requireWrappedVerifyTools: true,
  requireUvRun: true,
};

async function allowed(command: string, policy = strict): Promise<boolean> {
  return (await checkShellPolicy(command, policy)).allowed;
}

describe("shell policy", () => {
  test.each([
    "pytest",
    "true && pytest",
    "true; pip install x",
    "env pytest",
    "bash -c 'pytest -q'",
    'sh -c "true && pip install x"',
    "FOO=1 python x.py",
    "python3.11 x.py",
    "(pip install x)",
    "echo $(pip install x)",
    "echo `pip install x`",
    "true\npip install x",
    "uv  venv",
    "python  -m   pip install x",
    "echo x | xargs rm",
    "find . -name x -delete",
    "find . -exec rm {} ;",
    "find . -exec rm {} +",
    "sed -i s/a/b/ x",
    "perl -i -pe s/a/b/ x",
    "rg --pre cat x",
    "rg --pre=cat x",
    "git -c alias.x='!rm y' x",
    "git checkout -- x",
    "git commit -m x",
    "git config core.fsmonitor x",
    "nohup rm x",
    "time rm x",
    "sudo rm x",
    "timeout 5 rm x",
    "/bin/rm x",
    "r\\m x",
    "'rm' x",
    "echo x > y",
    "echo x >> y",
    "cat <<EOF > y\nx\nEOF",
    "cat <<EOF | tee y\nx\nEOF",
    "if true; then rm x; fi",
    "for f in a b; do rm $f; done",
    "f() { rm x; }; f",
    "diff <(rm x) y",
    "eval 'rm x'",
    "uv run --with x pytest",
    "dd of=x if=/dev/zero",
    "ln -s a b",
    "npx eslint .",
    "ruff check --fix x",
  ])("C7 a strict policy rejects %p", async (command) => {
    expect(await allowed(command)).toBe(false);
  });

  test.each([
    "pipx list",
    "echo pipeline",
    'grep "=>" src/a.ts',
    "ls 2>&1",
    "ls > /dev/null 2>&1",
    'grep "/tmp" file',
    "echo 'a > b'",
    "git status && git diff",
    "git log -n 3 | head",
    "find . -name '*.ts' | wc -l",
    "uv run python x.py",
    "cat committee.txt",
    "echo 'rm -rf'",
    "ls -la; pwd",
    "grep -rn rm src",
    "jq .name package.json",
  ])("C7 a strict policy allows %p", async (command) => {
    expect(await allowed(command)).toBe(true);
  });

  test("every command is allowed when restrict_run_bash is off", async () => {
    expect(await allowed("rm -rf x", { ...strict, restrictRunBash: false })).toBe(true);
  });

  test("a rejection names the tool to use instead", async () => {
    expect(await checkShellPolicy("pytest -q", strict)).toEqual({
      allowed: false,
      reason:
        "not allowed by this project's tool policy: use the run_tests tool, so that the result is recorded",
    });
  });
});

const mutations = { ...strict, requireWrappedVerifyTools: false, requireUvRun: false };

test.each([
  ["restrictRunBash", "pip x", false],
  ["denyShellCommands", "curl x", ["curl"]],
  ["denyShellFileMutations", "rm x", true],
  ["denyShellFileMutations", "find . -delete", true],
  ["denyShellFileMutations", "ls > x", true],
  ["requireWrappedVerifyTools", "pytest", true],
  ["requireUvRun", "python x.py", true],
] as const)("C7 %s alone decides on %p", async (key, command, value) => {
  const open = {
    restrictRunBash: true,
    denyShellCommands: [],
    denyShellFileMutations: false,
    requireWrappedVerifyTools: false,
    requireUvRun: false,
  };
  const base = key === "restrictRunBash" ? strict : open;
  expect(await allowed(command, base)).toBe(key !== "restrictRunBash");
  expect(await allowed(command, { ...base, [key]: value } as typeof strict)).toBe(
    key === "restrictRunBash",
  );
});

test.each([
  ["env", "-u", "-C", "-S"],
  ["nohup"],
  ["time", "-f", "-o"],
  ["nice", "-n"],
  ["ionice", "-c", "-n"],
  ["command"],
  ["builtin"],
  ["exec", "-a"],
  ["sudo", "-u", "-g"],
  ["doas", "-u"],
  ["xargs", "-I", "-n", "-P", "-L", "-d", "-a", "-s"],
  ["timeout", "-s", "-k"],
  ["stdbuf", "-i", "-o", "-e"],
  ["setsid"],
  ["strace", "-o", "-e", "-p"],
  ["watch", "-n"],
  ["npx", "-p"],
  ["bunx"],
])("C7 the command that %s runs is checked", async (wrapper, ...valued) => {
  const limit = wrapper === "timeout" ? "5 " : "";
  for (const options of ["", "-x ", "A=1 ", "-- ", ...valued.map((option) => `${option} v `)]) {
    if (limit !== "" && options === "-- ") continue;
    const command = `${wrapper} ${options}${limit}`;
    expect([command, await allowed(`${command}rm x`, mutations)]).toEqual([command, false]);
    expect([command, await allowed(`${command}ls x`, mutations)]).toEqual([command, true]);
  }
});

test.each([
  "--with",
  "--python",
  "-p",
  "--group",
  "--extra",
  "--project",
  "--directory",
  "--env-file",
])("C7 the command behind `uv run %s VALUE` is checked, and may be python", async (option) => {
  expect(await allowed(`uv run ${option} v rm x`)).toBe(false);
  expect(await allowed(`uv run ${option} v python x.py`)).toBe(true);
});

test.each(["sh", "bash", "dash", "zsh", "ksh", "ash", "/bin/bash", "env bash"])(
  "C7 the script of %s -c is checked in every spelling",
  async (shell) => {
    for (const option of ["-c", "-lc", "-ec", "-cl", "-o pipefail -c", "--norc -c"]) {
      expect([option, await allowed(`${shell} ${option} 'curl x; rm y'`, mutations)]).toEqual([
        option,
        false,
      ]);
    }
    expect(await allowed(`${shell} -c 'ls'`, mutations)).toBe(true);
    expect(await allowed(`${shell} --rcfile rm x.sh`, mutations)).toBe(true);
  },
);

test.each(["-exec", "-execdir", "-ok", "-okdir"])(
  "C7 every command of find %s is checked",
  async (action) => {
    const curl = { ...mutations, denyShellFileMutations: false, denyShellCommands: ["curl"] };
    expect(await allowed(`find . ${action} curl {} \\;`, curl)).toBe(false);
    expect(await allowed(`find . ${action} ls {} \\; ${action} curl {} +`, curl)).toBe(false);
    expect(await allowed(`find . ${action} ls {} \\; -name curl`, curl)).toBe(true);
  },
);

test.each([
  ...["rm", "rmdir", "mv", "cp", "touch", "mkdir", "ln", "truncate", "unlink", "install", "dd"],
  ...["shred", "tee", "chmod", "chown", "patch", "rsync"],
  ...["sed -i", "sed -ni", "sed --in-place", "sed --in-place=.bak", "perl -i", "perl -pi"],
  ...["find . -delete", "find . -fprint", "find . -fprintf"],
  ...["rm", "mv", "checkout", "restore", "reset", "clean", "stash", "commit", "apply", "am"].map(
    (sub) => `git ${sub}`,
  ),
  ...["merge", "rebase", "cherry-pick", "revert", "config", "update-ref", "update-index"].map(
    (sub) => `git -C . ${sub}`,
  ),
  ...["worktree", "branch", "tag", "gc", "push", "pull"].map((sub) => `git -c a.b=c ${sub}`),
  ...["fetch", "switch", "read-tree"].map((sub) => `git --git-dir x --work-tree y ${sub}`),
])("C7 deny_shell_file_mutations rejects %s", async (command) => {
  expect(await allowed(`${command} x`, mutations)).toBe(false);
  expect(await allowed(`${command} x`, { ...mutations, denyShellFileMutations: false })).toBe(true);
});

test.each(["tee /dev/null", "tee -a /dev/stderr", "sed s/-i/x/ y", "git log -i", "perl -e 1"])(
  "C7 deny_shell_file_mutations allows %s",
  async (command) => {
    expect(await allowed(command, mutations)).toBe(true);
  },
);

test.each([
  ["run_tests", "pytest", "python -m pytest", "python3.12 -m pytest", "vitest", "jest"],
  ["run_tests", "cargo test", "cargo nextest", "go test", "bun test", "npm test", "npm t"],
  ["run_tests", "npm run test", "pnpm test", "pnpm run test", "yarn test", "swift test"],
  ["run_tests", "node --test"],
  ["lint_fix", "ruff check . --fix", "eslint x --fix", "biome check . --write"],
  ["lint_fix", "biome lint . --write", "cargo clippy -q --fix"],
  ["lint_check", "ruff check", "eslint", "biome check", "biome lint", "biome ci", "oxlint"],
  ["lint_check", "cargo clippy", "golangci-lint run", "go vet", "flake8"],
  ["format_file", "ruff format", "prettier", "biome format", "black", "cargo fmt", "rustfmt"],
  ["format_file", "gofmt"],
  ["type_check", "ty check", "mypy", "pyright", "tsc", "python -m mypy", "python3.9 -m ty"],
])("C7 require_wrapped_verify_tools names %s for its commands", async (tool, ...commands) => {
  const wrapped = { ...strict, denyShellFileMutations: false, requireUvRun: false };
  for (const command of commands) {
    expect([command, await checkShellPolicy(`${command} x`, wrapped)]).toEqual([
      command,
      {
        allowed: false,
        reason: `not allowed by this project's tool policy: use the ${tool} tool, so that the result is recorded`,
      },
    ]);
  }
});

test.each(["python", "python3", "python3.12", "pytest", "ruff", "ty", "mypy"])(
  "C7 require_uv_run rejects %s",
  async (program) => {
    const policy = { ...strict, requireWrappedVerifyTools: false };
    expect(await allowed(`${program} x`, policy)).toBe(false);
    expect(await allowed(`uv run ${program} x`, policy)).toBe(true);
    expect(await allowed(`${program}x`, policy)).toBe(true);
  },
);

test.each(["PIP install x", "/usr/bin/pip install x", "python -m pip install x", "uv venv"])(
  "C7 deny_shell_commands rejects %s",
  async (command) => {
    expect(await allowed(command, { ...mutations, denyShellFileMutations: false })).toBe(false);
  },
);

test("C7 a command in eight wrappers is followed, and one in nine is rejected", async () => {
  const command = (depth: number) => `${"nohup ".repeat(depth)}ls`;
  expect([await allowed(command(8)), await allowed(command(9))]).toEqual([true, false]);
});

test("C7 each word of an unparsable text is checked as the start of a command", async () => {
  expect(await allowed("ls; /bin/rm x ((", mutations)).toBe(false);
  expect(await allowed("ls; python -m pip x ((", mutations)).toBe(false);
  expect(await allowed("ls; cat x ((", mutations)).toBe(true);
  expect(await allowed("( ls /bin/rm x", mutations)).toBe(false);
});
