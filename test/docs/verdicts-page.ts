/** `docs/verdicts.md`: every word for the state of a unit, gate, run or plan, generated from the table of words. */
import { type WordGroup, wordGroups } from "../../src/views/catalog/words.ts";
import { table } from "./table.ts";

/** Text of the page. */
export function verdictsPage(): string {
  return `# Verdicts

The words that output, JSON and events use for a unit, a gate, a run or a plan, with what to do about each. \`dgov explain
WORD\` prints the row of a word; a unit of that name is explained instead. \`PLAN\`, \`UNIT\` and \`TARGET\` stand for
names. How a verdict is reached is in [Settlement](settlement.md), how to go on after one in
[Recovery](recovery.md); error codes are in [Commands](cli.md#exit-codes).

${wordGroups
  .filter(({ of }) => of !== "error code")
  .map(section)
  .join("\n\n")}
`;
}

/** Columns of a table; one that is empty in every row is left out. */
const columns = [
  ["word", "word"],
  ["meaning", "means"],
  ["tried again", "retried"],
  ["to do", "remedy"],
  ["do not", "doNot"],
] as const;

function section({ title, lead, rows }: WordGroup): string {
  const all = Object.entries(rows).map(([word, own]) => ({ ...own, word: `\`${word}\`` }));
  const used = columns.filter(([, key]) => all.some((row) => row[key] !== null));
  const titles = used.map(([name]) => name);
  const keys = used.map(([, key]) => key);
  return [`## ${title}`, ...(lead === "" ? [] : [lead]), table(titles, all, keys)].join("\n\n");
}
