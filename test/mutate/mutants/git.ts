/** Mutants of `src/git`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a worktree with a file that became executable is removed",
    file: "src/git/worktrees/keep.ts",
    find: "entry?.newMode !== change.mode || entry.newOid",
    replace: "entry?.newOid",
    killedBy:
      "test/git/attempt.test.ts > B1 P2 removeWorktree refuses each kind of change after the work was kept",
  },
  {
    name: "a worktree with a changed file of the same mode is removed",
    file: "src/git/worktrees/keep.ts",
    find: "entry?.newMode !== change.mode || entry.newOid !== contentId(r, t, change)",
    replace: "entry?.newMode !== change.mode",
    killedBy: "test/git/attempt.test.ts > B1 removeWorktree refuses until everything is kept",
  },
  {
    name: "a worktree with an unkept deletion is removed",
    file: "src/git/worktrees/keep.ts",
    find: 'return entry?.newMode !== "000000";',
    replace: "return false;",
    killedBy:
      "test/git/attempt.test.ts > B1 P2 removeWorktree refuses each kind of change after the work was kept",
  },
  {
    name: "a file of exactly the room is left out of kept work",
    file: "src/git/worktrees/keep.ts",
    find: "change.size <= room",
    replace: "change.size < room",
    killedBy: "test/git/attempt.test.ts > files up to the size limit are kept, tracked ones first",
  },
  {
    name: "new files are kept before changed ones",
    file: "src/git/worktrees/keep.ts",
    find: 'Number(a.status === "added") - Number(b.status === "added") ||',
    replace: "",
    killedBy: "test/git/attempt.test.ts > files up to the size limit are kept, tracked ones first",
  },
  {
    name: "a plan is found by landings of another repository state",
    file: "src/git/landing/landed.ts",
    find: "if (since?.tip === o.tip) return since.landed;",
    replace: "if (since !== undefined) return since.landed;",
    killedBy:
      "test/git/repository.test.ts > B9 scanLanded counts trailers, removes reverted units, restores re-reverted ones, and reads squashes",
  },
  {
    name: "a commit with one parent that is not the tip lands",
    file: "src/git/landing/proof.ts",
    find: "parents.length !== 1 || parents[0] !== o.from",
    replace: "parents.length !== 1",
    killedBy: "test/git/land.test.ts > a commit with another parent than the tip does not land",
  },
  {
    name: "a link that goes up in its middle lands",
    file: "src/git/landing/proof.ts",
    find: '  if (ups >= 0 && parts.slice(ups).includes("..")) return true;\n',
    replace: "",
    killedBy:
      'src/git/landing/proof.test.ts > C4: a link at a to "link/../b" leaves the repository: true',
  },
  {
    name: "git am in progress does not block a landing",
    file: "src/git/landing/checkouts.ts",
    find: '  "rebase-apply": "a rebase",\n',
    replace: "",
    killedBy:
      "test/git/land.test.ts > an unfinished merge, rebase, am, cherry-pick or revert blocks the landing",
  },
  {
    name: "a HEAD.lock with content is removed",
    file: "src/git/landing/land.ts",
    find: "if (!existsSync(head) || statSync(head).size > 0) return;",
    replace: "if (!existsSync(head)) return;",
    killedBy:
      "test/git/recover.test.ts > reconcileLanding removes a HEAD.lock only when it is empty and the landing",
  },
  {
    name: "a merge commit whose first parent is the tip lands",
    file: "src/git/landing/proof.ts",
    find: "parents.length !== 1 || parents[0] !== o.from",
    replace: "parents[0] !== o.from",
    killedBy: "test/git/land.test.ts > a commit with another parent than the tip does not land",
  },
  {
    name: "a parent in the message of a commit counts",
    file: "src/git/landing/proof.ts",
    find: "headerOf(commit.bytes).matchAll",
    replace: "commit.bytes.toString().matchAll",
    killedBy: "test/git/land.test.ts > a parent that only the message names does not count",
  },
  {
    name: "a replaced candidate object lands",
    file: "src/git/landing/proof.ts",
    find: '!commit || objectId(r.objectFormat, "commit", commit.bytes) !== o.to',
    replace: "!commit",
    killedBy: "test/git/land.test.ts > a candidate whose own object was replaced does not land",
  },
  {
    name: "planted content under a valid id lands",
    file: "src/git/landing/proof.ts",
    find: "!object || objectId(r.objectFormat, object.type, object.bytes) !== e.newOid",
    replace: "!object",
    killedBy:
      "test/git/land.test.ts > content planted in the object store under a valid id does not land",
  },
  {
    name: "the removal of a submodule lands",
    file: "src/git/landing/proof.ts",
    find: `newMode !== "160000" || !o.allowed(path, "submodule")`,
    replace: `!o.allowed(path, "submodule")`,
    killedBy:
      "test/git/land.test.ts > E15 a change of a submodule and a name that is not UTF-8 do not land",
  },
  {
    name: "a cherry-pick in progress does not block a landing",
    file: "src/git/landing/checkouts.ts",
    find: '  CHERRY_PICK_HEAD: "a cherry-pick",\n',
    replace: "",
    killedBy:
      "test/git/land.test.ts > an unfinished merge, rebase, am, cherry-pick or revert blocks the landing",
  },
  {
    name: "the branch's lock of another landing is removed",
    file: "src/git/landing/land.ts",
    find: '!existsSync(branch) || readFileSync(branch, "utf8").trim() !== o.to',
    replace: "!existsSync(branch)",
    killedBy: "test/git/recover.test.ts > reconcileLanding keeps locks that are not the landing's",
  },
  {
    name: "checkouts are moved without a dry run of all",
    file: "src/git/landing/checkout-moves.ts",
    find: `  for (const c of checkouts) {
    const blocker = await moveCheckout(r, c, { ...o, dryRun: true });`,
    replace: `  for (const c of checkouts.slice(9)) {
    const blocker = await moveCheckout(r, c, { ...o, dryRun: true });`,
    killedBy:
      "test/git/land.test.ts > B15 a blocked second checkout leaves the files of the first unwritten",
  },
  {
    name: "a move that fails at the second checkout leaves the first moved",
    file: "src/git/landing/land.ts",
    find: "!landed && from !== null",
    replace: "landed && from !== null",
    killedBy:
      "test/git/land.test.ts > B15 a move that fails at the second checkout puts the first back",
  },
  {
    name: "a checkout that could not be restored is unlocked",
    file: "src/git/landing/land.ts",
    find: "  if (!landed && from !== null) await undoCheckouts(r, { target, from, to });",
    replace:
      "  if (!landed && from !== null) await undoCheckouts(r, { target, from, to }).catch(() => {});",
    killedBy:
      "test/git/recover.test.ts > B5 a candidate whose git fails from any call is landed or undone",
  },
  {
    name: "the lock of a checkout that bookkeeping left is not removed",
    file: "src/git/landing/checkout-moves.ts",
    find: "if (isLockedBy({ gitDir }, text)) rmSync",
    replace: "if (isLockedBy({ gitDir }, text) && text.length < 9) rmSync",
    killedBy:
      "test/git/recover.test.ts > B5 a bookkeeping whose git ends with its caller after any call is landed or undone",
  },
  {
    name: "files are restored in a checkout that no landing has written to",
    file: "src/git/landing/land.ts",
    find: "changes, written: locked",
    replace: "changes, written: true",
    killedBy:
      "test/git/recover.test.ts > reconcileLanding leaves a checkout whose lock a person removed",
  },
  {
    name: "a landing that git moved and did not confirm is undone",
    file: "src/git/landing/land.ts",
    find: "tip !== null && (tip === o.to || (await isAncestor(r, o.to, tip)))",
    replace: "tip === null",
    killedBy:
      "test/git/recover.test.ts > reconcileLanding counts a target ahead of the candidate as landed",
  },
  {
    name: "a landing is given up after the first try that finds the branch locked",
    file: "src/git/landing/land.ts",
    find: "if (tries === 5) {",
    replace: "if (tries === 1) {",
    killedBy:
      "test/git/land.test.ts > a lock of the branch that is released before the last try does not stop",
  },
  {
    name: "a link to a commit that no module has lands",
    file: "src/git/landing/proof.ts",
    find: "if (found?.module && found.commit === newOid) return null;",
    replace: "return null;",
    killedBy:
      "test/git/submodules.test.ts > F1 a moved link whose commit is in no module's objects is not proven",
  },
  {
    name: "a name of a submodule leaves the folder of modules",
    file: "src/git/submodules.ts",
    find: "path === undefined || !isSafeName(name)",
    replace: "path === undefined",
    killedBy: "test/git/submodules.test.ts > F1 a name that leaves the modules selects no objects",
  },
  {
    name: "files of setup in a submodule are changes of the worker",
    file: "src/git/worktrees/submodules.ts",
    find: "changes.some(({ path }) => !prepared.has(path))",
    replace: "changes.length > 0",
    killedBy:
      "test/git/submodules.test.ts > F1 an attempt has its submodules, and what setup left in them is not its change",
  },
  {
    name: "a copied file that is no longer ignored is a change",
    file: "src/git/worktrees/changes.ts",
    find: ".filter(({ path }) => !copied.has(path))",
    replace: "",
    killedBy:
      "test/e2e/copied-files.test.ts > F2 workers get the files on request; neither the files nor copies land, whatever is ignored",
  },
  {
    name: "a subject that looks like a trailer gets the sign-off in its paragraph",
    file: "src/git/objects.ts",
    find: "paragraphs.length > 1 ?",
    replace: "paragraphs.length > 0 ?",
    killedBy:
      "src/git/objects.test.ts > F9 a sign-off is added to a paragraph of its own, when the subject looks like a trailer",
  },
  {
    name: "a sign-off is added twice",
    file: "src/git/objects.ts",
    find: "if (last.includes(trailer)) return text;",
    replace: "",
    killedBy: "src/git/objects.test.ts > F9 a sign-off is added to nothing twice",
  },
  {
    name: "notes that another process wrote at the same time are a failure",
    file: "src/git/landing/notes.ts",
    find: "const triesMax = 10;",
    replace: "const triesMax = 1;",
    killedBy:
      "test/git/notes.test.ts > F11 notes of a sha1 repository that several processes write at once are all kept, and read with the history",
  },
] satisfies Mutant[];
