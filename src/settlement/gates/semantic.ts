/**
 * The semantic gate: whether two changes that merge as text go together, by their symbols. It reads
 * four states out of git and runs nothing.
 */
import { posix } from "node:path";
import { treesOf } from "../../git/commit.ts";
import { diffTrees, grepTree, listTree } from "../../git/diff.ts";
import type { Oid } from "../../git/repository.ts";
import type {
  Conflict,
  Files,
  MergeInput,
  MergeVerdict,
  Note,
} from "../../semantic/check-merge.ts";
import { checkMerge, rulesVersion, supportedLanguage } from "../../semantic/check-merge.ts";
import { manifestNames } from "../../syntax/import-index.ts";
import type { GateVerdict } from "../context.ts";
import { blobTexts } from "./blob-texts.ts";
import { type GateInput, type ObjectGate, tailOf, verdictOf } from "./gate.ts";

/** Changed files that are looked at; those of the change itself come first. */
const changedMax = 1000;
/** Files that mention a changed symbol and are looked at. */
const mentioningMax = 400;

/** The trees a candidate is made of. With `ours` equal to `base` the change is judged alone. */
interface Trees {
  base: Oid;
  ours: Oid;
  theirs: Oid;
  merged: Oid;
}

/** What differs between the states, and how much of it is left out. */
interface Changes {
  trees: Trees;
  base: Files;
  ours: Files;
  theirs: Files;
  merged: Files;
  leftOut: number;
}

export const semanticGate: ObjectGate = {
  name: "semantic",
  reads: "objects",
  configured: () => true,
  async applies(input) {
    const { base, theirs } = await changesOf(input);
    const paths = new Set([...base.keys(), ...theirs.keys()]);
    const judged = [...paths].some(
      (path) => base.get(path) !== theirs.get(path) && supportedLanguage(path) !== null,
    );
    if (judged) return { runs: true };
    return { runs: false, reason: "no changed file is in a language with a symbol table" };
  },
  async commands(input) {
    const { base, theirs } = (await changesOf(input)).trees;
    return [`rules ${rulesVersion}`, base, theirs];
  },
  async run(input) {
    const start = performance.now();
    const changes = await changesOf(input);
    const verdict = await checkMerge(mergeInput(input, changes));
    const notes = [...verdict.notes, ...leftOutNote(changes)];
    return {
      ...render(input, { ...verdict, notes }),
      durationMs: Math.round(performance.now() - start),
    };
  },
};

const known = new WeakMap<GateInput, Promise<Changes>>();

/** Asked for by each of the gate's questions, and found out once. */
function changesOf(input: GateInput): Promise<Changes> {
  let changes = known.get(input);
  if (changes === undefined) {
    changes = readChanges(input);
    known.set(input, changes);
  }
  return changes;
}

async function readChanges(input: GateInput): Promise<Changes> {
  const { context, request, baseTree } = input;
  const r = context.repository;
  const trees = await treesBehind(input);
  if (trees.base === baseTree) {
    const change = filesIn(await diffTrees(r, baseTree, request.tree));
    const { old: base, now: merged } = change;
    return limited({ trees, base, ours: base, theirs: merged, merged, leftOut: 0 });
  }
  const [ours, theirs, merged] = await Promise.all(
    [trees.ours, trees.theirs, trees.merged].map(async (tree) =>
      filesIn(await diffTrees(r, trees.base, tree)),
    ),
  );
  const base = new Map([ours, theirs, merged].flatMap((one) => [...(one?.old ?? [])]));
  const over = (one: FileChange | undefined): Files => {
    const unchanged = [...base].filter(([path]) => !one?.paths.has(path));
    return new Map([...unchanged, ...(one?.now ?? [])]);
  };
  const states = { ours: over(ours), theirs: over(theirs), merged: over(merged) };
  return limited({ trees, base, ...states, leftOut: 0 });
}

async function treesBehind({ context, request, baseTree }: GateInput): Promise<Trees> {
  const { change, tree } = request;
  const alone: Trees = { base: baseTree, ours: baseTree, theirs: tree, merged: tree };
  if (change === undefined) return alone;
  const [base = baseTree, theirs = tree] = await treesOf(context.repository, [
    change.base,
    change.commit,
  ]);
  return base === baseTree ? alone : { base, ours: baseTree, theirs, merged: tree };
}

interface FileChange {
  paths: ReadonlySet<string>;
  old: Files;
  now: Files;
}

