/**
 * Detects the language of a project, its commands and its packages. Pure.
 *
 * The repository's own commands come first: what its CI runs, scripts of package.json, targets of make, just and
 * Task, commands of tox. Else only commands that should work are proposed: a linter that is configured, a test runner
 * that is declared.
 */
import { ciCandidates } from "./ci.ts";
import type { CommandCandidate, CommandKind } from "./command-kind.ts";
import {
  detectLanguage,
  extensionsOf,
  ignoredOf,
  type ProjectType,
  sourceFolders,
} from "./language.ts";
import {
  checkKinds,
  crates,
  gateOf,
  isApart,
  kindOfSlot,
  type ProposedGate,
  scriptPackageGates,
  scriptPackages,
  subprojects,
  withUniqueNames,
} from "./packages.ts";
import { type DetectInput, RepositoryFiles } from "./project-files.ts";
import { python } from "./python.ts";
import { best, type CommandKey, type Found, keyOfSlot, scriptCommands } from "./scripts.ts";
import { targetCandidates } from "./targets.ts";

export interface Detection {
  language: ProjectType;
  /** The file, or the number of files, that determined the language. */
  because: string;
  srcDir: string;
  testDir: string;
  sourceExtensions: string[];
  /** Command keys of `[project]`, in the order in which they are written. */
  commands: Partial<Record<CommandKey, string>>;
  /** The files that commands were taken from, by key. */
  origins: Partial<Record<CommandKey, string>>;
  /** Gates of the packages that no command of the root is about. */
  gates: ProposedGate[];
  ignoreFiles: string[];
}

/** Detects a project. `forced` is the language that the user chose. */
export function detect(input: DetectInput, forced: ProjectType | null = null): Detection {
  const tree = new RepositoryFiles(input);
  const ci = ciCandidates(tree);
  const root = detectIn(tree, ci, forced);
  const parts = partsOf(tree, ci, root);
  const own = withoutGuesses(tree, root, ci);
  const { commands, gates } = withParts(own, parts);
  const takesFiles = Object.values(own).some((command) => command.includes("{files}"));
  const extensions = [root, ...parts.map(({ detection }) => detection)].flatMap((one) =>
    // The commands of the root get files of its own language only.
    one === root || !takesFiles ? one.sourceExtensions : [],
  );
  const inFolders = root.language === "rust" ? folderGates(tree, root, ci) : [];
  return {
    ...root,
    commands: ordered(commands),
    gates: withUniqueNames([...scriptPackageGates(tree, own), ...inFolders, ...gates]),
    sourceExtensions: [...new Set(extensions)],
  };
}

/** The root's commands without those that neither CI nor the root has, where its packages have their own. */
function withoutGuesses(
  tree: RepositoryFiles,
  { commands, origins, language }: Detection,
  ci: readonly CommandCandidate[],
): Detection["commands"] {
  const own = { ...commands };
  for (const slot of checkKinds) {
    const key = keyOfSlot[slot];
    const isGuess = origins[key] === undefined && !own[key]?.includes("{files}");
    if (!isGuess) continue;
    const isScripted = scriptPackageGates(tree, {}).some(({ kind }) => kind === kindOfSlot[slot]);
    const isRun = language === "rust" && foldersOfCi(tree, ci, slot).length > 0;
    if (isScripted || isRun) delete own[key];
  }
  return own;
}

/** Commands of a kind that CI runs in folders of the project, the best of each folder. */
function foldersOfCi(
  tree: RepositoryFiles,
  ci: readonly CommandCandidate[],
  slot: CommandKind,
): CommandCandidate[] {
  const own = ci.filter(
    (one) =>
      one.slot === slot &&
      one.folder !== "." &&
      !isApart(one.folder) &&
      tree.under(`${one.folder}/`),
  );
  const folders = [...new Set(own.map(({ folder }) => folder))];
  return folders
    .flatMap(
      (folder) =>
        best(
          own.flatMap((one) => (one.folder === folder ? [{ ...one, folder: "." }] : [])),
          slot,
        ) ?? [],
    )
    .map((one, at) => ({ ...one, folder: folders[at] ?? "." }));
}

