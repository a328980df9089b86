/** The files of a project, by their paths, as far as detection reads them. */

/** Paths relative to the project root, with `/`, and the texts of those that are read. */
export interface DetectInput {
  /** The caller limits their number. */
  files: readonly string[];
  read(path: string): string | null;
}

export class RepositoryFiles {
  readonly paths: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #read: DetectInput["read"];

  constructor(input: DetectInput) {
    this.paths = input.files;
    this.#known = new Set(input.files);
    this.#read = input.read;
  }

  /** The files of a folder, by their paths in it. */
  below(folder: string): RepositoryFiles {
    const prefix = `${folder}/`;
    const files = this.paths.flatMap((path) =>
      path.startsWith(prefix) ? path.slice(prefix.length) : [],
    );
    return new RepositoryFiles({ files, read: (path) => this.#read(prefix + path) });
  }

  /** True when one of the paths exists. */
  has(...paths: string[]): boolean {
    return paths.some((path) => this.#known.has(path));
  }

  /** The first of these paths that exists. */
  first(...paths: string[]): string | null {
    return paths.find((path) => this.#known.has(path)) ?? null;
  }

  /** True when a path matches the pattern. */
  matching(pattern: RegExp): boolean {
    return this.paths.some((path) => pattern.test(path));
  }

  /** True when there are files below a folder, given with a trailing `/`. */
  under(folder: string): boolean {
    return this.paths.some((path) => path.startsWith(folder));
  }

  /** Number of paths that match the pattern. */
  count(pattern: RegExp): number {
    return this.paths.filter((path) => pattern.test(path)).length;
  }

  /** The text of a file; "" when it does not exist. */
  text(path: string): string {
    return this.has(path) ? (this.#read(path) ?? "") : "";
  }

  /** The object in a JSON file; {} when there is none. */
  json(path: string): Record<string, unknown> {
    return recordIn(() => JSON.parse(this.text(path)));
  }

  /** The object in a YAML file; {} when there is none. */
  yaml(path: string): Record<string, unknown> {
    return recordIn(() => Bun.YAML.parse(this.text(path)));
  }

  /** The object in a TOML file; {} when there is none. */
  toml(path: string): Record<string, unknown> {
    return recordIn(() => Bun.TOML.parse(this.text(path)));
  }
}

function recordIn(parse: () => unknown): Record<string, unknown> {
  try {
    return objectOf(parse());
  } catch {
    return {};
  }
}

/** The value, when it is an object; {} for all else. */
export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** The value, when it is a list; [] for all else. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The strings of a list. */
export function strings(value: unknown): string[] {
  return list(value).filter((one) => typeof one === "string");
}
