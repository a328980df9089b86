/** Commits that appeared on refs during a run and that dgov did not make. Pure. */
import { plural, short } from "../std/text.ts";
import { objectListField, textField, textFieldOrNull } from "./data.ts";

export interface ForeignCommitView {
  commit: string;
  ref: string;
  author: string;
  subject: string;
  /** The attempt's commit that it has the tree of, or is based on; null for none. */
  madeFrom: string | null;
}

/** The commits of a `commits.appeared` event. */
export function viewForeignCommits(data: Record<string, unknown>): ForeignCommitView[] {
  return objectListField(data, "commits").map((one) => ({
    commit: textField(one, "commit"),
    ref: textField(one, "ref"),
    author: textField(one, "author"),
    subject: textField(one, "subject"),
    madeFrom: textFieldOrNull(one, "made_from"),
  }));
}

/** Commits that are listed; the others are counted. */
const listedMax = 10;

/** Lines that list the commits; none without one. */
export function foreignCommitLines(commits: readonly ForeignCommitView[]): string[] {
  if (commits.length === 0) return [];
  const lines = commits.slice(0, listedMax).map(({ commit, ref, author, subject, madeFrom }) => {
    const made = madeFrom === null ? "" : `; it was made from ${madeFrom}`;
    return `  ${short(commit)} on ${ref}: ${subject} (${author})${made}`;
  });
  const more = commits.length - lines.length;
  return [
    `${plural(commits.length, "foreign commit")}, not landed by dgov:`,
    ...lines,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