/** Gates for what CI runs in folders of crates, where it runs nothing of that kind for all of them. */
function folderGates(
  tree: RepositoryFiles,
  { origins }: Detection,
  ci: readonly CommandCandidate[],
): ProposedGate[] {
  const known = new Map(crates(tree).map((one) => [one.folder, one]));
  return checkKinds.flatMap((slot) => {
    if (origins[keyOfSlot[slot]] !== undefined) return [];
    return foldersOfCi(tree, ci, slot).flatMap(({ folder, text }) => {
      const one = known.get(folder);
      return one === undefined
        ? []
        : [gateOf(one, slot, { command: text, common: ["Cargo.toml"] })];
    });
  });
}

const order: readonly CommandKey[] = [
  "setup_cmd",
  "test_cmd",
  "lint_cmd",
  "lint_fix_cmd",
  "format_cmd",
  "format_check_cmd",
  "type_check_cmd",
  "coverage_cmd",
];

function ordered(commands: Detection["commands"]): Detection["commands"] {
  return Object.fromEntries(
    order.flatMap((key) => (commands[key] === undefined ? [] : [[key, commands[key]]])),
  );
}

function detectIn(
  tree: RepositoryFiles,
  ci: readonly CommandCandidate[],
  forced: ProjectType | null,
): Detection {
  const [language, because] =
    forced === null ? detectLanguage(tree) : [forced, "set with dgov init --project-type"];
  const folders = sourceFolders(tree, language);
  const { commands, origins } = commandsOf(tree, language, { ci, folders });
  return {
    ...{ language, because, ...folders, ignoreFiles: ignoredOf(tree, language) },
    sourceExtensions: extensionsOf(tree, language),
    ...{ commands: ordered(commands), origins, gates: [] },
  };
}

function commandsOf(
  tree: RepositoryFiles,
  language: ProjectType,
  {
    ci,
    folders,
  }: { ci: readonly CommandCandidate[]; folders: { srcDir: string; testDir: string } },
): Found {
  switch (language) {
    case "python":
      return python(tree, folders, ci);
    case "javascript":
    case "typescript":
      return scriptCommands(tree, ci);
    case "rust":
      return withOwn(rust(tree), tree, ci);
    case "go":
      return withOwn(go(tree), tree, ci);
    case "java":
      return withOwn(
        java(tree),
        tree,
        ci.filter(({ text }) => isOfBuild(tree, text)),
      );
    case "swift":
      return withOwn(tree.has("Package.swift") ? { test_cmd: "swift test" } : {}, tree, ci);
    case "unknown":
      return withOwn({}, tree, ci);
    default:
      return language satisfies never;
  }
}

/** The commands with those of the repository in place of them; a command with {files} stays. */
function withOwn(
  commands: Found["commands"],
  tree: RepositoryFiles,
  ci: readonly CommandCandidate[],
): Found {
  const found: Found = { commands: { ...commands }, origins: {} };
  for (const slot of checkKinds) {
    const key = keyOfSlot[slot];
    if (commands[key]?.includes("{files}")) continue;
    const known = ci.filter(({ text }) => !/^(?:npm|pnpm|yarn)\s|\b(?:tox|nox)\b/.test(text));
    const chosen =
      best(known, slot) ??
      best(slot === "test" || commands[key] === undefined ? targetCandidates(tree) : [], slot);
    if (chosen === null) continue;
    found.commands[key] = chosen.text;
    found.origins[key] = chosen.origin;
  }
  return found;
}

/** A project in a folder of its own. */
interface Part {
  folder: string;
  detection: Detection;
}

/** The projects below the root that its commands are not about. */
function partsOf(tree: RepositoryFiles, ci: readonly CommandCandidate[], root: Detection): Part[] {
  const members = new Set(scriptPackages(tree).map(({ folder }) => folder));
  const isScript = (language: ProjectType): boolean => /script$/.test(language);
  return subprojects(tree, (folder) => members.has(folder)).flatMap((folder): Part[] => {
    const own = tree.below(folder);
    const below = ci.flatMap((one) => (one.folder === folder ? [{ ...one, folder: "." }] : []));
    const detection = detectIn(own, below, null);
    const { language, commands } = detection;
    const isRootKnown =
      root.because !== "" && root.language !== "unknown" && !/ source files$/.test(root.because);
    // A build of the root's language includes its packages: crates, modules, members of a uv workspace.
    const isSame = language === root.language || (isScript(language) && isScript(root.language));
    // `go test ./...` leaves out modules below; a target of the repository may include them.
    const isModule = language === "go" && own.has("go.mod");
    const isOpen = below.length > 0 || root.origins.test_cmd === undefined;
    const isIncluded = isRootKnown && isSame && !(isModule && isOpen);
    if (isIncluded || commands.test_cmd === undefined) return [];
    return [{ folder, detection: isRootKnown && isSame ? ofCi(detection, below) : detection }];
  });
}

