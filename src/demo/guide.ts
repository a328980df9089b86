/**
 * What the scripted model does in the units of `docs/getting-started.md`, whose project is two shell
 * scripts, so that the page needs no toolchain.
 */
import { call, done, type ModelRule, type ModelTurn } from "./script.ts";

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
