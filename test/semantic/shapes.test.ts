/** Conflicts with unchanged files, in every language that has a symbol table. */
import { describe, expect, test } from "bun:test";
import { blockingIn, checkTrees } from "./check-case.ts";

type Texts = Record<string, string>;

/** Conflicts of a change judged alone; an empty text deletes the file. */
async function alone(base: Texts, change: Texts): Promise<string[]> {
  const before = new Map(Object.entries(base));
  const after = new Map(Object.entries({ ...base, ...change }).filter(([, text]) => text !== ""));
  const trees = { base: before, ours: before, theirs: after, merged: after };
  const { blocking } = await checkTrees(trees);
  return blocking.map(({ kind, path, line, symbol }) => `${path}:${line} ${kind} ${symbol}`);
}

const manifests: Texts = {
  "go.mod": "module example.org/app\n\ngo 1.21\n",
  "Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n',
  "src/lib.rs": "pub mod show;\npub mod store;\npub mod other;\n",
};

/** Two versions of a definition, and a file that uses the first one. */
interface Shape {
  defines: string;
  before: string;
  after: string;
  uses: string;
  text: string;
  /** The expected report of the use. */
  found: string;
}

const drifts: Record<string, Shape> = {
  "Python function": {
    defines: "app/store.py",
    before: "def load(path):\n    return path\n",
    after: "def load(path, limit):\n    return path\n",
    uses: "app/show.py",
    text: "from app.store import load\n\n\ndef show():\n    return load('a')\n",
    found: "app/show.py:5 signature_drift load",
  },
  "Python function, through its module": {
    defines: "app/store.py",
    before: "def load(path):\n    return path\n",
    after: "def load(path, limit):\n    return path\n",
    uses: "app/show.py",
    text: "from app import store\n\n\ndef show():\n    return store.load('a')\n",
    found: "app/show.py:5 signature_drift load",
  },
  "Python parameter by name": {
    defines: "store.py",
    before: "def load(path, limit=1):\n    return path\n",
    after: "def load(path, count=1):\n    return path\n",
    uses: "show.py",
    text: "import store\n\nprint(store.load('a', limit=2))\n",
    found: "show.py:3 signature_drift load",
  },
  "Python constructor": {
    defines: "store.py",
    before: "class Store:\n    def __init__(self, path):\n        self.path = path\n",
    after: "class Store:\n    def __init__(self, path, mode):\n        self.path = path\n",
    uses: "show.py",
    text: "from store import Store\n\nstore = Store('a')\n",
    found: "show.py:3 signature_drift Store.__init__",
  },
  "Python method, of a variable whose class is known": {
    defines: "store.py",
    before: "class Store:\n    def load(self, path):\n        return path\n",
    after: "class Store:\n    def load(self, path, mode):\n        return path\n",
    uses: "show.py",
    text: "from store import Store\n\n\ndef show():\n    store = Store()\n    return store.load('a')\n",
    found: "show.py:6 signature_drift Store.load",
  },
  "Python data class": {
    defines: "store.py",
    before: "from dataclasses import dataclass\n\n\n@dataclass\nclass Store:\n    path: str\n",
    after:
      "from dataclasses import dataclass\n\n\n@dataclass\nclass Store:\n    path: str\n    mode: str\n",
    uses: "show.py",
    text: "from store import Store\n\nstore = Store('a')\n",
    found: "show.py:3 signature_drift Store",
  },
  "TypeScript function": {
    defines: "src/store.ts",
    before: "export function load(path: string): string {\n  return path;\n}\n",
    after: "export function load(path: string, limit: number): string {\n  return path;\n}\n",
    uses: "src/show.ts",
    text: 'import { load as read } from "./store";\n\nexport const text = read("a");\n',
    found: "src/show.ts:3 signature_drift load",
  },
  "TypeScript arrow function, through an index": {
    defines: "src/store.ts",
    before: "export const load = (path: string) => path;\n",
    after: "export const load = (path: string, limit: number) => path;\n",
    uses: "src/show.ts",
    text: 'import { load } from "./index";\n\nexport const text = load("a");\n',
    found: "src/show.ts:3 signature_drift load",
  },
  "TypeScript constructor": {
    defines: "src/store.ts",
    before: "export class Store {\n  constructor(readonly path: string) {}\n}\n",
    after: "export class Store {\n  constructor(readonly path: string, mode: string) {}\n}\n",
    uses: "src/show.ts",
    text: 'import { Store } from "./store.ts";\n\nexport const store = new Store("a");\n',
    found: "src/show.ts:3 signature_drift Store.constructor",
  },
  "TypeScript method, of a parameter whose type is known": {
    defines: "src/store.ts",
    before: "export class Store {\n  load(path: string) {\n    return path;\n  }\n}\n",
    after: "export class Store {\n  load(path: string, mode: string) {\n    return path;\n  }\n}\n",
    uses: "src/show.ts",
    text: 'import type { Store } from "./store.ts";\n\nexport function show(store: Store) {\n  return store.load("a");\n}\n',
    found: "src/show.ts:4 signature_drift Store.load",
  },
  "TSX function": {
    defines: "src/store.tsx",
    before: "export function load(path: string) {\n  return <b>{path}</b>;\n}\n",
    after: "export function load(path: string, limit: number) {\n  return <b>{path}</b>;\n}\n",
    uses: "src/show.tsx",
    text: 'import { load } from "./store";\n\nexport const Show = () => <p>{load("a")}</p>;\n',
    found: "src/show.tsx:3 signature_drift load",
  },
  "JavaScript function, required": {
    defines: "src/store.js",
    before: "function load(path) {\n  return path;\n}\n\nmodule.exports = { load };\n",
    after:
      "function load(limit, path) {\n  return path + limit;\n}\n\nmodule.exports = { load };\n",
    uses: "src/show.js",
    text: 'const store = require("./store");\n\nmodule.exports = () => store.load("a");\n',
    found: "src/show.js:3 signature_drift load",
  },
  "JavaScript default export": {
    defines: "src/store.js",
    before: "export default function load(path) {\n  return path;\n}\n",
    after: "export default function load(limit, path) {\n  return path + limit;\n}\n",
    uses: "src/show.js",
    text: 'import read from "./store.js";\n\nexport const text = read("a");\n',
    found: "src/show.js:3 signature_drift load",
  },
  "Rust function": {
    defines: "src/store.rs",
    before: "pub fn load(path: &str) -> String {\n    path.to_string()\n}\n",
    after: "pub fn load(path: &str, limit: usize) -> String {\n    path.to_string()\n}\n",
    uses: "src/show.rs",
    text: 'use crate::store::load;\n\npub fn show() -> String {\n    load("a")\n}\n',
    found: "src/show.rs:4 signature_drift load",
  },
  "Rust function, through its module": {
    defines: "src/store.rs",
    before: "pub fn load(path: &str) -> String {\n    path.to_string()\n}\n",
    after: "pub fn load(path: &str, limit: usize) -> String {\n    path.to_string()\n}\n",
    uses: "src/show.rs",
    text: 'use crate::store;\n\npub fn show() -> String {\n    store::load("a")\n}\n',
    found: "src/show.rs:4 signature_drift load",
  },
  "Rust function, by its whole path in a macro": {
    defines: "src/store.rs",
    before: "pub fn load(path: &str) -> String {\n    path.to_string()\n}\n",
    after: "pub fn load(path: &str, limit: usize) -> String {\n    path.to_string()\n}\n",
    uses: "src/show.rs",
    text: 'pub fn show() {\n    println!("{}", crate::store::load("a"));\n}\n',
    found: "src/show.rs:2 signature_drift load",
  },
  "Rust associated function": {
    defines: "src/store.rs",
    before:
      "pub struct Store;\n\nimpl Store {\n    pub fn new() -> Self {\n        Store\n    }\n}\n",
    after:
      "pub struct Store;\n\nimpl Store {\n    pub fn new(path: &str) -> Self {\n        Store\n    }\n}\n",
    uses: "src/show.rs",
    text: "use crate::store::Store;\n\npub fn show() {\n    let _store = Store::new();\n}\n",
    found: "src/show.rs:4 signature_drift Store.new",
  },
  "Rust method, of a parameter whose type is known": {
    defines: "src/store.rs",
    before:
      "pub struct Store;\n\nimpl Store {\n    pub fn load(&self) -> u8 {\n        1\n    }\n}\n",
    after:
      "pub struct Store;\n\nimpl Store {\n    pub fn load(&self, limit: u8) -> u8 {\n        1\n    }\n}\n",
    uses: "src/show.rs",
    text: "use crate::store::Store;\n\npub fn show(store: &Store) -> u8 {\n    store.load()\n}\n",
    found: "src/show.rs:4 signature_drift Store.load",
  },
  "Rust structure without its new field": {
    defines: "src/store.rs",
    before: "pub struct Store {\n    pub path: String,\n}\n",
    after: "pub struct Store {\n    pub path: String,\n    pub limit: usize,\n}\n",
    uses: "src/show.rs",
    text: "use crate::store::Store;\n\npub fn show(path: String) -> Store {\n    Store { path }\n}\n",
    found: "src/show.rs:4 signature_drift Store",
  },
  "Rust caller in its own tests": {
    defines: "src/store.rs",
    before:
      'pub fn load(path: &str) -> u8 {\n    1\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn loads() {\n        assert_eq!(load("a"), 1);\n    }\n}\n',
    after:
      'pub fn load(path: &str, limit: u8) -> u8 {\n    limit\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn loads() {\n        assert_eq!(load("a"), 1);\n    }\n}\n',
    uses: "src/other.rs",
    text: "pub fn other() {}\n",
    found: "src/store.rs:11 signature_drift load",
  },
  "Go function, of another package": {
    defines: "store/store.go",
    before: "package store\n\nfunc Load(path string) string { return path }\n",
    after: "package store\n\nfunc Load(path string, limit int) string { return path }\n",
    uses: "show/show.go",
    text: 'package show\n\nimport "example.org/app/store"\n\nfunc Show() string { return store.Load("a") }\n',
    found: "show/show.go:5 signature_drift Load",
  },
  "Go function, of the same package": {
    defines: "store/store.go",
    before: "package store\n\nfunc load(path string) string { return path }\n",
    after: "package store\n\nfunc load(path string, limit int) string { return path }\n",
    uses: "store/show.go",
    text: 'package store\n\nfunc Show() string { return load("a") }\n',
    found: "store/show.go:3 signature_drift load",
  },
  "Go method, of a variable whose type is known": {
    defines: "store/store.go",
    before:
      "package store\n\ntype Store struct{}\n\nfunc (s *Store) Load(path string) string { return path }\n",
    after:
      "package store\n\ntype Store struct{}\n\nfunc (s *Store) Load(path string, limit int) string { return path }\n",
    uses: "show/show.go",
    text: 'package show\n\nimport "example.org/app/store"\n\nfunc Show(s *store.Store) string { return s.Load("a") }\n',
    found: "show/show.go:5 signature_drift Store.Load",
  },
  "Java static method": {
    defines: "src/app/Store.java",
    before: "package app;\n\nclass Store {\n    static int load(String path) { return 1; }\n}\n",
    after:
      "package app;\n\nclass Store {\n    static int load(String path, int limit) { return 1; }\n}\n",
    uses: "src/app/Show.java",
    text: 'package app;\n\nclass Show {\n    int show() { return Store.load("a"); }\n}\n',
    found: "src/app/Show.java:4 signature_drift Store.load",
  },
  "Java method, of a variable whose type is known": {
    defines: "src/app/store/Store.java",
    before:
      "package app.store;\n\npublic class Store {\n    public int load(String path) { return 1; }\n}\n",
    after:
      "package app.store;\n\npublic class Store {\n    public int load(String path, int limit) { return 1; }\n}\n",
    uses: "src/app/Show.java",
    text: 'package app;\n\nimport app.store.Store;\n\nclass Show {\n    int show(Store store) { return store.load("a"); }\n}\n',
    found: "src/app/Show.java:6 signature_drift Store.load",
  },
  "Java method, of a field": {
    defines: "src/app/Store.java",
    before: "package app;\n\nclass Store {\n    int load(String path) { return 1; }\n}\n",
    after: "package app;\n\nclass Store {\n    int load(String path, int limit) { return 1; }\n}\n",
    uses: "src/app/Show.java",
    text: 'package app;\n\nclass Show {\n    private final Store store = new Store();\n\n    int show() { return store.load("a"); }\n}\n',
    found: "src/app/Show.java:6 signature_drift Store.load",
  },
  "Java constructor": {
    defines: "src/app/Store.java",
    before: "package app;\n\nclass Store {\n    Store(String path) {}\n}\n",
    after: "package app;\n\nclass Store {\n    Store(String path, int limit) {}\n}\n",
    uses: "src/app/Show.java",
    text: 'package app;\n\nclass Show {\n    Store show() { return new Store("a"); }\n}\n',
    found: "src/app/Show.java:4 signature_drift Store.<init>",
  },
  "Java record": {
    defines: "src/app/Store.java",
    before: "package app;\n\nrecord Store(String path) {}\n",
    after: "package app;\n\nrecord Store(String path, int limit) {}\n",
    uses: "src/app/Show.java",
    text: 'package app;\n\nclass Show {\n    Store show() { return new Store("a"); }\n}\n',
    found: "src/app/Show.java:4 signature_drift Store",
  },
};

