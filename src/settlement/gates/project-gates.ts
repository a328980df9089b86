/**
 * The gates of `[[gates]]`: each runs one command in its folder, where the change has one of its paths, and judges it
 * as the gate of `[project]` of its kind does.
 */
import { posix } from "node:path";
import type { Config, GateConfig } from "../../config/config.ts";
import { commandIn, isPathOf } from "../../config/gates.ts";
import { hasFolder } from "../../git/trees.ts";
import { memoByOwner, once } from "../../std/once.ts";
import { failingTests } from "../diagnostics/test-output.ts";
import { isSource } from "../source-files.ts";
import { noSelection, type TestSelection, testFolder } from "../tests/test-selection.ts";
import { judgeChecker } from "./checkers.ts";
import {
  type CommandGateOptions,
  commandGate,
  fillChanged,
  type JudgeInput,
} from "./command-gate.ts";
import type { CommandLines, GateInput, TreeGate } from "./gate.ts";
import { testCommand } from "./tests.ts";

/** The gates of a configuration, in the order of the file. */
export function projectGates({ gates }: Config): TreeGate[] {
  return gates.map(projectGate);
}

type KindOptions = Pick<CommandGateOptions, "isFlaky" | "fill" | "again" | "judge" | "verifyPass">;

const checker: KindOptions = { judge: judgeChecker };

const kinds: Readonly<Record<GateConfig["kind"], KindOptions>> = {
  test: testCommand,
  lint: checker,
  format: checker,
  typecheck: checker,
  check: {
    isFlaky: true,
    again: async (judged) => namesTests(judged) && testCommand.again(judged),
    judge: (judged) => (namesTests(judged) ? testCommand.judge(judged) : judgeChecker(judged)),
  },
};

/** True when an output names failing tests. */
function namesTests({ run }: JudgeInput): boolean {
  return failingTests(run.output).length > 0;
}

function projectGate(gate: GateConfig): TreeGate {
  const { name, kind, command } = gate;
  const { isFlaky = false, fill = fillChanged, again, judge, verifyPass } = kinds[kind];
  const own = async (judged: JudgeInput): Promise<JudgeInput> => ({
    ...judged,
    input: await narrowed(gate, judged.input),
  });
  return commandGate({
    name,
    key: `${name} (${kind})`,
    isFlaky,
    templates: () => [command],
    inapplicable: (input) => inapplicable(gate, input),
    fill: async (input, template) => {
      const lines = inFolder(gate, await fill(await narrowed(gate, input), template));
      const isOnBase = await hasCwd(gate, input, input.baseTree);
      return isOnBase ? lines : { ...lines, onBase: [] };
    },
    ...(again && { again: async (judged: JudgeInput) => again(await own(judged)) }),
    judge: async (judged) => judge(await own(judged)),
    ...(verifyPass && {
      verifyPass: async (judged: JudgeInput) => verifyPass(await own(judged)),
    }),
  });
}

/** The reason why a change does not concern the gate. A tree that is its own base concerns every gate. */
async function inapplicable(gate: GateConfig, input: GateInput): Promise<string | null> {
  const { context, request, baseTree, changed } = input;
  const prefix = context.projectPrefix;
  const isChanged = changed.some(
    ({ path }) => path.startsWith(prefix) && isPathOf(gate, path.slice(prefix.length)),
  );
  const always = gate.paths.length === 0 || request.tree === baseTree;
  if (!isChanged && !always) return "no changed path is one of its paths";
  const isThere = await hasCwd(gate, input, request.tree);
  return isThere ? null : `its folder ${gate.cwd} is not in the tree`;
}

async function hasCwd({ cwd }: GateConfig, { context }: GateInput, tree: string): Promise<boolean> {
  return cwd === "." || hasFolder(context.repository, tree, context.projectPrefix + cwd);
}

const inputs = memoByOwner<GateInput, Promise<GateInput>>();

/** The input with what concerns the gate: files and tests are relative to its folder, and below it. */
function narrowed(gate: GateConfig, input: GateInput): Promise<GateInput> {
  return inputs(input, gate.name, async () => {
    const { context: c, request, baseTree } = input;
    const { cwd } = gate;
    const below = cwd === "." ? "" : `${cwd}/`;
    const isOwn = (path: string): boolean => path.startsWith(below) && isPathOf(gate, path);
    const relative = (paths: readonly string[]): string[] =>
      paths.filter(isOwn).map((path) => path.slice(below.length));
    const isChecked = (path: string): boolean =>
      isOwn(path) && (isSource(c.config, path) || isNamedByPattern(gate, path));
    const { inTree, inBase } = await input.filesWhere(isChecked);
    const folderIn = (tree: string): Promise<string> =>
      testFolder({ ...c, projectDir: posix.join(c.projectDir, cwd) }, tree);
    return {
      ...input,
      cwd,
      files: { inTree: relative(inTree), inBase: relative(inBase) },
      selection: once(async (): Promise<TestSelection> => {
        const { files, onBase, full } = await input.selection();
        const own = relative(files);
        return own.length === 0 ? noSelection : { files: own, onBase: relative(onBase), full };
      }),
      testFolders: once(async () => ({
        inTree: await folderIn(request.tree),
        inBase: await folderIn(baseTree),
      })),
    };
  });
}

/** True when a pattern of the gate names the path or its extension: `**\/*.sh`. */
function isNamedByPattern({ paths }: GateConfig, path: string): boolean {
  const named = paths.filter((pattern) => /\.\w+$/.test(pattern));
  return named.length > 0 && isPathOf({ paths: named }, path);
}

/** The command lines with the change to the gate's folder before each. */
function inFolder({ cwd }: Pick<GateConfig, "cwd">, lines: CommandLines): CommandLines {
  const { onTree, onBase, fallback } = lines;
  const all = (texts: readonly string[]): string[] => texts.map((text) => commandIn(cwd, text));
  return {
    onTree: all(onTree),
    onBase: all(onBase),
    ...(fallback && {
      fallback: { ...fallback, lines: inFolder({ cwd }, fallback.lines) },
    }),
  };
}
