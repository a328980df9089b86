/** The language of a project, its folders, and the files of it that workers may ignore. Pure. */
import { objectOf, type RepositoryFiles } from "./project-files.ts";
import { configuredTests } from "./python.ts";

export type ProjectType =
  | "python"
  | "javascript"
  | "typescript"
  | "rust"
  | "go"
  | "java"
  | "swift"
  | "unknown";

/** The language of a project and what shows it: a manifest, or the number of its source files. */
export function detectLanguage(tree: RepositoryFiles): [ProjectType, string] {
  const manifest = tree.first(
    "Cargo.toml",
    "go.mod",
    "go.work",
    "Package.swift",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "settings.gradle",
    "settings.gradle.kts",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "package.json",
    "deno.json",
  );
  switch (manifest) {
    case "Cargo.toml":
      return ["rust", manifest];
    case "go.mod":
    case "go.work":
      return ["go", manifest];
    case "Package.swift":
      return ["swift", manifest];
    case "pom.xml":
    case "build.gradle":
    case "build.gradle.kts":
    case "settings.gradle":
    case "settings.gradle.kts":
      return ["java", manifest];
    case "pyproject.toml":
    case "setup.py":
    case "requirements.txt":
      return ["python", manifest];
    case null:
      return byCount(tree);
    default:
      return [isTypeScript(tree) ? "typescript" : "javascript", manifest];
  }
}

function isTypeScript(tree: RepositoryFiles): boolean {
  const { devDependencies, dependencies } = tree.json("package.json");
  const isDeclared = "typescript" in { ...objectOf(devDependencies), ...objectOf(dependencies) };
  return (
    isDeclared ||
    tree.has("tsconfig.json") ||
    tree.count(/\.[mc]?tsx?$/) > tree.count(/\.[mc]?jsx?$/)
  );
}

function byCount(tree: RepositoryFiles): [ProjectType, string] {
  const counts: [ProjectType, number][] = [
    ["python", tree.count(/\.py$/)],
    ["typescript", tree.count(/\.[mc]?tsx?$/)],
    ["javascript", tree.count(/\.[mc]?jsx?$/)],
    ["rust", tree.count(/\.rs$/)],
    ["go", tree.count(/\.go$/)],
    ["java", tree.count(/\.(?:java|kt)$/)],
    ["swift", tree.count(/\.swift$/)],
  ];
  const [language, count] = counts.reduce((best, next) => (next[1] > best[1] ? next : best));
  return count === 0 ? ["unknown", "no source files"] : [language, `${count} source files`];
}

/** Extensions of a language's source files. */
export function extensionsOf(tree: RepositoryFiles, language: ProjectType): string[] {
  const js = [".js", ".jsx", ".mjs", ".cjs"];
  switch (language) {
    case "python":
      return [".py"];
    case "javascript":
      return js;
    case "typescript":
      return [".ts", ".tsx", ".mts", ".cts", ...js];
    case "rust":
      return [".rs"];
    case "go":
      return [".go"];
    case "java":
      return [".java", ...(tree.matching(/\.kt$/) ? [".kt"] : [])];
    case "swift":
      return [".swift"];
    case "unknown":
      return [];
    default:
      return language satisfies never;
  }
}

/** The folders of sources and of tests, each ending in `/`. */
export function sourceFolders(
  tree: RepositoryFiles,
  language: ProjectType,
): { srcDir: string; testDir: string } {
  const configured = language === "python" ? configuredTests(tree) : null;
  const source = ["src/", "lib/", "Sources/", "app/", packageFolder(tree, language)].find(
    (folder) => folder !== null && tree.under(folder),
  );
  const tests = [
    configured === null ? null : `${configured.replace(/\/$/, "")}/`,
    ...["tests/", "test/", "Tests/", "__tests__/", "spec/", "testing/"],
  ].find((folder) => folder !== null && tree.under(folder));
  const fallback = { swift: "Tests/", go: "./", java: "src/test/" }[language as string] ?? "tests/";
  return { srcDir: source ?? "./", testDir: tests ?? fallback };
}

/** The folder of the package that pyproject.toml names: `click/`, for the project click. */
function packageFolder(tree: RepositoryFiles, language: ProjectType): string | null {
  if (language !== "python") return null;
  const { project } = tree.toml("pyproject.toml");
  const name = String(objectOf(project)["name"] ?? "")
    .toLowerCase()
    .replaceAll("-", "_");
  return name !== "" && tree.has(`${name}/__init__.py`) ? `${name}/` : null;
}

const ignorable = [
  ".venv",
  "uv.lock",
  "poetry.lock",
  "Pipfile.lock",
  "node_modules",
  "package-lock.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "bun.lock",
  "bun.lockb",
  "Cargo.lock",
  "go.sum",
  "Package.resolved",
];

/** Files that installations write: a worker that changes them is not at fault. */
export function ignoredOf(tree: RepositoryFiles, language: ProjectType): string[] {
  const present = ignorable.filter((name) => tree.has(name) || tree.under(`${name}/`));
  return language === "python" && !present.includes("uv.lock") && tree.has("pyproject.toml")
    ? ["uv.lock", ...present]
    : present;
}
