/** Mutants of `src/claims`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "exactly the allowed number of changed files is too many",
    file: "src/claims/verdict.ts",
    find: "judged.length > policy.filesMax",
    replace: "judged.length >= policy.filesMax",
    killedBy:
      "src/claims/verdict.test.ts > as many changed files as the limit pass, one more is `diff_too_large`",
  },
  {
    name: "ignored files count towards the number of changed files",
    file: "src/claims/verdict.ts",
    find: "if (judged.length > policy.filesMax) {",
    replace: "if (changes.length > policy.filesMax) {",
    killedBy:
      "src/claims/verdict.test.ts > as many changed files as the limit pass, one more is `diff_too_large`",
  },
  {
    name: "a file tool writes into another department",
    file: "src/claims/verdict.ts",
    find: "policyProblem(repoPath, policy) ?? departmentProblem(repoPath, policy) ?? outside",
    replace: "policyProblem(repoPath, policy) ?? outside",
    killedBy:
      "src/claims/verdict.test.ts > a path of a department that the summary does not name is refused (C11)",
  },
  {
    name: "a deletion needs only a claim for edit",
    file: "src/claims/verdict.ts",
    find: 'if (change.status === "deleted" && !coversAny(rules.remove, path)) {',
    replace: "if (false) {",
    killedBy:
      "src/claims/verdict.test.ts > the deletion of a file claimed only for edit is a scope violation",
  },
  {
    name: "one file outside the claims among read ones asks for another attempt",
    file: "src/claims/verdict.ts",
    find: "outside.every((change) => isReadOnly",
    replace: "outside.some((change) => isReadOnly",
    killedBy:
      "src/claims/verdict.test.ts > a scope violation is retriable only when every path outside the claims is claimed for",
  },
  {
    name: "a link into .GIT is safe",
    file: "src/claims/unsafe.ts",
    find: 'name.toLowerCase() === ".git"',
    replace: 'name === ".git"',
    killedBy:
      'src/claims/verdict.test.ts > a change with {"kind":"symlink","linkTarget":"../.GIT/hooks"} is unsafe (C4)',
  },
  {
    name: "a link that leaves the repository and comes back is safe",
    file: "src/claims/unsafe.ts",
    find: "else if (names.pop() === undefined)",
    replace: "else if (names.pop() === undefined && !target.endsWith('x'))",
    killedBy:
      'src/claims/verdict.test.ts > a change with {"kind":"symlink","linkTarget":"../../x"} is unsafe (C4)',
  },
  {
    name: "an absolute link is safe",
    file: "src/claims/unsafe.ts",
    find: 'if (target.startsWith("/")) return',
    replace: "if (false) return",
    killedBy:
      'src/claims/verdict.test.ts > a change with {"kind":"symlink","linkTarget":"/etc/passwd"} is unsafe (C4)',
  },
  {
    name: "a claim of a folder covers the .gitignore in it",
    file: "src/claims/cover.ts",
    find: "  if (isGitignore(path)) return false;\n",
    replace: "",
    killedBy:
      'src/claims/verdict.test.ts > claims {"edit":["src/"]} do not allow "src/.gitignore" (P4, C8)',
  },
  {
    name: "a claim covers names that it begins",
    file: "src/claims/cover.ts",
    find: "claim.text}/`)) return true",
    replace: "claim.text}`)) return true",
    killedBy: "src/claims/overlap.test.ts > two claims that cover a common path overlap",
  },
  {
    name: "a .gitattributes in capitals can be claimed",
    file: "src/claims/reserved.ts",
    find: "if (/^[!-~]*$/.test(name)) return name.toLowerCase();",
    replace: "if (/^[!-~]*$/.test(name)) return name;",
    killedBy: 'src/claims/reserved.test.ts > ".DGOV/project.toml" is reserved (C9)',
  },
  {
    name: "a name with an invisible character is another name",
    file: "src/claims/reserved.ts",
    find: '    .replace(/\\p{Default_Ignorable_Code_Point}/gu, "")\n',
    replace: "",
    killedBy: 'src/claims/reserved.test.ts > ".d​gov/project.toml" is reserved (C9)',
  },
  {
    name: "allow_git_control is enough without an exact claim",
    file: "src/claims/reserved.ts",
    find: "return options.exactClaims.has(path)\n    ? null",
    replace: "return options.gitControlAllowed\n    ? null",
    killedBy:
      "src/claims/reserved.test.ts > files that control git need both the setting and an exact claim (C9)",
  },
  {
    name: "an exact claim is enough without allow_git_control",
    file: "src/claims/reserved.ts",
    find: "if (!options.gitControlAllowed) {",
    replace: "if (!options.gitControlAllowed && !options.exactClaims.has(path)) {",
    killedBy:
      "src/claims/reserved.test.ts > files that control git need both the setting and an exact claim (C9)",
  },
  {
    name: "brackets are always a set of characters",
    file: "src/claims/path.ts",
    find: 'if (text.includes("[")) readings.push(segments.map((segment) => readSegment(segment, false)));',
    replace: "",
    killedBy:
      'src/claims/cover.test.ts > the claim "app/[id]/*.tsx" covers "app/[id]/page.tsx" (C8)',
  },
  {
    name: "a folder whose name begins like the project's is in the project",
    file: "src/claims/verdict.ts",
    find: "repoPath.startsWith(`${projectDir}/`)",
    replace: "repoPath.startsWith(projectDir)",
    killedBy:
      "src/claims/verdict.test.ts > a path beside the project whose name begins like it is outside (E15)",
  },
  {
    name: "allow_files takes precedence over deny_files",
    file: "src/claims/verdict.ts",
    find: "if (denied !== null) return `denied",
    replace: "if (denied !== null && areaOf(policy.scope.allow, path) === null) return `denied",
    killedBy: "src/claims/verdict.test.ts > the deny list takes precedence over the allow list",
  },
  {
    name: "a reserved path that is ignored is not reported",
    file: "src/claims/verdict.ts",
    find: "problems(changes, (change) => reservedProblem",
    replace: "problems(judged, (change) => reservedProblem",
    killedBy:
      "src/claims/verdict.test.ts > a reserved path that is only ignored is reported beside claimed changes (C9)",
  },
  {
    name: "a claim of the maximum length is too long",
    file: "src/claims/path.ts",
    find: "text.length > charsMax",
    replace: "text.length >= charsMax",
    killedBy: "src/claims/path.test.ts > a claim of 4096 characters is valid, one more is too long",
  },
  {
    name: "a submodule moves under a claim with wildcards",
    file: "src/claims/unsafe.ts",
    find: "return exact ? null :",
    replace: "return exact || change.movedTo ? null :",
    killedBy:
      'src/claims/verdict.test.ts > F1 a claim of ** in the project "" lets lib move: false',
  },
] satisfies Mutant[];
