/**
 * The tree-sitter runtime and its grammars, loaded on first use and kept for the life of the process. The
 * WebAssembly files are embedded in the binary. No other module imports the library.
 */
import type { Language, Node, Parser } from "web-tree-sitter";

export type { Node } from "web-tree-sitter";

export type LanguageName =
  | "bash"
  | "python"
  | "typescript"
  | "tsx"
  | "javascript"
  | "rust"
  | "go"
  | "java";

const grammars: Record<LanguageName, () => Promise<{ default: string }>> = {
  bash: () =>
    import("@vscode/tree-sitter-wasm/wasm/tree-sitter-bash.wasm", { with: { type: "file" } }),
  python: () =>
    import("@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm", { with: { type: "file" } }),
  typescript: () =>
    import("@vscode/tree-sitter-wasm/wasm/tree-sitter-typescript.wasm", { with: { type: "file" } }),
  tsx: () =>
    import("@vscode/tree-sitter-wasm/wasm/tree-sitter-tsx.wasm", { with: { type: "file" } }),
  javascript: () =>
    import("@vscode/tree-sitter-wasm/wasm/tree-sitter-javascript.wasm", { with: { type: "file" } }),
  rust: () =>
    import("@vscode/tree-sitter-wasm/wasm/tree-sitter-rust.wasm", { with: { type: "file" } }),
  go: () => import("@vscode/tree-sitter-wasm/wasm/tree-sitter-go.wasm", { with: { type: "file" } }),
  java: () =>
    import("@vscode/tree-sitter-wasm/wasm/tree-sitter-java.wasm", { with: { type: "file" } }),
};

interface Runtime {
  Parser: typeof Parser;
  Language: typeof Language;
}

let runtime: Promise<Runtime> | null = null;
const languages = new Map<LanguageName, Promise<Language>>();

async function start(): Promise<Runtime> {
  const library = await import("web-tree-sitter");
  const core = await import("web-tree-sitter/web-tree-sitter.wasm", { with: { type: "file" } });
  await library.Parser.init({ locateFile: () => core.default });
  return library;
}

async function loadGrammar(name: LanguageName): Promise<Language> {
  runtime ??= start();
  const { Language } = await runtime;
  let language = languages.get(name);
  if (language === undefined) {
    language = grammars[name]().then(async ({ default: path }) =>
      Language.load(new Uint8Array(await Bun.file(path).arrayBuffer())),
    );
    languages.set(name, language);
  }
  return language;
}

/**
 * Parses a text, calls `use` with the root node and frees the tree; nodes are invalid afterwards. Null when
 * the text cannot be parsed or `use` overflows the stack (RangeError), which only generated code causes.
 */
export async function withTree<T>(
  language: LanguageName,
  text: string,
  use: (root: Node) => T,
): Promise<T | null> {
  const grammar = await loadGrammar(language);
  const { Parser } = await (runtime ?? start());
  const parser = new Parser();
  try {
    parser.setLanguage(grammar);
    const tree = parser.parse(text);
    if (tree === null) return null;
    try {
      return use(tree.rootNode);
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    } finally {
      tree.delete();
    }
  } finally {
    parser.delete();
  }
}