/** A detection with the tests, and what CI runs there: the root's other commands include the folder. */
function ofCi(detection: Detection, ci: readonly CommandCandidate[]): Detection {
  const { commands } = detection;
  const kept = checkKinds.filter((slot) => slot === "test" || best(ci, slot) !== null);
  const own = kept.map((slot) => [keyOfSlot[slot], commands[keyOfSlot[slot]]]);
  return { ...detection, commands: Object.fromEntries(own.filter(([, one]) => one !== undefined)) };
}

/** The root's commands with the setup of its parts, and their gates. */
function withParts(
  rootCommands: Detection["commands"],
  parts: readonly Part[],
): { commands: Detection["commands"]; gates: ProposedGate[] } {
  const setups = parts.flatMap(({ folder, detection }) => {
    const setup = detection.commands.setup_cmd;
    return setup === undefined ? [] : [`(cd ${folder} && ${setup})`];
  });
  const own = rootCommands.setup_cmd;
  const all = [...(own === undefined ? [] : [setups.length > 0 ? `(${own})` : own]), ...setups];
  const gates = parts.flatMap(({ folder, detection }) =>
    checkKinds.flatMap((slot) => {
      const command = detection.commands[keyOfSlot[slot]];
      // source_extensions are those of the root, so that a part's commands get no list of files.
      const whole = command?.replaceAll("{files}", ".").replaceAll("{test_dir}", ".");
      return whole === undefined
        ? []
        : [gateOf({ folder, uses: [] }, slot, { command: whole, common: [] })];
    }),
  );
  return {
    commands: { ...rootCommands, ...(all.length > 0 && { setup_cmd: all.join(" && ") }) },
    gates,
  };
}

function rust(tree: RepositoryFiles): Detection["commands"] {
  if (!tree.has("Cargo.toml")) {
    return { format_cmd: "rustfmt {files}", format_check_cmd: "rustfmt --check {files}" };
  }
  const all = /^\[workspace\]/m.test(tree.text("Cargo.toml")) ? " --workspace" : "";
  return {
    test_cmd: `cargo test${all}`,
    lint_cmd: `cargo clippy${all} --all-targets -- -D warnings`,
    format_cmd: "rustfmt {files}",
    format_check_cmd: `cargo fmt${all === "" ? "" : " --all"} --check`,
  };
}

function go(tree: RepositoryFiles): Detection["commands"] {
  const hasModule = tree.has("go.mod");
  const linted = tree.matching(/^\.golangci\.(ya?ml|toml|json)$/);
  return {
    // Without a module in the root, the modules of the workspace have gates of their own.
    ...(hasModule && { test_cmd: "go test ./..." }),
    // Without these flags golangci-lint shows three problems of a kind; a new one could be hidden.
    ...(hasModule && {
      lint_cmd: linted
        ? "golangci-lint run --max-issues-per-linter=0 --max-same-issues=0"
        : "go vet ./...",
    }),
    format_cmd: "gofmt -w {files}",
    format_check_cmd: "gofmt -l {files}",
  };
}

/** False for a command of the build tool that the root's first manifest is not of. */
function isOfBuild(tree: RepositoryFiles, text: string): boolean {
  return tree.has("pom.xml") ? !/gradlew?\b/.test(text) : !/\bmvnw?\b/.test(text);
}

function java(tree: RepositoryFiles): Detection["commands"] {
  const maven = tree.has("pom.xml");
  const build = ["build.gradle", "build.gradle.kts", "pom.xml"]
    .map((path) => tree.text(path))
    .join();
  const isFormatted = /spotless/.test(build);
  if (maven) {
    const mvn = tree.has("mvnw") ? "./mvnw -B" : "mvn -B";
    return {
      test_cmd: `${mvn} verify`,
      ...(isFormatted && { format_check_cmd: `${mvn} spotless:check` }),
    };
  }
  const gradle = tree.has("gradlew") ? "./gradlew" : "gradle";
  return {
    test_cmd: `${gradle} test`,
    ...(isFormatted && { format_check_cmd: `${gradle} spotlessCheck` }),
  };
}
