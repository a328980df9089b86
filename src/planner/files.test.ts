import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseToml } from "../config/toml.ts";
import type { DraftTask, PlanDraft } from "../worker/roles/planner.ts";
import { planFiles } from "./files.ts";

/** The values in a plan file. */
function read(text: string | undefined): Record<string, unknown> {
  const parsed = parseToml(text ?? "");
  expect(parsed.ok ? "" : `${parsed.message} in\n${text}`).toBe("");
  return parsed.ok ? parsed.value : {};
}

test("a draft becomes a root file and one file per section, in plan format", () => {
  const task: DraftTask = {
    key: "limiter",
    summary: "Add the limiter",
    prompt: "Orient:\nRead src.\n",
    commit_message: "feat: limiter",
    files: { create: ["src/limiter.py"], delete: ["src/old.py"], touch: ["docs/"], read: ["a"] },
    depends_on: ["docs/main.usage"],
    self_review: true,
    timeout_s: 60,
  };
  const draft = { name: "x", summary: "S", sections: [{ name: "code", tasks: [task] }] };
  expect(planFiles(draft, "limits")).toEqual({
    "_root.toml": '[plan]\nname = "limits"\nsummary = "S"\nsections = ["code"]\n',
    "code/main.toml": `[tasks.limiter]
summary = "Add the limiter"
prompt = """
Orient:
Read src.
"""
commit_message = "feat: limiter"
files.create = ["src/limiter.py"]
files.delete = ["src/old.py"]
files.touch = ["docs/"]
files.read = ["a"]
depends_on = ["docs/main.usage"]
self_review = true
timeout_s = 60
`,
  });
});

const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc
    .array(fc.constantFrom('"', '"""', "'''", "\\", "\n", "\r", "\t", "\u0000", "\u007f", "]", "="))
    .map((parts) => parts.join("")),
  fc.constant('x"\n[plan]\nname = "evil'),
);
const list = fc.array(hostile, { minLength: 1, maxLength: 3 });
const files = fc.record(
  { create: list, edit: list, delete: list, touch: list, read: list },
  { requiredKeys: [] },
);

test("a draft with any strings becomes valid TOML with the same values", () => {
  fc.assert(
    fc.property(
      hostile,
      hostile,
      hostile,
      files,
      list,
      (summary, prompt, message, claims, deps) => {
        const task: DraftTask = {
          key: "t-1",
          summary,
          prompt,
          commit_message: message,
          test_cmd: prompt,
          files: claims,
          depends_on: deps,
        };
        const draft: PlanDraft = { name: "n", summary, sections: [{ name: "s", tasks: [task] }] };
        const written = planFiles(draft, "n");
        expect(read(written["_root.toml"])).toEqual({
          plan: { name: "n", summary, sections: ["s"] },
        });
        const { key: _, files: wanted, ...rest } = task;
        const some = Object.keys(claims).length > 0 ? { files: wanted } : {};
        expect(read(written["s/main.toml"])).toEqual({ tasks: { "t-1": { ...rest, ...some } } });
      },
    ),
    { numRuns: 300 },
  );
});

test("a lone surrogate is replaced", () => {
  const task = { key: "t", summary: "a\ud800b", prompt: "p", files: { edit: ["\udc00"] } };
  const draft = { name: "n", summary: "", sections: [{ name: "s", tasks: [task] }] };
  expect(read(planFiles(draft, "n")["s/main.toml"])).toEqual({
    tasks: { t: { summary: "a\ufffdb", prompt: "p", files: { edit: ["\ufffd"] } } },
  });
});