/** Regular files of a difference: links and submodules have no symbols. */
function filesIn(entries: Awaited<ReturnType<typeof diffTrees>>): FileChange {
  const named = entries.filter(({ utf8 }) => utf8);
  const regular = (mode: string): boolean => mode.startsWith("100");
  return {
    paths: new Set(named.map(({ path }) => path)),
    old: new Map(named.filter((e) => regular(e.oldMode)).map((e) => [e.path, e.oldOid])),
    now: new Map(named.filter((e) => regular(e.newMode)).map((e) => [e.path, e.newOid])),
  };
}

/** At most `changedMax` files with symbols, the change's own before what landed meanwhile. */
function limited(changes: Changes): Changes {
  const { base, theirs } = changes;
  const all = new Set([base, changes.ours, theirs, changes.merged].flatMap((f) => [...f.keys()]));
  const judged = [...all].filter((path) => supportedLanguage(path) !== null);
  if (judged.length <= changedMax) return changes;
  const own = (path: string): number => (base.get(path) === theirs.get(path) ? 1 : 0);
  const out = new Set(judged.sort((a, b) => own(a) - own(b)).slice(changedMax));
  const keep = (files: Files): Files => new Map([...files].filter(([path]) => !out.has(path)));
  return {
    trees: changes.trees,
    base: keep(base),
    ours: keep(changes.ours),
    theirs: keep(theirs),
    merged: keep(changes.merged),
    leftOut: out.size,
  };
}

function leftOutNote({ leftOut }: Changes): Note[] {
  if (leftOut === 0) return [];
  return [{ path: "", line: 0, message: `${leftOut} changed files are too many to look at` }];
}

function mergeInput({ context }: GateInput, changes: Changes): MergeInput {
  const r = context.repository;
  const texts = blobTexts(r);
  const { trees, base, ours, theirs, merged } = changes;
  const states = [base, ours, theirs, merged];
  const ids = states.flatMap((files) =>
    [...files].filter(([path]) => supportedLanguage(path) !== null).map(([, id]) => id),
  );
  const loaded = texts.load(ids);
  let listed: Promise<Files> | null = null;
  const tree = (): Promise<Files> => {
    listed ??= listTree(r, trees.merged).then(async (entries) => {
      const files = entries.filter(({ mode }) => mode.startsWith("100"));
      const manifests = files.filter(({ path }) => manifestNames.has(posix.basename(path)));
      await texts.load(manifests.map(({ oid }) => oid));
      return new Map(files.map(({ path, oid }) => [path, oid]));
    });
    return listed;
  };
  return {
    base,
    ours,
    theirs,
    merged,
    tree,
    async mentioning(words) {
      const found = (await grepTree(r, trees.merged, words)).filter(
        (path) => supportedLanguage(path) !== null,
      );
      const paths = found.slice(0, mentioningMax);
      const files = await tree();
      await texts.load(paths.flatMap((path) => files.get(path) ?? []));
      return { paths, cut: found.length > paths.length };
    },
    async read(id) {
      await loaded;
      return texts.read(id);
    },
  };
}

function render({ context }: GateInput, { conflicts, notes }: MergeVerdict): GateVerdict {
  const name = (path: string): string => posix.relative(context.projectDir, path);
  const noteLines = notes.map(({ path, line, message }) =>
    path === "" ? `note: ${message}` : `note: ${name(path)}:${line}: ${message}`,
  );
  const counted = `${notes.length} note${notes.length === 1 ? "" : "s"}`;
  if (conflicts.length === 0) {
    const reason = notes.length === 0 ? "" : counted;
    return verdictOf("semantic", { reason, tail: tailOf(noteLines.join("\n")) });
  }
  return verdictOf("semantic", {
    status: "failed",
    reason: reasonOf(conflicts, name),
    blame: "attempt",
    diagnostics: conflicts.map(({ kind, path, line, message }) => ({
      file: name(path),
      line,
      column: null,
      code: kind,
      message,
      severity: "error",
    })),
    tail: tailOf([...conflicts.flatMap((one) => linesOf(one, name)), ...noteLines].join("\n")),
  });
}

function reasonOf(conflicts: readonly Conflict[], name: (path: string) => string): string {
  const [first] = conflicts;
  if (first === undefined) return "";
  const what = first.symbol === "" ? first.kind : `${first.kind} of ${first.symbol}`;
  const more = conflicts.length === 1 ? "" : `, and ${conflicts.length - 1} more`;
  return `${what} in ${name(first.path)}:${first.line}${more}`;
}

function linesOf(conflict: Conflict, name: (path: string) => string): string[] {
  const { kind, path, line, message, related } = conflict;
  return [
    `${name(path)}:${line}: ${kind}: ${message}`,
    ...related.map((place) => `  ${name(place.path)}:${place.line}: ${place.what}`),
  ];
}
