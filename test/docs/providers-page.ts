/** The table of failures in `docs/providers.md`; the rest of the page is written by hand. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { troubles } from "../../src/model/troubles.ts";
import { table } from "./table.ts";

const titles = ["message", "what to do"];

/** Failures of a conversation, which end an attempt with `no_progress`. */
const ofConversations = [
  {
    shown: "`the model replied without calling a tool`",
    advice: "the model or its template does not support tools; use another",
  },
  {
    shown: "`the provider's output limit cut the reply`",
    advice: "raise `max_tokens`",
  },
];

/** Text of the page with the current table. */
export function providersPage(): string {
  const page = readFileSync(resolve(import.meta.dir, "../../docs/providers.md"), "utf8");
  const start = page.indexOf(`| ${titles.join(" | ")} |`);
  const rows = table(titles, [...troubles, ...ofConversations], ["shown", "advice"]);
  return page.slice(0, start) + rows + page.slice(page.indexOf("\n\n", start));
}
