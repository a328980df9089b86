/**
 * The script of the demo's model. In the sample plan two units run in parallel, one waits for both, one fails
 * its tests and passes on the second attempt, and one edits a file outside its claims and is rejected.
 */
import { testFile } from "./sample-project.ts";
import {
  call,
  contentText,
  done,
  type ModelRule,
  type ModelScript,
  type ModelTurn,
  type ScriptedConversation,
} from "./script.ts";

const slugify = `/** The words of a text in lower case, joined by dashes. */
export function slugify(text: string): string {
  return text.toLowerCase().match(/[a-z0-9]+/g)?.join("-") ?? "";
}
`;

const truncate = `/** The text cut to at most \`length\` characters; the last one is a dot when the text was cut. */
export function truncate(text: string, length: number): string {
  return text.length <= length ? text : \`\${text.slice(0, Math.max(0, length - 1))}.\`;
}
`;

const wordCountWrong = `/** The number of words in a text. */
export function wordCount(text: string): number {
  return text.split(" ").length;
}
`;

const wordCount = `/** The number of words in a text. */
export function wordCount(text: string): number {
  return text.split(/\\s+/).filter((word) => word !== "").length;
}
`;

// ------------------------------------------------------------
// Replies to `dgov plan create` on the sample repository: any goal gets the same plan of two units.

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
const plannedRules: ModelRule[] = [
  {
    role: "planner",
    turns: [
      {
        text: "I read the library first.",
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
// The units of docs/getting-started.md. Its project is two shell scripts, so the page needs no toolchain.

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

/** Rules for the guide's plan and for its fix. */
const guideRules: ModelRule[] = [
  {
    // Drops the default greeting, so that the project's test fails.
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

/**
 * The replies of the scripted model: to the units of the sample plan, to a planner, to the units of the
 * guide.
 */
export const sampleScript: ModelScript = {
  rules: [
    {
      unit: "functions/main.slugify",
      turns: [
        call("read_file", { path: "src/capitalize.ts" }),
        writes({
          "src/slugify.ts": slugify,
          "test/slugify.test.ts": testFile(
            "slugify",
            "../src/slugify.ts",
            'expect(slugify("Hello, World!")).toBe("hello-world");\n  expect(slugify("")).toBe("");',
          ),
        }),
        done("Added slugify with a test."),
      ],
    },
    {
      unit: "functions/main.truncate",
      turns: [
        call("read_file", { path: "src/capitalize.ts" }),
        writes({
          "src/truncate.ts": truncate,
          "test/truncate.test.ts": testFile(
            "truncate",
            "../src/truncate.ts",
            'expect(truncate("abcdef", 4)).toBe("abc.");\n  expect(truncate("abc", 4)).toBe("abc");',
          ),
        }),
        done("Added truncate with a test."),
      ],
    },
    {
      // Calls done although the tests fail; the gate rejects the attempt.
      unit: "functions/main.word-count",
      attempt: 1,
      turns: [
        writes({
          "src/word-count.ts": wordCountWrong,
          "test/word-count.test.ts": testFile(
            "wordCount",
            "../src/word-count.ts",
            'expect(wordCount("two  words")).toBe(2);\n  expect(wordCount("")).toBe(0);',
          ),
        }),
        done("Added wordCount; all tests pass."),
      ],
    },
    {
      unit: "functions/main.word-count",
      turns: [
        call("read_file", { path: "src/word-count.ts" }),
        call("edit_file", {
          path: "src/word-count.ts",
          old_text: wordCountWrong,
          new_text: wordCount,
        }),
        done("Empty words were counted; fixed, and the tests pass."),
      ],
    },
    {
      unit: "functions/main.exports",
      turns: [
        call("read_file", { path: "src/index.ts" }),
        call("edit_file", {
          path: "src/index.ts",
          old_text: 'export { capitalize } from "./capitalize.ts";\n',
          new_text:
            'export { capitalize } from "./capitalize.ts";\nexport { slugify } from "./slugify.ts";\nexport { truncate } from "./truncate.ts";\n',
        }),
        done("Exported slugify and truncate."),
      ],
    },
    {
      // Writes its claimed file, then package.json: the file tool rejects that, the shell does not.
      unit: "docs/main.usage",
      turns: [
        writes({ "docs/usage.md": "# Usage\n\nSee README.md.\n" }),
        call("write_file", { path: "package.json", content: "{}\n" }),
        call("run_bash", { command: "printf '{}\\n' > package.json" }),
        done("Wrote the usage page and cleaned up package.json."),
      ],
    },
    ...plannedRules,
    ...guideRules,
  ],
};

function writes(files: Record<string, string>): ModelTurn {
  return {
    calls: Object.entries(files).map(([path, content]) => ({
      tool: "write_file",
      args: { path, content },
    })),
  };
}
