/** Mutants of `src/app`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "doctor does not look up the program that a wrapper starts",
    file: "src/app/doctor/shell-programs.ts",
    find: "wrappers.has(name) || starters.has(name)",
    replace: "starters.has(name)",
    killedBy:
      "src/app/doctor/shell-programs.test.ts > E22 the programs of `env A=b timeout 30s cargo test` are",
  },
  {
    name: "a program that a command only asks for is a program of it",
    file: "src/app/doctor/shell-programs.ts",
    find: 'at >= 0 && !/^-[vV]/.test(rest[0] ?? "")',
    replace: "at >= 0",
    killedBy: "src/app/doctor/shell-programs.test.ts > E22 the programs of `command -v tool` are",
  },
  {
    name: "a program in a folder that the command changes to is missing",
    file: "src/app/doctor/shell-programs.ts",
    find: "if (isPlain(folder)) into.folders.push(posix.normalize(folder));",
    replace: "",
    killedBy:
      "src/app/doctor/shell-programs.test.ts > E22 a program may start in the folders that the command changes to",
  },
  {
    name: "doctor starts a module that setup_cmd provides",
    file: "src/app/doctor/shell-programs.ts",
    find: "if (!setUp && /^python",
    replace: "if (/^python",
    killedBy:
      "src/app/doctor/shell-programs.test.ts > E22 the version of what `python -m mypy src` starts (setup_cmd: true)",
  },
  {
    name: "doctor starts a module that has no version",
    file: "src/app/doctor/shell-programs.ts",
    find: '  "unittest",\n',
    replace: "",
    killedBy:
      "src/app/doctor/shell-programs.test.ts > E22 the version of what `python3 -m unittest discover` starts",
  },
  {
    name: "the option -c of a shell is a script",
    file: "src/app/doctor/shell-programs.ts",
    find: 'await collect(rest[1] ?? "", into, depth + 1);',
    replace: "",
    killedBy:
      'src/app/doctor/shell-programs.test.ts > E22 the programs of `sh -c \'inner && ./own.sh\'` are ["sh","inner","./own.sh"]',
  },
  {
    name: "a subcommand of cargo that is installed apart counts as cargo's",
    file: "src/app/doctor/shell-programs.ts",
    find: "&& !cargoCommands.has(first)",
    replace: "&& false",
    killedBy:
      'src/app/doctor/shell-programs.test.ts > E22 the version of what `cargo clippy --all` starts (setup_cmd: false) is printed by "cargo clippy --version"',
  },
  {
    name: "a checker whose sources lie elsewhere is taken to read some",
    file: "src/app/doctor/shell-programs.ts",
    find: "(places.length === 0 || places.some((place) => isBelow(path, place)))",
    replace: "true",
    killedBy:
      'src/app/doctor/shell-programs.test.ts > E22 the sources that `ruff check web` does not read: "ruff reads .py, .pyi files, and none is committed below web"',
  },
  {
    name: "npx installs the program whose version is asked for",
    file: "src/app/doctor/shell-programs.ts",
    find: 'started(name, "--no-install", first, "--version")',
    replace: 'started(name, first, "--version")',
    killedBy:
      'src/app/doctor/shell-programs.test.ts > E22 the version of what `npx eslint .` starts (setup_cmd: false) is printed by "npx --no-install eslint --version"',
  },
  {
    name: "a folder's name that begins with another is below it",
    file: "src/app/doctor/shell-programs.ts",
    find: "path.startsWith(`${place}/`)",
    replace: "path.startsWith(place)",
    killedBy:
      'src/app/doctor/shell-programs.test.ts > E22 the sources that `ruff check web` does not read: "ruff reads .py, .pyi files, and none is committed below web"',
  },
  {
    name: "a cached choice outlives a change of the SOPs",
    file: "src/app/sop-picker.ts",
    find: "canonicalJson({ unit, library, pickerVersion })",
    replace: "canonicalJson({ unit, pickerVersion })",
    killedBy:
      "test/plan/sop-picker.test.ts > E5 only a change of units or of a SOP's text, name or application asks the model again",
  },
  {
    name: "a cached choice outlives a change of the unit's claims",
    file: "src/app/sop-picker.ts",
    find: "{ summary: task.written.summary, role, prompt, claims }",
    replace: "{ summary: task.written.summary, role, prompt }",
    killedBy:
      "test/plan/sop-picker.test.ts > E5 only a change of units or of a SOP's text, name or application asks the model again",
  },
  {
    name: "--recompile-sops serves cached choices",
    file: "src/app/sop-picker.ts",
    find: "requests?.fresh === true ? new",
    replace: "requests?.fresh === null ? new",
    killedBy:
      "test/plan/sop-picker.test.ts > an unknown SOP name is rejected, not cached, and the compiled file stays",
  },
  {
    name: "units that the model's answer lacks get no SOPs",
    file: "src/app/sop-picker.ts",
    find: "for (const [id, choice] of await rulesPicker.pick(left, sops)) choices.set(id, choice);",
    replace:
      "if (answers === null) for (const [id, choice] of await rulesPicker.pick(left, sops)) choices.set(id, choice);",
    killedBy:
      "test/plan/sop-picker.test.ts > rules pick the SOPs that a model leaves open when it answers in an invalid shape, and the file records it",
  },
  {
    name: "a key is sent to an endpoint that the user has not agreed to",
    file: "src/app/sop-picker.ts",
    find: "if (!isTrusted(env, provider)) {",
    replace: "if (false) {",
    killedBy:
      "test/plan/commands.test.ts > C16 SOPs are picked by rules, with a warning, where no key may be sent",
  },
  {
    name: "a provider that still holds placeholders is asked",
    file: "src/app/sop-picker.ts",
    find: "if (provider.placeholder) return",
    replace: "if (false) return",
    killedBy:
      "test/plan/commands.test.ts > C16 SOPs are picked by rules, with a warning, where no key may be sent",
  },
] satisfies Mutant[];
