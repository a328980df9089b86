/** `dgov ledger`: what a project knows of itself, in a file that clones share. */

import { parseClaim, parseClaims } from "../../../claims/path.ts";
import { DgovError } from "../../../error.ts";
import {
  categories,
  entriesNamed,
  type Ledger,
  type LedgerEntry,
  listMax,
  nextTime,
  severities,
  textCharsMax,
} from "../../../ledger/entry.ts";
import { appendToLedger, ledgerFile, newEntryId, openLedger } from "../../../ledger/file.ts";
import { isoTime, systemClock } from "../../../std/clock.ts";
import { suggest } from "../../../std/suggest.ts";
import { usageError } from "../../args.ts";
import { type Context, command, group } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { renderBroken, renderEntries, renderEntry } from "../../render/ledger.ts";

const add = command({
  name: "add",
  description: "Write down what is known",
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
      description: "What is known",
    },
    path: {
      type: "string",
      repeated: true,
      valueHint: "P",
      description: "A path or pattern it concerns: tasks that claim it are told",
    },
    tag: { type: "string", repeated: true, valueHint: "T", description: "A word to find it by" },
    severity: {
      type: "string",
      valueHint: "S",
      choices: severities,
      description: `${severities.join(", ")}; normal when left out`,
    },
  },
  examples: [
    'dgov ledger add rule "Dates are UTC; format them in src/format.ts only" --path src',
    'dgov ledger add bug "Totals are wrong for refunds" --path src/total.ts --severity high',
    'dgov ledger add debt "The parser is copied twice" --path "src/**/parse*.ts" --tag parser',
  ],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const entry: LedgerEntry = {
      id: newEntryId(),
      status: "open",
      category: oneOf(args.category, categories, "a category"),
      severity: oneOf(args.severity ?? "normal", severities, "a severity"),
      text: textFrom(args.content),
      paths: pathsFrom(args.path ?? []),
      tags: tagsFrom(args.tag ?? []),
      openedAt: isoTime(systemClock.now()),
      openedBy: await author(context, projectRoot),
      changes: [],
    };
    const { id, category, severity, text, paths, tags, openedAt: ts, openedBy: by } = entry;
    appendToLedger(projectRoot, {
      id,
      ts,
      by,
      event: "opened",
      category,
      severity,
      text,
      paths,
      tags,
    });
    const reach = paths.length === 0 ? "; without --path it reaches no prompt" : "";
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
      type: "string",
      alias: "c",
      valueHint: "CATEGORY",
      choices: categories,
      description: "Only these",
    },
    status: {
      type: "string",
      alias: "s",
      valueHint: "S",
      choices: states,
      description: `${states.join(", ")}; open when left out`,
    },
    query: {
      type: "string",
      alias: "q",
      valueHint: "TEXT",
      description: "Only with this in the text",
    },
    tag: { type: "string", valueHint: "T", description: "Only with this tag" },
    path: {
      type: "string",
      valueHint: "P",
      description: "Only what concerns this path or pattern",
    },
  },
  examples: [
    "dgov ledger list",
    "dgov ledger list -c rule --path src/app",
    "dgov ledger list -s all",
  ],
  async run(context, args) {
    const status = oneOf(args.status ?? "open", states, "a status");
    const category =
      args.category === undefined ? null : oneOf(args.category, categories, "a category");
    const concerned = args.path === undefined ? null : await concernedBy(args.path);
    const query = args.query?.toLowerCase();
    const ledger = openLedger(requireProject(context));
    const entries = ledger.entries
      .filter(
        (entry) =>
          (status === "all" || entry.status === status) &&
          (category === null || entry.category === category) &&
          (query === undefined || entry.text.toLowerCase().includes(query)) &&
          (args.tag === undefined || entry.tags.includes(args.tag)) &&
          (concerned === null || concerned(entry)),
      )
      .reverse();
    warnOfBroken(context, ledger);
    const none = ledger.entries.length === 0 ? "the ledger is empty" : "no such entries";
    const view = { entries, broken: ledger.broken.map((one) => ({ file: ledgerFile, ...one })) };
    answerView(context.output, "dgov.ledger/1", view, renderEntries(entries, none));
    return 0;
  },
});

