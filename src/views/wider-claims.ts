/** The change of a plan that would allow the paths of a rejected attempt, and paths that the operator added. Pure. */
import { textField, textListField } from "./data.ts";

export interface WiderClaimsView {
  /** Plan file, relative to the project. */
  file: string;
  table: string;
  key: string;
  /** New value of the key. */
  value: string[];
  /** The paths that it adds. */
  paths: string[];
}

/** The change in the data of `attempt.rejected`; null without one. */
export function viewWiderClaims(data: Record<string, unknown>): WiderClaimsView | null {
  const given = data["wider_claims"];
  if (typeof given !== "object" || given === null) return null;
  const fields = given as Record<string, unknown>;
  return {
    file: textField(fields, "file"),
    table: textField(fields, "table"),
    key: textField(fields, "key"),
    value: textListField(fields, "value"),
    paths: textListField(fields, "paths"),
  };
}

/** The place and the new line of the plan, and the command that lands the work as it is. */
export function widerClaimsLines(wider: WiderClaimsView, unit: string): string[] {
  const flags = wider.paths.flatMap((path) => ["--claim", shellWord(path)]).join(" ");
  return [
    `to allow it: ${wider.file}, [${wider.table}]`,
    `  ${wider.key} = [${wider.value.map((path) => JSON.stringify(path)).join(", ")}]`,
    `to land it as it is: dgov land ${unit} ${flags}`,
  ];
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