/** Unchanged files around those of a shape. */
const around: Texts = {
  ...manifests,
  "app/__init__.py": "",
  "src/index.ts": 'export { load } from "./store";\n',
};

describe("changed signatures", () => {
  test.each(Object.entries(drifts))(
    "A12 an unchanged caller with the old signature is reported: %s",
    async (_name, shape) => {
      const base = { ...around, [shape.defines]: shape.before, [shape.uses]: shape.text };
      expect(await alone(base, { [shape.defines]: shape.after })).toEqual([shape.found]);
    },
  );
});

/** A removed definition, and a file that uses it. */
interface Gone {
  defines: string;
  before: string;
  /** "" deletes the file. */
  after: string;
  uses: string;
  text: string;
  found: string[];
}

const stale: Record<string, Gone> = {
  "Python function imported": {
    defines: "app/store.py",
    before: "def load():\n    return 1\n",
    after: "def read():\n    return 1\n",
    uses: "app/show.py",
    text: "from .store import load\n",
    found: ["app/show.py:1 stale_reference load"],
  },
  "Python module deleted": {
    defines: "app/store.py",
    before: "def load():\n    return 1\n",
    after: "",
    uses: "app/show.py",
    text: "import app.store\n\napp.store.load()\n",
    found: ["app/show.py:1 stale_reference store"],
  },
  "Python class moved away": {
    defines: "app/store.py",
    before: "class Store:\n    pass\n\n\ndef keep():\n    return 1\n",
    after: "def keep():\n    return 1\n",
    uses: "app/show.py",
    text: "from app import store\n\n\nclass Show(store.Store):\n    pass\n",
    found: ["app/show.py:4 stale_reference Store"],
  },
  "Python method of the class itself": {
    defines: "store.py",
    before:
      "class Store:\n    def load(self):\n        return 1\n\n    def show(self):\n        return self.load()\n",
    after:
      "class Store:\n    def read(self):\n        return 1\n\n    def show(self):\n        return self.load()\n",
    uses: "other.py",
    text: "x = 1\n",
    found: ["store.py:6 stale_reference Store.load"],
  },
  "TypeScript type imported": {
    defines: "src/store.ts",
    before: "export interface Store {\n  path: string;\n}\n",
    after: "export interface Shelf {\n  path: string;\n}\n",
    uses: "src/show.ts",
    text: 'import type { Store } from "./store.ts";\n\nexport const show = (store: Store) => store;\n',
    found: ["src/show.ts:1 stale_reference Store"],
  },
  "TypeScript member of an interface": {
    defines: "src/store.ts",
    before: "export interface Store {\n  path: string;\n  limit: number;\n}\n",
    after: "export interface Store {\n  path: string;\n  count: number;\n}\n",
    uses: "src/show.ts",
    text: 'import type { Store } from "./store.ts";\n\nexport const show = (store: Store) => store.limit;\n',
    found: ["src/show.ts:3 stale_reference Store.limit"],
  },
  "TypeScript member of an enumeration": {
    defines: "src/level.ts",
    before: "export enum Level {\n  Low,\n  High,\n}\n",
    after: "export enum Level {\n  Low,\n  Top,\n}\n",
    uses: "src/show.ts",
    text: 'import { Level } from "./level.ts";\n\nexport const level = Level.High;\n',
    found: ["src/show.ts:3 stale_reference Level.High"],
  },
  "TSX component": {
    defines: "src/button.tsx",
    before: "export const Button = () => <b />;\n",
    after: "export const Key = () => <b />;\n",
    uses: "src/show.tsx",
    text: 'import { Button } from "./button";\n\nexport const Show = () => <Button />;\n',
    found: ["src/show.tsx:1 stale_reference Button"],
  },
  "TypeScript file deleted, type handed on": {
    defines: "src/store.ts",
    before: "export type Store = { path: string };\n",
    after: "",
    uses: "src/show.ts",
    text: 'export type { Store } from "./store.ts";\n',
    found: ["src/show.ts:1 stale_reference Store"],
  },
  "JavaScript function required": {
    defines: "src/store.js",
    before: "exports.load = () => 1;\n\nfunction read() {\n  return 1;\n}\nexports.read = read;\n",
    after: "exports.load = () => 1;\n",
    uses: "src/show.js",
    text: 'const { read } = require("./store");\n\nread();\n',
    found: ["src/show.js:1 stale_reference read"],
  },
  "Rust function imported": {
    defines: "src/store.rs",
    before: "pub fn load() {}\n",
    after: "pub fn read() {}\n",
    uses: "src/show.rs",
    text: "use crate::store::load;\n\npub fn show() {\n    load();\n}\n",
    found: ["src/show.rs:1 stale_reference load"],
  },
  "Rust variant": {
    defines: "src/store.rs",
    before: "pub enum Mode {\n    Read,\n    Write,\n}\n",
    after: "pub enum Mode {\n    Read,\n    Append,\n}\n",
    uses: "src/show.rs",
    text: "use crate::store::Mode;\n\npub fn show(mode: Mode) -> bool {\n    matches!(mode, Mode::Write)\n}\n",
    found: ["src/show.rs:4 stale_reference Mode.Write"],
  },
  "Rust field": {
    defines: "src/store.rs",
    before: "pub struct Store {\n    pub path: String,\n}\n",
    after: "pub struct Store {\n    pub place: String,\n}\n",
    uses: "src/show.rs",
    text: "use crate::store::Store;\n\npub fn show(store: &Store) -> &str {\n    &store.path\n}\n",
    found: ["src/show.rs:4 stale_reference Store.path"],
  },
  "Go function of another package": {
    defines: "store/store.go",
    before: "package store\n\nfunc Load() {}\n",
    after: "package store\n\nfunc Read() {}\n",
    uses: "show/show.go",
    text: 'package show\n\nimport "example.org/app/store"\n\nfunc Show() { store.Load() }\n',
    found: ["show/show.go:5 stale_reference Load"],
  },
  "Go constant of the same package": {
    defines: "store/store.go",
    before: "package store\n\nconst limit = 1\n",
    after: "package store\n\nconst count = 1\n",
    uses: "store/show.go",
    text: "package store\n\nfunc Show() int { return limit }\n",
    found: ["store/show.go:3 stale_reference limit"],
  },
  "Go field": {
    defines: "store/store.go",
    before: "package store\n\ntype Store struct {\n\tPath string\n}\n",
    after: "package store\n\ntype Store struct {\n\tPlace string\n}\n",
    uses: "show/show.go",
    text: 'package show\n\nimport "example.org/app/store"\n\nfunc Show(s store.Store) string { return s.Path }\n',
    found: ["show/show.go:5 stale_reference Store.Path"],
  },
  "Java class renamed": {
    defines: "src/app/Store.java",
    before: "package app;\n\npublic class Store {}\n",
    after: "",
    uses: "src/app/show/Show.java",
    text: "package app.show;\n\nimport app.Store;\n\nclass Show {\n    Store store;\n}\n",
    found: ["src/app/show/Show.java:3 stale_reference Store"],
  },
  "Java class of the same package": {
    defines: "src/app/Store.java",
    before: "package app;\n\nclass Store {}\n",
    after: "",
    uses: "src/app/Show.java",
    text: "package app;\n\nclass Show {\n    Store store;\n}\n",
    found: ["src/app/Show.java:4 stale_reference Store"],
  },
  "Java constant of an enumeration": {
    defines: "src/app/Mode.java",
    before: "package app;\n\nenum Mode { READ, WRITE }\n",
    after: "package app;\n\nenum Mode { READ, APPEND }\n",
    uses: "src/app/Show.java",
    text: "package app;\n\nclass Show {\n    Mode mode = Mode.WRITE;\n}\n",
    found: ["src/app/Show.java:4 stale_reference Mode.WRITE"],
  },
};

