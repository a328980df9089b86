/** `dgov ledger`: rules, bugs, debt and decisions of a project, in a file that is committed. */

import { addLedgerEntry, changeLedgerEntry } from "../../../app/ledger.ts";
import { overlaps } from "../../../claims/overlap.ts";
import { parseClaim, parseClaims } from "../../../claims/path.ts";
import { DgovError } from "../../../error.ts";
import {
  categories,
  entriesNamed,
  idPrefixCharsMin,
  type Ledger,
  type LedgerEntry,
  listMax,
  severities,
  textCharsMax,
} from "../../../ledger/entry.ts";
import { ledgerFile, openLedger } from "../../../ledger/file.ts";
import { suggest } from "../../../std/suggest.ts";
import { indented, moment, plural } from "../../../std/text.ts";
import { usageError } from "../../args.ts";
import { type Context, command, group } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { printable } from "../../render/printable.ts";
import { clip, textTable } from "../../render/table.ts";

const add = command({
  name: "add",
  description: "Add an entry",
  args: {
    category: {
      type: "positional",
      required: true,
      valueHint: "CATEGORY",
      choices: categories,
      description: `One of ${categories.join(", ")}`,
    },
    content: {
      type: "positional",
      required: true,
      valueHint: "TEXT",
      description: "Text of the entry",
    },
    path: {
      type: "string",
      repeated: true,
      valueHint: "P",
      description: "A path or pattern; prompts of tasks that claim it include the entry",
    },
    tag: {
      type: "string",
      repeated: true,
      valueHint: "T",
      description: "A tag to find the entry by",
    },
    severity: {
      type: "enum",
      options: [...severities],
      default: "normal",
      description: "How serious it is",
    },
  },
  examples: [
    'dgov ledger add rule "Dates are UTC; format them in src/format.ts only" --path src',
    'dgov ledger add bug "Totals are wrong for refunds" --path src/total.ts --severity high',
    'dgov ledger add debt "The parser is copied twice" --path "src/**/parse*.ts" --tag parser',
  ],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const entry = await addLedgerEntry(projectRoot, context.env, {
      category: categoryFrom(args.category),
      severity: args.severity,
      text: textFrom(args.content),
      paths: pathsFrom(args.path ?? []),
      tags: tagsFrom(args.tag ?? []),
    });
    const { id, category, paths } = entry;
    const reach = paths.length === 0 ? "; without --path no prompt includes it" : "";
    answerView(context.output, "dgov.ledger-entry/1", { entry }, `added ${category} ${id}${reach}`);
    return 0;
  },
});

const states = ["open", "resolved", "all"] as const;

const list = command({
  name: "list",
  description: "List entries, newest first",
  args: {
    category: {
      type: "enum",
      alias: "c",
      options: [...categories],
      description: "Only entries of this category",
    },
    status: {
      type: "enum",
      alias: "s",
      options: [...states],
      default: "open",
      description: "Only entries of this status",
    },
    query: {
      type: "string",
      alias: "q",
      valueHint: "TEXT",
      description: "Only entries that contain this text",
    },
    tag: { type: "string", valueHint: "T", description: "Only entries with this tag" },
    path: {
      type: "string",
      valueHint: "P",
      description: "Only entries about this path or pattern",
    },
  },
  examples: [
    "dgov ledger list",
    "dgov ledger list -c rule --path src/app",
    "dgov ledger list -s all",
  ],
  async run(context, args) {
    const { status, category } = args;
    const concerned = args.path === undefined ? null : await concernedBy(args.path);
    const query = args.query?.toLowerCase();
    const ledger = openLedger(requireProject(context));
    const entries = ledger.entries
      .filter(
        (entry) =>
          (status === "all" || entry.status === status) &&
          (category === undefined || entry.category === category) &&
          (query === undefined || entry.text.toLowerCase().includes(query)) &&
          (args.tag === undefined || entry.tags.includes(args.tag)) &&
          (concerned === null || concerned(entry)),
      )
      .reverse();
    warnOfBroken(context, ledger);
    const none = ledger.entries.length === 0 ? "the ledger is empty" : "no matching entries";
    const view = { entries, broken: ledger.broken.map((one) => ({ file: ledgerFile, ...one })) };
    answerView(context.output, "dgov.ledger/1", view, renderEntries(entries, none));
    return 0;
  },
});

const idArg = {
  type: "positional",
  required: true,
  valueHint: "ID",
  description: `Id of the entry, or a unique beginning of at least ${idPrefixCharsMin} characters`,
} as const;

const show = command({
  name: "show",
  description: "Show one entry",
  args: { id: idArg },
  examples: ["dgov ledger show 3f9a"],
  async run(context, args) {
    const ledger = openLedger(requireProject(context));
    const entry = findEntry(ledger, args.id);
    answerView(context.output, "dgov.ledger-entry/1", { entry }, renderEntry(entry));
    return 0;
  },
});

const resolve = changing({
  name: "resolve",
  event: "resolved",
  description: "Mark an entry as no longer true",
  examples: ["dgov ledger resolve 3f9a", 'dgov ledger resolve 3f9a --note "fixed in 1f2e3d4"'],
});

const reopen = changing({
  name: "reopen",
  event: "reopened",
  description: "Mark a resolved entry as true again",
  examples: ["dgov ledger reopen 3f9a"],
});

