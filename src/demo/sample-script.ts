/**
 * What the scripted model answers to `dgov plan create` on the sample repository: a plan of two units,
 * and the work of both. Any goal gets the same plan; the goal becomes its summary.
 */

import { testFile } from "./sample-project.ts";
import {
  call,
  contentText,
  done,
  type ModelRule,
  type ModelTurn,
  type ScriptedConversation,
} from "./script.ts";

const summaryCharsMax = 200;

const reverse = `/** The characters of a text in reverse. */
export function reverse(text: string): string {
  return [...text].reverse().join("");
}
`;

const reverseTest = testFile(
  "reverse",
  "../src/reverse.ts",
  'expect(reverse("abc")).toBe("cba");\n  expect(reverse("")).toBe("");',
);

/** Rules for the planner and for the units of its plan. */
export const plannedRules: ModelRule[] = [
  {
    role: "planner",
    turns: [
      {
        text: "A look at the library first.",
        calls: [
          { tool: "read_file", args: { path: "src/index.ts" } },
          { tool: "read_file", args: { path: "src/capitalize.ts" } },
        ],
      },
      planned,
    ],
  },
  {
    unit: "code/main.reverse",
    turns: [
      {
        calls: [
          { tool: "write_file", args: { path: "src/reverse.ts", content: reverse } },
          { tool: "write_file", args: { path: "test/reverse.test.ts", content: reverseTest } },
        ],
      },
      done("Added reverse with a test."),
    ],
  },
  {
    unit: "code/main.export",
    turns: [
      call("edit_file", {
        path: "src/index.ts",
        old_text: 'export { capitalize } from "./capitalize.ts";\n',
        new_text:
          'export { capitalize } from "./capitalize.ts";\nexport { reverse } from "./reverse.ts";\n',
      }),
      done("Exported reverse."),
    ],
  },
];

function planned({ messages }: ScriptedConversation): ModelTurn {
  const goal = /^# Goal\n(.+)$/m.exec(contentText(messages[1]?.content))?.[1] ?? "Add reverse";
  const result = {
    name: "reverse",
    summary: goal.slice(0, summaryCharsMax),
    sections: [{ name: "code", tasks: [reverseTask, exportTask] }],
  };
  return done("A plan of two units.", { result });
}

const reverseTask = {
  key: "reverse",
  summary: "Add reverse",
  prompt: `Orient:
Read src/capitalize.ts for the style of the library.

Edit:
Add src/reverse.ts with reverse(text), and its test in test/reverse.test.ts.

Verify:
Run the tests.
`,
  commit_message: "feat: reverse",
  files: {
    create: ["src/reverse.ts", "test/reverse.test.ts"],
    read: ["src/capitalize.ts"],
  },
};

const exportTask = {
  key: "export",
  summary: "Export reverse",
  prompt: `Orient:
Read src/index.ts and src/reverse.ts.

Edit:
Export reverse from src/index.ts.

Verify:
Run the tests.
`,
  commit_message: "feat: export reverse",
  files: { edit: ["src/index.ts"], read: ["src/reverse.ts"] },
  depends_on: ["reverse"],
};

// ------------------------------------------------------------
//  * What the scripted model does in the units of `docs/getting-started.md`, whose project is two shell
// scripts, so that the page needs no toolchain.

const greeting = `#!/bin/sh
# Greets the person named, or the world.
echo "Hello, \${1:-world}!"
`;

const farewell = `#!/bin/sh
# Says goodbye to the person named, or to the world.
echo "Goodbye, \${1:-world}!"
`;

const usage = `# Usage

    sh greet.sh Ada
    sh farewell.sh Ada
`;

/** Rules for the page's plan, and for its fix. */
export const guideRules: ModelRule[] = [
  {
    // Greets everybody by name, and the world no more; the project's test says so.
    unit: "tasks/main.greet-by-name",
    attempt: 1,
    turns: [
      call("read_file", { path: "greet.sh" }),
      write("greet.sh", greeting.replace("1:-world", "1")),
      done("greet.sh takes a name; the tests pass."),
    ],
  },
  {
    unit: "tasks/main.greet-by-name",
    turns: [
      call("read_file", { path: "greet.sh" }),
      write("greet.sh", greeting),
      done("Without a name greet.sh greets the world again."),
    ],
  },
  {
    unit: "tasks/main.farewell",
    turns: [
      call("read_file", { path: "greet.sh" }),
      write("farewell.sh", farewell),
      done("Added farewell.sh."),
    ],
  },
  {
    unit: "tasks/main.usage",
    turns: [write("USAGE.md", usage), done("Wrote USAGE.md.")],
  },
  {
    unit: "fix/main.apply",
    when: ({ messages }) => JSON.stringify(messages).includes("USAGE.md"),
    turns: [
      write(
        "USAGE.md",
        usage.replace("    sh greet.sh Ada\n", "    sh greet.sh\n    sh greet.sh Ada\n"),
      ),
      done("USAGE.md shows a greeting without a name."),
    ],
  },
];

function write(path: string, content: string): ModelTurn {
  return call("write_file", { path, content });
}
