/** json_query: one value out of a JSON file, by a path like `.scripts.test` or `.items[0].name`. */
import { resolveText } from "./paths.ts";
import { allRoles, argumentSchema, type Tool, toolAnswer, toolError } from "./tool.ts";

export const jsonQuery: Tool = {
  name: "json_query",
  description:
    "Read one value of a JSON file by path, e.g. .scripts.test, .items[0].name, .items[].name, keys(.deps).",
  parameters: argumentSchema({
    path: { type: "string", description: "the file" },
    query: { type: "string", description: "the path of the value; . for all of it" },
  }),
  roles: allRoles,
  async run(a, { root }) {
    const source = resolveText(root, a["path"]);
    if (!("place" in source)) return source;
    const { place, text } = source;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return toolError(
        "unsupported",
        `${place.path} is not JSON: ${error instanceof Error ? error.message : error}`,
        place.path,
      );
    }
    const found = queryJson(value, String(a["query"]).trim());
    if (!found.ok) return toolError("invalid_arguments", found.problem, place.path);
    return toolAnswer(found.values.map((v) => JSON.stringify(v, null, 2)).join("\n"), place.path);
  },
};

type Found = { ok: true; values: unknown[] } | { ok: false; problem: string };

/** Evaluates a query. Pure. */
export function queryJson(value: unknown, text: string): Found {
  const keys = /^keys\((.*)\)$/.exec(text);
  if (keys !== null) {
    const inner = queryJson(value, keys[1] ?? ".");
    return inner.ok
      ? { ok: true, values: inner.values.map((v) => (isObject(v) ? Object.keys(v) : [])) }
      : inner;
  }
  const steps = [...text.matchAll(/\.([A-Za-z_$][\w$-]*)|\["([^"]*)"\]|\[(\d+)\]|(\[\])/g)];
  if (steps.map((m) => m[0]).join("") !== text.replace(/^\.(?=\[|$)/, "")) {
    return { ok: false, problem: `not a query: ${text}` };
  }
  let values: unknown[] = [value];
  for (const step of steps) {
    const name = step[1] ?? step[2];
    values = values.flatMap((v): unknown[] => {
      if (step[4] !== undefined) return Array.isArray(v) ? v : isObject(v) ? Object.values(v) : [];
      if (name !== undefined)
        return [isObject(v) && Object.hasOwn(v, name) ? (v[name] ?? null) : null];
      return [Array.isArray(v) ? (v[Number(step[3])] ?? null) : null];
    });
  }
  return { ok: true, values };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