const idArg = {
  type: "positional",
  required: true,
  valueHint: "ID",
  description: "Id of the entry, or the beginning of one",
} as const;

const show = command({
  name: "show",
  description: "Show one entry",
  args: { id: idArg },
  examples: ["dgov ledger show 3f9a"],
  async run(context, args) {
    const ledger = openLedger(requireProject(context));
    const entry = theEntry(ledger, args.id);
    answerView(context.output, "dgov.ledger-entry/1", { entry }, renderEntry(entry));
    return 0;
  },
});

const resolve = changing({
  name: "resolve",
  event: "resolved",
  description: "Say that an entry no longer holds",
  examples: ["dgov ledger resolve 3f9a", 'dgov ledger resolve 3f9a --note "mended in 1f2e3d4"'],
});

const reopen = changing({
  name: "reopen",
  event: "reopened",
  description: "Say that a resolved entry holds again",
  examples: ["dgov ledger reopen 3f9a"],
});

/** `resolve` and `reopen`; what is so already is said, and nothing written. */
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
      const entry = theEntry(openLedger(projectRoot), args.id);
      const changed = (entry.status === "open") === (event === "resolved");
      if (changed) {
        const note = args.note === undefined ? "" : textFrom(args.note);
        const ts = nextTime(entry, systemClock.now());
        const by = await author(context, projectRoot);
        appendToLedger(projectRoot, { id: entry.id, ts, by, event, note });
      }
      const now = theEntry(openLedger(projectRoot), entry.id);
      const text = changed
        ? `${event} ${entry.category} ${entry.id}`
        : `${entry.category} ${entry.id} is ${entry.status} already`;
      answerView(context.output, "dgov.ledger-entry/1", { changed, entry: now }, text);
      return 0;
    },
  });
}

function theEntry(ledger: Ledger, typed: string): LedgerEntry {
  const found = entriesNamed(ledger, typed);
  const [entry] = found;
  if (entry !== undefined && found.length === 1) return entry;
  const near = suggest(
    typed,
    ledger.entries.map(({ id }) => id),
  );
  const several = found.length > 1;
  throw new DgovError(
    "NOT_FOUND",
    several ? `"${typed}" fits ${found.map(({ id }) => id).join(", ")}` : `no entry ${typed}`,
    { hint: near === null || several ? "dgov ledger list -s all" : `did you mean ${near}?` },
  );
}

function oneOf<const T extends string>(typed: string, known: readonly T[], what: string): T {
  const found = known.find((one) => one === typed);
  if (found !== undefined) return found;
  const near = suggest(typed, known);
  const hint = near === null ? `one of ${known.join(", ")}` : `did you mean ${near}?`;
  throw usageError(`"${typed}" is not ${what}`, hint);
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
  const { overlaps } = await import("../../../claims/overlap.ts");
  const claim = claimOf(path);
  return (entry) => parseClaims(entry.paths).some((own) => overlaps(own, claim));
}

function warnOfBroken(context: Context, { broken }: Ledger): void {
  if (broken.length > 0) context.output.warn(renderBroken(ledgerFile, broken));
}

/** Who writes, as git knows them; "" when it does not. */
async function author(context: Context, projectRoot: string): Promise<string> {
  const { configuredIdentity, openRepository } = await import("../../../git/repository.ts");
  try {
    const identity = await configuredIdentity(await openRepository(projectRoot));
    return identity?.name ?? context.env["USER"] ?? "";
  } catch {
    return context.env["USER"] ?? "";
  }
}

export default group({
  name: "ledger",
  description: "Manage what the project knows of itself",
  subcommands: { add, list, show, resolve, reopen },
});