/** Defines `resolve` or `reopen`. For an entry with that status already, nothing is written. */
function changing(of: {
  name: string;
  event: "resolved" | "reopened";
  description: string;
  examples: string[];
}) {
  const { name, event, description, examples } = of;
  return command({
    name,
    description,
    args: { id: idArg, note: { type: "string", valueHint: "TEXT", description: "Why" } },
    examples,
    async run(context, args) {
      const projectRoot = requireProject(context);
      const entry = findEntry(openLedger(projectRoot), args.id);
      const changed = (entry.status === "open") === (event === "resolved");
      if (changed) {
        const note = args.note === undefined ? "" : textFrom(args.note);
        await changeLedgerEntry(projectRoot, context.env, entry, { event, note });
      }
      const now = findEntry(openLedger(projectRoot), entry.id);
      const text = changed
        ? `${event} ${entry.category} ${entry.id}`
        : `${entry.category} ${entry.id} is already ${entry.status}`;
      answerView(context.output, "dgov.ledger-entry/1", { changed, entry: now }, text);
      return 0;
    },
  });
}

function findEntry(ledger: Ledger, typed: string): LedgerEntry {
  const found = entriesNamed(ledger, typed);
  const [entry] = found;
  if (entry !== undefined && found.length === 1) return entry;
  const near = suggest(
    typed,
    ledger.entries.map(({ id }) => id),
  );
  const several = found.length > 1;
  if (typed.length < idPrefixCharsMin) {
    throw new DgovError("NOT_FOUND", `no entry ${typed}`, {
      hint: `give the id, or at least its first ${idPrefixCharsMin} characters: dgov ledger list`,
    });
  }
  throw new DgovError(
    "NOT_FOUND",
    several ? `"${typed}" matches ${found.map(({ id }) => id).join(", ")}` : `no entry ${typed}`,
    { hint: near === null || several ? "dgov ledger list -s all" : `did you mean ${near}?` },
  );
}

function categoryFrom(typed: string): LedgerEntry["category"] {
  const found = categories.find((one) => one === typed);
  if (found !== undefined) return found;
  const near = suggest(typed, categories);
  const hint = near === null ? `one of ${categories.join(", ")}` : `did you mean ${near}?`;
  throw usageError(`"${typed}" is not a category`, hint);
}

function textFrom(typed: string): string {
  const text = typed.trim();
  if (text === "") throw usageError("the text is empty");
  if (text.length <= textCharsMax) return text;
  throw usageError(`the text is longer than ${textCharsMax} characters`);
}

function pathsFrom(typed: readonly string[]): string[] {
  if (typed.length > listMax) throw usageError(`--path is given more than ${listMax} times`);
  return [...new Set(typed.map((path) => claimOf(path).text))];
}

function tagsFrom(typed: readonly string[]): string[] {
  if (typed.length > listMax) throw usageError(`--tag is given more than ${listMax} times`);
  const bad = typed.find((tag) => !/^[\w.:/-]{1,60}$/.test(tag));
  if (bad === undefined) return [...new Set(typed)];
  throw usageError(`"${bad}" is not a tag`, "letters, digits and _ . : / -, at most 60");
}

function claimOf(path: string) {
  const parsed = parseClaim(path);
  if (!parsed.ok) throw usageError(`the path "${path}" ${parsed.problem}`);
  return parsed.claim;
}

async function concernedBy(path: string): Promise<(entry: LedgerEntry) => boolean> {
  const claim = claimOf(path);
  return (entry) => parseClaims(entry.paths).some((own) => overlaps(own, claim));
}

function warnOfBroken(context: Context, { broken }: Ledger): void {
  if (broken.length > 0) context.output.log.log(renderBroken(ledgerFile, broken));
}

export default group({
  name: "ledger",
  description: "Manage the project ledger (rules, bugs, debt, decisions)",
  subcommands: { add, list, show, resolve, reopen },
});

// ------------------------------------------------------------
// Entries of the ledger as text.

/** One line per entry, or `none`. */
function renderEntries(entries: readonly LedgerEntry[], none: string): string {
  if (entries.length === 0) return none;
  const rows = entries.map(({ id, status, category, severity, paths, text }) => [
    id,
    status === "open" ? "" : status,
    severity === "normal" ? category : `${category}, ${severity}`,
    paths.length > 1 ? `${paths[0]} +${paths.length - 1}` : (paths[0] ?? ""),
    clip(text),
  ]);
  return textTable(
    rows.map((row) => row.map(printable)),
    "",
  ).join("\n");
}

/** One entry with all its fields and changes. */
function renderEntry(entry: LedgerEntry): string {
  const about = [
    ["status", entry.status],
    ["severity", entry.severity],
    ["paths", entry.paths.join(", ") || "none; no prompt includes it"],
    ["tags", entry.tags.join(", ")],
    ["opened", `${moment(entry.openedAt)}${by(entry.openedBy)}`],
    ...entry.changes.map((change) => [
      change.event,
      `${moment(change.ts)}${by(change.by)}${change.note === "" ? "" : `: ${change.note}`}`,
    ]),
  ].filter(([, value]) => value !== "");
  return [
    `${entry.category} ${entry.id}`,
    indented(entry.text, "  "),
    ...textTable(about, ""),
  ].join("\n");
}

function by(who: string): string {
  return who === "" ? "" : ` by ${who}`;
}

/** Lines of the ledger file that cannot be parsed. */
function renderBroken(file: string, broken: readonly { line: number; problem: string }[]) {
  return [
    ...broken.map(({ line, problem }) => `${file}:${line}: ${problem}`),
    `${plural(broken.length, "line")} could not be parsed; other entries are used`,
  ].join("\n");
}
