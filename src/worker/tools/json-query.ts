/** The tool json_query: values of a JSON file by a path like `.scripts.test` or `.items[0].name`. */
import { errorMessage } from "../../std/text.ts";
import { isRecord } from "../roles/json-in-text.ts";
import { resolveText } from "./paths.ts";
import { allRoles, argumentSchema, type Tool, toolAnswer, toolError } from "./tool.ts";

export const jsonQuery: Tool = {
  name: "json_query",
  description:
    "Read one value of a JSON file by path, e.g. .scripts.test, .items[0].name, .items[].name, keys(.deps).",
  parameters: argumentSchema({
    path: { type: "string", description: "the file" },
    query: { type: "string", description: "the path of the value; . for the whole document" },
  }),
  roles: allRoles,
  async run(a, { root }) {
    const source = resolveText(root, a["path"]);
    if (!("file" in source)) return source;
    const { file, text } = source;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return toolError(
        "unsupported",
        `${file.path} is not JSON: ${errorMessage(error)}`,
        file.path,
      );
    }
    const found = queryJson(value, String(a["query"]).trim());
    if (!found.ok) return toolError("invalid_arguments", found.problem, file.path);
    return toolAnswer(found.values.map((v) => JSON.stringify(v, null, 2)).join("\n"), file.path);
  },
};

type Found = { ok: true; values: unknown[] } | { ok: false; problem: string };

/** The values that a query selects. Missing keys and elements are null. */
function queryJson(value: unknown, text: string): Found {
  const keys = /^keys\((.*)\)$/.exec(text);
  if (keys !== null) {
    const inner = queryJson(value, keys[1] ?? ".");
    return inner.ok
      ? { ok: true, values: inner.values.map((v) => (isRecord(v) ? Object.keys(v) : [])) }
      : inner;
  }
  const steps = [...text.matchAll(/\.([A-Za-z_$][\w$-]*)|\["([^"]*)"\]|\[(\d+)\]|(\[\])/g)];
  if (steps.map((m) => m[0]).join("") !== text.replace(/^\.(?=\[|$)/, "")) {
    return { ok: false, problem: `invalid query: ${text}` };
  }
  let values: unknown[] = [value];
  for (const step of steps) {
    const name = step[1] ?? step[2];
    values = values.flatMap((v): unknown[] => {
      if (step[4] !== undefined) return Array.isArray(v) ? v : isRecord(v) ? Object.values(v) : [];
      if (name !== undefined)
        return [isRecord(v) && Object.hasOwn(v, name) ? (v[name] ?? null) : null];
      return [Array.isArray(v) ? (v[Number(step[3])] ?? null) : null];
    });
  }
  return { ok: true, values };
}
