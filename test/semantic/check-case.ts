/** Judgement of a corpus case as the semantic gate makes it: text merge first, then the symbol tables. */
import { parseConfig } from "../../src/config/load.ts";
import { checkMerge, type MergeVerdict } from "../../src/semantic/check-merge.ts";
import { bySeverity, type Finding } from "../../src/semantic/finding.ts";
import type { Tree } from "./corpus.ts";
import { mergeText } from "./merge.ts";

export interface CaseVerdict {
  rejected: boolean;
  /** Kinds of the conflicts; only `text_conflict` when the text did not merge. */
  kinds: string[];
  symbols: string[];
  messages: string[];
  /** Findings that do not block. */
  noted: string[];
  notes: string[];
}

function lineOf({ path, line, kind, message, uncertain }: Finding): string {
  const doubt = uncertain === null ? "" : ` (uncertain: ${uncertain})`;
  return `${path}:${line}: ${kind}: ${message}${doubt}`;
}

/** Severities of a project without `[semantic]`. */
const loaded = parseConfig("", "/");
if (!loaded.ok) throw new Error("the default configuration is invalid");
export const defaultSettings = loaded.config.semantic;

/** Judges three trees; needs git. */
export async function checkCase(states: {
  base: Tree;
  ours: Tree;
  theirs: Tree;
}): Promise<CaseVerdict> {
  const merge = mergeText(states);
  if (merge.conflicts.length > 0) {
    const messages = merge.conflicts.map((path) => `${path} does not merge as text`);
    return {
      rejected: true,
      kinds: ["text_conflict"],
      symbols: [],
      messages,
      noted: [],
      notes: [],
    };
  }
  const { blocking, noted, notes } = await checkTrees({ ...states, merged: merge.tree });
  return {
    rejected: blocking.length > 0,
    kinds: blocking.map(({ kind }) => kind),
    symbols: blocking.map(({ symbol }) => symbol),
    messages: blocking.map(lineOf),
    noted: noted.map(lineOf),
    notes: notes.map(({ path, line, message }) => `${path}:${line}: ${message}`),
  };
}

type FourTrees = Record<"base" | "ours" | "theirs" | "merged", Tree>;

interface Judged extends MergeVerdict {
  blocking: Finding[];
  noted: Finding[];
}

/** Applies the semantic rules to trees of texts, using each text as its own id. */
export async function checkTrees(trees: FourTrees): Promise<Judged> {
  const { base, ours, theirs, merged } = trees;
  const paths = new Set([base, ours, theirs, merged].flatMap((tree) => [...tree.keys()]));
  const changed = [...paths].filter(
    (path) => new Set([base, ours, theirs, merged].map((tree) => tree.get(path))).size > 1,
  );
  const only = (tree: Tree): Tree => new Map([...tree].filter(([path]) => changed.includes(path)));
  const verdict = await checkMerge({
    base: only(base),
    ours: only(ours),
    theirs: only(theirs),
    merged: only(merged),
    tree: async () => merged,
    mentioning: async (words) => ({
      paths: [...merged].filter(([, text]) => mentions(text, words)).map(([path]) => path),
      cut: false,
    }),
    read: async (id) => id,
  });
  return { ...verdict, ...bySeverity(verdict.findings, defaultSettings) };
}

function mentions(text: string, words: readonly string[]): boolean {
  return words.some((word) => new RegExp(`(?<!\\w)${RegExp.escape(word)}(?!\\w)`).test(text));
}

/** Text of files by path. */
export type Texts = Record<string, string>;

/** Findings that block a merge, and those that are notes; a side lists the files it changes, "" deletes one. */
export async function mergeTexts(
  base: Texts,
  ours: Texts,
  theirs: Texts,
): Promise<{ found: string[]; noted: string[] }> {
  const tree = (texts: Texts) =>
    new Map(Object.entries({ ...base, ...texts }).filter(([, text]) => text !== ""));
  const verdict = await checkCase({ base: tree({}), ours: tree(ours), theirs: tree(theirs) });
  const found = verdict.kinds.map((kind, at) => `${kind} ${verdict.symbols[at] ?? ""}`.trim());
  return { found, noted: verdict.noted };
}

/** The findings of `mergeTexts` that block, as kind and symbol. */
export async function blockingIn(base: Texts, ours: Texts, theirs: Texts): Promise<string[]> {
  return (await mergeTexts(base, ours, theirs)).found;
}

export type Edit = [from: string, to: string];

/** The text with each edit made once. Throws when there is nothing to edit. */
export function edited(text: string, ...edits: Edit[]): string {
  let now = text;
  for (const [from, to] of edits) {
    if (!now.includes(from)) throw new Error(`nothing to edit: ${from}`);
    now = now.replace(from, to);
  }
  return now;
}