describe("removed definitions", () => {
  test.each(Object.entries(stale))(
    "A12 an unchanged use of a removed definition is reported: %s",
    async (_name, shape) => {
      const base = { ...manifests, [shape.defines]: shape.before, [shape.uses]: shape.text };
      expect(await alone(base, { [shape.defines]: shape.after })).toEqual(shape.found);
    },
  );
});

describe("A25 two new files at one position of an order", () => {
  const base = { "db/0001_users.sql": "a\n", "db/0002_names.sql": "b\n" };
  test.each<[string, Texts, string, string, string[]]>([
    ["with one number", {}, "db/0003_a.sql", "db/0003_b.sql", ["ordering_conflict 0003"]],
    ["with two numbers", {}, "db/0003_a.sql", "db/0004_b.sql", []],
    ["in two folders", { "x/0001_a.sql": "x\n" }, "db/0003_a.sql", "x/0003_b.sql", []],
    ["of two kinds", {}, "db/0003_a.sql", "db/0003_a.py", []],
    ["of the two directions of one step", {}, "db/0003_a.up.sql", "db/0003_a.down.sql", []],
    ["with a number that the folder has", {}, "db/0002_a.sql", "db/0002_b.sql", []],
    [
      "where the numbers were not unique",
      { "db/0002_more.sql": "c\n" },
      "db/0003_a.sql",
      "db/0003_b.sql",
      [],
    ],
    ["of another shape than those before", {}, "db/V3_a.sql", "db/V3_b.sql", []],
    ["of one day", {}, "db/2026-01-02_a.sql", "db/2026-01-02_b.sql", []],
  ])("%s", async (_, more, ours, theirs, found) => {
    const files = { ...base, ...more };
    expect(await blockingIn(files, { [ours]: "x\n" }, { [theirs]: "y\n" })).toEqual(found);
  });
});
