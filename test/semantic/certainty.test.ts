/** Changes that a reader of single files may take for conflicts: a finding about them is a note. */
import { describe, expect, test } from "bun:test";
import { type Edit, edited, mergeTexts as merge, type Texts } from "./check-case.ts";

const goShow =
  'package p\n\nimport "log"\n\nfunc Show(t int) {\n\ts := open()\n\tlog.Print("one")\n\tlog.Print("two")\n\tlog.Print("three")\n\tlog.Print("four")\n}\n';
const goStore =
  "package p\n\ntype Store struct{ Path string }\n\nfunc (s *Store) Load() {}\n\ntype Shelf struct{ Place string }\n\nfunc open() (s *Store, err error) { return nil, nil }\n\nfunc openAll() (s *Store, err error) { return nil, nil }\n\nfunc shelf() *Shelf { return nil }\n";
const goTyped = goShow.replace("t int) {\n\ts := open()", "s *Store) {");
const pyShow =
  "from store import Shelf, Store\n\n\ndef show(s: Store):\n    print('one')\n    print('two')\n    print('three')\n    print('four')\n";
const pyStore =
  "class Store:\n    def load(self):\n        return 1\n\n\nclass Shelf:\n    def __init__(self):\n        self.place = 1\n";
const tsShow =
  'import { Shelf, Store } from "./store";\n\nexport function show(s: Store) {\n  console.log("one");\n  console.log("two");\n  console.log("three");\n  console.log("four");\n}\n';
const tsStore =
  "export class Store {\n  load() {}\n}\n\nexport class Shelf {\n  place() {}\n}\n\nexport class Safe extends Store {}\n";
const javaShow =
  "package p;\n\nclass Show {\n    void show(Store s) {\n        one();\n        two();\n        three();\n        four();\n    }\n}\n";
const javaStore =
  "package p;\n\nclass Store {\n    void load() {}\n}\n\nclass Shelf {\n    void place() {}\n}\n";

describe("a variable that one side sets in another way", () => {
  test.each<[string, Texts, string, Edit, Edit, string[]]>([
    [
      "another Go function with the same results",
      { "store.go": goStore },
      goShow,
      ["s := open()", "s := openAll()"],
      ['\tlog.Print("four")\n', '\tlog.Print("four")\n\ts.Load()\n'],
      [],
    ],
    [
      "a Go function of a package outside the repository",
      { "store.go": goStore },
      goShow,
      ["s := open()", "s := log.Default()"],
      ['\tlog.Print("four")\n', '\tlog.Print("four")\n\ts.Print(1)\n'],
      [],
    ],
    [
      "a Go type with a member of the same name in another file",
      { "store.go": goStore, "more.go": "package p\n\nfunc (s *Shelf) Load() {}\n" },
      goTyped,
      ["s *Store", "s *Shelf"],
      ['\tlog.Print("four")\n', '\tlog.Print("four")\n\ts.Load()\n'],
      [],
    ],
    [
      "a Go type without the member",
      { "store.go": goStore },
      goTyped,
      ["s *Store", "s *Shelf"],
      ['\tlog.Print("four")\n', '\tlog.Print("four")\n\ts.Load()\n'],
      ["same_symbol_edit Show"],
    ],
    [
      "a Go text in place of a number",
      { "store.go": goStore },
      goShow,
      ["t int", "t string"],
      ['\tlog.Print("four")\n', '\tlog.Print("four")\n\tlog.Print(t + 1)\n'],
      ["same_symbol_edit Show"],
    ],
    [
      "a wider Go number",
      { "store.go": goStore },
      goShow,
      ["t int", "t int64"],
      ['\tlog.Print("four")\n', '\tlog.Print("four")\n\tlog.Print(t + 1)\n'],
      [],
    ],
    [
      "a Python class without the member",
      { "store.py": pyStore },
      pyShow,
      ["s: Store", "s: Shelf"],
      ["    print('four')\n", "    print('four')\n    s.load()\n"],
      ["same_symbol_edit show"],
    ],
    [
      "a Python class of another module",
      { "store.py": pyStore },
      pyShow.replace("\n", "\nfrom lib import Box\n"),
      ["s: Store", "s: Box"],
      ["    print('four')\n", "    print('four')\n    s.load()\n"],
      [],
    ],
    [
      "a Python class that is passed on",
      { "store.py": pyStore },
      pyShow,
      ["s: Store", "s: Shelf"],
      ["    print('four')\n", "    print('four')\n    print(s)\n"],
      [],
    ],
    [
      "a TypeScript class without the member",
      { "store.ts": tsStore },
      tsShow,
      ["s: Store", "s: Shelf"],
      ['  console.log("four");\n', '  console.log("four");\n  s.load();\n'],
      ["same_symbol_edit show"],
    ],
    [
      "a TypeScript class that inherits",
      { "store.ts": tsStore },
      tsShow.replace("Shelf", "Safe, Shelf"),
      ["s: Store", "s: Safe"],
      ['  console.log("four");\n', '  console.log("four");\n  s.load();\n'],
      [],
    ],
    [
      "a Java class without the member",
      { "p/Store.java": javaStore },
      javaShow,
      ["Store s", "Shelf s"],
      ["        four();\n", "        four();\n        s.load();\n"],
      ["same_symbol_edit Show.show"],
    ],
    [
      "an interface of the Java library",
      { "p/Store.java": javaStore },
      javaShow.replace("Store s", "ArrayList<String> s"),
      ["ArrayList<String> s", "List<String> s"],
      ["        four();\n", "        four();\n        s.clear();\n"],
      [],
    ],
  ])("A24 %s, used in new lines of the other side", async (_, around, text, mine, other, found) => {
    const path = Object.keys(around)[0]?.replace(/store/, "show").replace("Store", "Show") ?? "";
    const base = { ...around, [path]: text };
    const sides = [{ [path]: edited(text, mine) }, { [path]: edited(text, other) }] as const;
    expect((await merge(base, ...sides)).found).toEqual(found);
    expect((await merge(base, sides[1], sides[0])).found).toEqual(found);
  });

  test("A24 a Go type that is renamed everywhere, used in new lines of the other side, is a note", async () => {
    const base = { "store.go": goStore, "show.go": goTyped };
    const renamed = (text: string) => text.replaceAll("Store", "Keep");
    const { found, noted } = await merge(
      base,
      { "store.go": renamed(goStore), "show.go": renamed(goTyped) },
      { "show.go": goTyped.replace('"four")\n', '"four")\n\ts.Other()\n') },
    );
    expect(found).toEqual([]);
    expect(noted.join("\n")).toContain("from Store to Keep");
  });
});

const brokenJava =
  "package p;\n\nclass Store {\n    void keep() {\n        int x = 1;\n\n    static String format(String text) {\n        return text;\n    }\n\n    static String other(String text) {\n        return text;\n    }\n}\n";

describe("names that a parser does not see", () => {
  test.each<[string, Texts, Texts, string[], string]>([
    [
      "a Java method behind a method without its closing brace",
      {
        "p/Store.java": brokenJava.replace("int x = 1;\n", "int x = 1;\n    }\n"),
        "p/Show.java":
          'package p;\n\nclass Show {\n    String show() { return Store.format("a"); }\n}\n',
      },
      { "p/Store.java": brokenJava },
      [],
      "p/Store.java has syntax that the parser does not recognise",
    ],
    [
      "a Java method that is gone from a file with a syntax error",
      {
        "p/Store.java": brokenJava.replace("int x = 1;\n", "int x = 1;\n    }\n"),
        "p/Show.java":
          'package p;\n\nclass Show {\n    String show() { return Store.format("a"); }\n}\n',
      },
      { "p/Store.java": brokenJava.replace("format", "print") },
      ["stale_reference Store.format"],
      "",
    ],
    [
      "a Python function behind an open bracket",
      {
        "store.py": "def load():\n    return 1\n",
        "show.py": "from store import load\n\nload()\n",
      },
      { "store.py": "x = (1,\n\ndef load(:\n    return 1\n" },
      [],
      "store.py has syntax that the parser does not recognise",
    ],
    [
      "a TypeScript function in a file with unknown syntax",
      {
        "src/store.ts": "export function load() {}\n",
        "src/show.ts": 'import { load } from "./store";\n\nload();\n',
      },
      { "src/store.ts": "export @@fast function load() {}\n" },
      [],
      "",
    ],
    [
      "a Go function behind an unknown clause",
      {
        "go.mod": "module example.org/a\n",
        "p/store.go": "package p\n\nfunc load() {}\n",
        "p/show.go": "package p\n\nfunc show() { load() }\n",
      },
      { "p/store.go": "package p\n\nfunc (load) [] () {}\n" },
      [],
      "",
    ],
  ])("A24 %s", async (_, base, change, found, doubt) => {
    const alone = await merge(base, {}, change);
    expect(alone.found).toEqual(found);
    expect(alone.noted.join("\n")).toContain(doubt);
    expect((await merge(base, change, { "other.md": "x\n" })).found).toEqual([]);
  });

  const lazy =
    "import importlib\n\n\ndef __getattr__(name):\n    return importlib.import_module(name)\n";
  const show = "from pkg import load\n\nload()\n";
  const doubt = "dynamically, as with `__getattr__`";
  test.each<[string, Texts, Texts, Texts, string]>([
    [
      "a function",
      { "pkg/__init__.py": "def load():\n    return 1\n", "show.py": show },
      {},
      { "pkg/__init__.py": lazy },
      doubt,
    ],
    [
      "a name that the package imported",
      {
        "pkg/__init__.py": "from .store import load\n",
        "pkg/store.py": "def load():\n    return 1\n",
        "show.py": "x = 1\n",
      },
      { "show.py": show },
      { "pkg/__init__.py": lazy },
      doubt,
    ],
    [
      "a name of a package with an imported `__getattr__`",
      { "pkg/__init__.py": "def load():\n    return 1\n", "show.py": show },
      {},
      { "pkg/__init__.py": "from ._lazy import __getattr__\n", "pkg/_lazy.py": lazy },
      "",
    ],
    [
      "a name of a package with an assigned `__getattr__`",
      { "pkg/__init__.py": "def load():\n    return 1\n", "show.py": show },
      {},
      { "pkg/__init__.py": "import lib\n\n__getattr__, __dir__ = lib.attach(__name__)\n" },
      doubt,
    ],
    [
      "a name that is put into the table of globals",
      { "pkg/__init__.py": "def load():\n    return 1\n", "show.py": show },
      {},
      { "pkg/__init__.py": "for name in range(3):\n    globals()[name] = 1\n" },
      doubt,
    ],
    [
      "a module of the package",
      {
        "pkg/__init__.py": lazy,
        "pkg/load.py": "x = 1\n",
        "show.py": "x = 1\n",
      },
      { "show.py": show },
      { "pkg/load.py": "", "pkg/read.py": "x = 1\n" },
      doubt,
    ],
    [
      "a method of a class",
      {
        "store.py":
          "class Store:\n    def load(self):\n        return 1\n\n    def __getattr__(self, name):\n        return name\n",
        "show.py":
          "from store import Store\n\n\ndef show(store: Store):\n    return store.load()\n",
      },
      {},
      {
        "store.py": "class Store:\n    def __getattr__(self, name):\n        return name\n",
      },
      "`__getattr__` of its class may supply `load`",
    ],
  ])("A24 %s that a Python module may supply dynamically is a note", async (_, ...texts) => {
    const [base, ours, theirs, expected] = texts;
    for (const sides of [[ours, theirs] as const, [theirs, ours] as const]) {
      const { found, noted } = await merge(base, ...sides);
      expect(found).toEqual([]);
      expect(noted.join("\n")).toContain(expected);
    }
  });
});

const okio =
  "package okio;\n\npublic class Okio {\n    public static int open() { return 1; }\n}\n";
const okioUse =
  "package app;\n\nimport okio.Okio;\n\nclass Show {\n    int show() { return Okio.open(); }\n}\n";

describe("a package that is gone as a whole", () => {
  test.each<[string, Texts, Texts, string[]]>([
    [
      "a Maven module replaced by the published one",
      {
        "pom.xml": "<modules>\n  <module>okio</module>\n</modules>\n",
        "okio/pom.xml": "<artifactId>okio</artifactId>\n",
        "okio/src/main/java/okio/Okio.java": okio,
        "app/pom.xml": "<version>$" + "{project.version}</version>\n",
        "app/src/main/java/app/Show.java": okioUse,
      },
      {
        "pom.xml": "<modules>\n</modules>\n<artifactId>okio</artifactId>\n",
        "okio/pom.xml": "",
        "okio/src/main/java/okio/Okio.java": "",
      },
      [],
    ],
    [
      "a Gradle module with a file of its own name, used from its package",
      {
        "settings.gradle": "include 'okio', 'app'\n",
        "okio/okio.gradle": "apply plugin: 'java'\n",
        "okio/src/main/java/okio/Okio.java": okio,
        "app/app.gradle": "compile project(':okio')\n",
        "app/src/test/java/okio/Show.java":
          "package okio;\n\nimport okio.*;\n\nclass Show {\n    int show() { return Okio.open(); }\n}\n",
      },
      {
        "settings.gradle": "include 'app'\n",
        "okio/okio.gradle": "",
        "okio/src/main/java/okio/Okio.java": "",
        "app/app.gradle": "compile 'com.squareup:files:1.0'\n",
      },
      [],
    ],
    [
      "a Java package replaced by a dependency of another name",
      {
        "build.gradle": "dependencies {\n}\n",
        "src/main/java/okio/Okio.java": okio,
        "src/main/java/app/Show.java": okioUse,
      },
      {
        "build.gradle": "dependencies {\n  implementation 'com.squareup:files:1.0'\n}\n",
        "src/main/java/okio/Okio.java": "",
      },
      [],
    ],
    [
      "a Java package that nothing replaces",
      {
        "build.gradle": "dependencies {\n}\n",
        "src/main/java/okio/Okio.java": okio,
        "src/main/java/app/Show.java": okioUse,
      },
      { "src/main/java/okio/Okio.java": "" },
      ["stale_reference Okio"],
    ],
    [
      "a Java class of a package that stays, in a project of its name",
      {
        "pom.xml": "<groupId>com.acme.shop</groupId>\n",
        "src/main/java/com/acme/shop/Okio.java": okio.replace("okio", "com.acme.shop"),
        "src/main/java/com/acme/shop/Other.java": "package com.acme.shop;\n\nclass Other {}\n",
        "src/main/java/app/Show.java": okioUse.replace("okio", "com.acme.shop"),
      },
      { "src/main/java/com/acme/shop/Okio.java": "" },
      ["stale_reference Okio"],
    ],
    [
      "a Go module replaced by the published one",
      {
        "go.mod": "module example.org/app\n",
        "files/go.mod": "module example.org/files\n",
        "files/files.go": "package files\n\nfunc Open() {}\n",
        "show.go": 'package app\n\nimport "example.org/files"\n\nfunc Show() { files.Open() }\n',
      },
      { "files/go.mod": "", "files/files.go": "" },
      [],
    ],
    [
      "a Go package of the module",
      {
        "go.mod": "module github.com/acme/app\n",
        "files/files.go": "package files\n\nfunc Open() {}\n",
        "show.go":
          'package app\n\nimport "github.com/acme/app/files"\n\nfunc Show() { files.Open() }\n',
      },
      { "files/files.go": "" },
      ["stale_reference files"],
    ],
    [
      "an npm workspace package that comes with another one",
      {
        "package.json": '{ "workspaces": ["packages/*"] }\n',
        "packages/files/package.json": '{ "name": "@acme/files", "main": "index.js" }\n',
        "packages/files/index.js": "export function open() {}\n",
        "packages/app/package.json": '{ "name": "app" }\n',
        "packages/app/show.js": 'import { open } from "@acme/files";\n\nopen();\n',
      },
      { "packages/files/package.json": "", "packages/files/index.js": "" },
      [],
    ],
    [
      "a module of an npm workspace package, imported by its path",
      {
        "packages/files/package.json": '{ "name": "@acme/files", "main": "index.js" }\n',
        "packages/files/index.js": "export function open() {}\n",
        "packages/app/show.js": 'import { open } from "../files/index.js";\n\nopen();\n',
      },
      { "packages/files/package.json": "", "packages/files/index.js": "" },
      ["stale_reference open"],
    ],
    [
      "a Python package replaced by a distribution of another name",
      {
        "setup.py": "setup(\n    install_requires=[\n    ],\n)\n",
        "yaml/__init__.py": "def load():\n    return 1\n",
        "app/show.py": "import yaml\n\nyaml.load()\n",
      },
      {
        "setup.py": 'setup(\n    install_requires=[\n        "PyYAML>=6",\n    ],\n)\n',
        "yaml/__init__.py": "",
      },
      [],
    ],
    [
      "a Python package that nothing replaces",
      {
        "setup.py": "setup(\n    install_requires=[\n    ],\n)\n",
        "yaml/__init__.py": "def load():\n    return 1\n",
        "app/show.py": "import yaml\n\nyaml.load()\n",
      },
      { "yaml/__init__.py": "" },
      ["stale_reference yaml"],
    ],
    [
      "a Java method used in a module that is commented out",
      {
        "pom.xml": "<modules>\n  <module>lib</module>\n  <!--<module>app</module>-->\n</modules>\n",
        "lib/pom.xml": "<artifactId>lib</artifactId>\n",
        "lib/src/main/java/okio/Okio.java": okio,
        "app/pom.xml": "<version>$" + "{project.version}</version>\n",
        "app/src/main/java/app/Show.java": okioUse,
      },
      { "lib/src/main/java/okio/Okio.java": okio.replace("open", "load") },
      [],
    ],
    [
      "a Java method used in a Gradle module of the build",
      {
        "settings.gradle": "include 'lib', 'app'\n",
        "lib/build.gradle": "apply plugin: 'java'\n",
        "lib/src/main/java/okio/Okio.java": okio,
        "app/build.gradle": "compile project(':lib')\n",
        "app/src/main/java/app/Show.java": okioUse,
      },
      { "lib/src/main/java/okio/Okio.java": okio.replace("open", "load") },
      ["stale_reference Okio.open"],
    ],
    [
      "a Java method used in a Gradle module that the settings leave out",
      {
        "settings.gradle": "include 'lib'\n// include 'app'\n",
        "lib/build.gradle": "apply plugin: 'java'\n",
        "lib/src/main/java/okio/Okio.java": okio,
        "app/build.gradle": "compile project(':lib')\n",
        "app/src/main/java/app/Show.java": okioUse,
      },
      { "lib/src/main/java/okio/Okio.java": okio.replace("open", "load") },
      [],
    ],
    [
      "a Go example that requires the published module",
      {
        "go.mod": "module github.com/acme/app\n",
        "files/files.go": "package files\n\nfunc Open() {}\n",
        "example/show.go":
          'package example\n\nimport "github.com/acme/app/files"\n\nfunc Show() { files.Open() }\n',
        "example/go.mod": "module example\n\nrequire github.com/acme/app v1.0.0\n",
      },
      { "files/files.go": "package files\n\nfunc Load() {}\n" },
      [],
    ],
    [
      "a Go example that replaces the module by the folder",
      {
        "go.mod": "module github.com/acme/app\n",
        "files/files.go": "package files\n\nfunc Open() {}\n",
        "example/show.go":
          'package example\n\nimport "github.com/acme/app/files"\n\nfunc Show() { files.Open() }\n',
        "example/go.mod": "module example\n\nreplace github.com/acme/app => ../\n",
      },
      { "files/files.go": "package files\n\nfunc Load() {}\n" },
      ["stale_reference Open"],
    ],
    [
      "a Go file that is test data",
      {
        "go.mod": "module github.com/acme/app\n",
        "files/files.go": "package files\n\nfunc Open() {}\n",
        "files/testdata/show.go":
          'package example\n\nimport "github.com/acme/app/files"\n\nfunc Show() { files.Open() }\n',
      },
      { "files/files.go": "package files\n\nfunc Load() {}\n" },
      [],
    ],
    [
      "a Rust crate that is taken from the registry",
      {
        "files/Cargo.toml": '[package]\nname = "files"\n',
        "files/src/lib.rs": "pub fn open() {}\n",
        "app/Cargo.toml": '[package]\nname = "app"\n\n[dependencies]\nfiles = "1"\n',
        "app/src/main.rs": "use files::open;\n\nfn main() {\n    open();\n}\n",
      },
      { "files/src/lib.rs": "pub fn load() {}\n" },
      [],
    ],
    [
      "a Rust crate that is taken from its folder",
      {
        "files/Cargo.toml": '[package]\nname = "files"\n',
        "files/src/lib.rs": "pub fn open() {}\n",
        "app/Cargo.toml":
          '[package]\nname = "app"\n\n[dependencies]\nfiles = { path = "../files" }\n',
        "app/src/main.rs": "use files::open;\n\nfn main() {\n    open();\n}\n",
      },
      { "files/src/lib.rs": "pub fn load() {}\n" },
      ["stale_reference open"],
    ],
    [
      "an npm package that an example takes from the registry",
      {
        "package.json": '{ "name": "files", "main": "index.js" }\n',
        "index.js": "export function open() {}\n",
        "example/package.json": '{ "dependencies": { "files": "1" } }\n',
        "example/show.js": 'import { open } from "files";\n\nopen();\n',
      },
      { "index.js": "export function load() {}\n" },
      [],
    ],
    [
      "an npm package of a workspace",
      {
        "package.json": '{ "workspaces": ["packages/*"] }\n',
        "packages/files/package.json": '{ "name": "files", "main": "index.js" }\n',
        "packages/files/index.js": "export function open() {}\n",
        "packages/app/package.json": '{ "dependencies": { "files": "1" } }\n',
        "packages/app/show.js": 'import { open } from "files";\n\nopen();\n',
      },
      { "packages/files/index.js": "export function load() {}\n" },
      ["stale_reference open"],
    ],
    [
      "a Rust crate that is named in no manifest around its user",
      {
        "Cargo.toml": '[workspace]\nmembers = ["app", "glob"]\n',
        "app/Cargo.toml":
          '[package]\nname = "app"\n\n[dependencies]\nfind = { path = "../find" }\n',
        "app/src/main.rs": "fn main() {\n    find::find();\n}\n",
        "find/Cargo.toml": '[package]\nname = "find"\n',
        "find/src/lib.rs": "pub fn find() {}\n",
      },
      {
        "Cargo.toml": '[workspace]\nmembers = ["app"]\n',
        "app/Cargo.toml": '[package]\nname = "app"\n\n[dependencies]\nglob = "1"\n',
        "find/Cargo.toml": "",
        "find/src/lib.rs": "",
      },
      [],
    ],
  ])("A24 %s", async (_, base, change, found) => {
    expect((await merge(base, {}, change)).found).toEqual(found);
    expect((await merge(base, change, { "other.md": "x\n" })).found).toEqual([]);
  });
});

describe("a call without an argument that may be void", () => {
  const subject = (next: string): string =>
    `export class Subject<T, TValue = T> {\n  private last: unknown;\n\n  ${next} {\n    this.last = value;\n  }\n}\n`;
  const use = `import { Subject } from "./subject";\n\nconst done = new Subject<void>();\n\nexport function end(s: Subject<void>) {\n  s.next();\n}\n`;
  test.each<[string, string, string[]]>([
    ["of a type parameter", "next(value: T)", []],
    ["of a type parameter with a longer name", "next(value: TValue)", []],
    ["of a union with void", "next(value: string | void)", []],
    ["of another type is certain", "next(value: string)", ["signature_drift Subject.next"]],
    [
      "of a function that returns void is certain",
      "next(value: () => void)",
      ["signature_drift Subject.next"],
    ],
  ])("%s", async (_what, next, found) => {
    const base = { "src/subject.ts": subject("next(value?: T)") };
    const verdict = await merge(base, { "src/subject.ts": subject(next) }, { "src/end.ts": use });
    expect(verdict.found).toEqual(found);
  });
});

describe("a changed signature of code that a tool made", () => {
  const subject = (next: string, mark = ""): string =>
    `${mark}export class Subject {\n  private last: unknown;\n\n  ${next} {\n    this.last = value;\n  }\n}\n`;
  test.each<[string, string, string, boolean]>([
    ["by hand, after all, is certain", "src/subject.ts", "", true],
    ["in a vendored folder is a note", "src/vendor/subject.ts", "", false],
    ["in a folder of generated code is a note", "src/generated/subject.ts", "", false],
    ["with the mark of a generator is a note", "src/subject.ts", "// @generated by x\n", false],
    ["with another mark is a note", "src/subject.ts", "// DO NOT EDIT.\n", false],
  ])("%s", async (_what, path, mark, certain) => {
    const module = path.replace("src/", "./").replace(".ts", "");
    const use = `import { Subject } from "${module}";\n\nexport function end(s: Subject) {\n  s.next();\n}\n`;
    const base = { [path]: subject("next(value?: string)", mark) };
    const ours = { [path]: subject("next(value: string)", mark) };
    const verdict = await merge(base, ours, { "src/end.ts": use });
    expect([verdict.found, verdict.noted.length]).toEqual(
      certain ? [["signature_drift Subject.next"], 0] : [[], 1],
    );
  });
});

describe("a call of code in another build, through a variable", () => {
  const subject = (next: string): string =>
    `export class Subject {\n  ${next} {\n    return value;\n  }\n}\n`;
  const use = (module: string): string =>
    `import { Subject } from "${module}";\n\nexport function end(s: Subject) {\n  s.next();\n}\n`;
  test.each<[string, string, string[]]>([
    ["whose import names a package, is not certain", "rx", []],
    [
      "whose import leads to the file, is certain",
      "../../src/subject",
      ["signature_drift Subject.next"],
    ],
  ])("%s", async (_what, module, found) => {
    const base = {
      "package.json": '{ "name": "rx", "main": "src/subject.ts" }\n',
      "site/package.json": '{ "dependencies": { "rx": "^6.5.5" } }\n',
      "src/subject.ts": subject("next(value?: string)"),
    };
    const ours = { "src/subject.ts": subject("next(value: string)") };
    const verdict = await merge(base, ours, { "site/src/end.ts": use(module) });
    expect(verdict.found).toEqual(found);
  });
});

describe("a Rust path without `crate` or `self`", () => {
  test.each<[string, Texts, string[]]>([
    ["may name a module of the crate", { "src/result.rs": "pub enum Error {}\n" }, []],
    ["names a module that is gone", {}, ["stale_reference result"]],
  ])("%s", async (_what, more, found) => {
    const base = {
      "Cargo.toml": '[package]\nname = "d"\n',
      "src/lib.rs": "pub mod my;\npub mod result;\n",
      "src/my/mod.rs": "mod raw;\nmod result;\n\npub fn open() {}\n",
      "src/my/raw.rs": "pub fn raw() {}\n",
      "src/my/result.rs": "pub struct Rows;\n",
      ...more,
    };
    const ours = { "src/my/mod.rs": "mod raw;\n\npub fn open() {}\n", "src/my/result.rs": "" };
    const theirs = {
      "src/my/raw.rs": "pub fn raw() {}\n",
      "src/my/url.rs": "",
      "src/my/mod.rs": "mod raw;\nmod result;\n\nuse result::*;\n\npub fn open() {}\n",
    };
    const verdict = await merge(base, ours, theirs);
    expect(verdict.found).toEqual(found);
  });
});

describe("two edits of one symbol, one of which has several places", () => {
  const cases = (first: string[], more: string[]): string =>
    ["func show(v any) {", "\tswitch v.(type) {", ...first, ...more, "\t}", "}", ""].join("\n");
  const one = (name: string, ...fields: string[]): string[] => [
    `\tcase ${name}:`,
    "\t\tprint(struct {",
    ...fields.map((field) => `\t\t\t${field}`),
    "\t\t\tMembers int",
    "\t\t}{})",
  ];
  test("a removed field and a new case that repeats the lines around it", async () => {
    const text = (removed: boolean, added: boolean): string =>
      `package p\n\n${added ? "func other() {}\n\n" : ""}${cases(
        [...one("A", "Member int"), ...one("B", ...(removed ? [] : ["Member int"]))],
        [...(added ? one("C") : []), ...one("D")],
      )}`;
    const verdict = await merge(
      { "a.go": text(false, false) },
      { "a.go": text(true, false) },
      { "a.go": text(false, true) },
    );
    expect(verdict.found).toEqual([]);
  });
});

describe("a call next to code that asks for the parameters", () => {
  const python = (parameters: string, asks: string): string =>
    `class P:\n    def has(self, ${parameters}):\n        return True\n\n    def check(self, a, b, c):\n        if ${asks}:\n            return self.has(a, b, c)\n        return True\n`;
  const script = (parameters: string, asks: string): string =>
    `export function has(${parameters}): boolean {\n  return true;\n}\n\nexport function check(a: number, b: number): boolean {\n  if (${asks}) return has(a, b);\n  return true;\n}\n`;
  test.each<[string, string, string, string, string[]]>([
    [
      "Python, by its specification",
      "p.py",
      python("a, b, c=None", "c"),
      python("a, b", "len(inspect.getargspec(self.has)[0]) == 4"),
      [],
    ],
    [
      "Python, by nothing",
      "p.py",
      python("a, b, c=None", "c"),
      python("a, b", "c is not None"),
      ["signature_drift P.has"],
    ],
    [
      "TypeScript, by its length",
      "p.ts",
      script("a: number, b?: number", "b"),
      script("a: number", "has.length === 2"),
      [],
    ],
    [
      "TypeScript, by another length",
      "p.ts",
      script("a: number, b?: number", "b"),
      script("a: number", "[a].length === 2"),
      ["signature_drift has"],
    ],
  ])("%s", async (_what, path, before, after, found) => {
    const verdict = await merge({ [path]: before }, {}, { [path]: after });
    expect(verdict.found).toEqual(found);
  });

  test("Python, by trying both ways", async () => {
    const feed = (parameters: string): string =>
      `class I:\n    def feed(self, ${parameters}):\n        return 1\n`;
    const use =
      "from index import I\n\n\ndef page(i: I):\n    try:\n        i.feed(1, 2, 3)\n    except TypeError:\n        i.feed(1, 3)\n";
    const base = { "index.py": feed("name, title") };
    const verdict = await merge(
      base,
      { "index.py": feed("name, file, title") },
      { "page.py": use },
    );
    expect(verdict.found).toEqual([]);
    expect(verdict.noted.join("\n")).toContain("asks for the parameters");
  });
});

describe("a call in plain JavaScript whose function has other parameters", () => {
  const file = (parameters: string): string =>
    `export function show(${parameters}) {\n  return 1;\n}\n`;
  const use = 'import { show } from "./a.js";\n\nshow(1, 2);\n';
  test.each<[string, string, string[]]>([
    ["one more at the end", "a, b, c", []],
    ["one renamed and one more", "a, factory, key", []],
    ["all renamed and one more", "x, y, z", []],
    ["fewer at the end", "a", []],
    ["one inserted before its last argument", "a, file, b", ["signature_drift show"]],
    ["one inserted at the beginning", "file, a, b", ["signature_drift show"]],
    ["the first one dropped", "b", ["signature_drift show"]],
  ])("%s", async (_what, parameters, found) => {
    const base = { "a.js": file("a, b") };
    const verdict = await merge(base, { "a.js": file(parameters) }, { "b.js": use });
    expect(verdict.found).toEqual(found);
  });
});

describe("a call in plain JavaScript that omits an argument", () => {
  const file = (parameters: string, call: string): string =>
    `function show(${parameters}) {\n  return parameters;\n}\n\nfunction main(a, b, c) {\n  return ${call};\n}\n\nmodule.exports = main;\n`;
  test.each<[string, string, string, string[]]>([
    ["written together with the new parameters", "show(a, b)", "show(a, b, c)", []],
    ["left as it was", "show(a, b, c)", "show(a, b, c)", ["signature_drift show"]],
  ])("%s", async (_what, old, call, found) => {
    const verdict = await merge(
      { "a.js": file("a, b, config", old) },
      {},
      { "a.js": file("a, b, file, config", call) },
    );
    expect(verdict.found).toEqual(found);
  });
});

describe("a reference that the target has broken by itself", () => {
  const store = "export function load(): string {\n  return 1 + '';\n}\n\nexport const rest = 1;\n";
  const show = 'import { load } from "./store";\n\nexport const text = load();\n';
  const base = { "src/store.ts": store, "src/show.ts": show, "README.md": "one\n" };
  const gone = "export const rest = 1;\n";
  test("is a note for a change elsewhere, also in the file of the use", async () => {
    const ours = { "src/store.ts": gone };
    const elsewhere = await merge(base, ours, { "README.md": "two\n" });
    expect(elsewhere.found).toEqual([]);
    const beside = await merge(base, ours, { "src/show.ts": `${show}\nexport const more = 2;\n` });
    expect(beside.found).toEqual([]);
    expect(beside.noted.join("\n")).toContain("the target has it without this change");
  });
  test("blocks a change that uses the name in another file", async () => {
    const theirs = { "src/other.ts": show };
    const verdict = await merge(base, { "src/store.ts": gone }, theirs);
    expect(verdict.found).toEqual(["stale_reference load"]);
  });
});

describe("two Rust items of one name", () => {
  const item = (cfg: string, by: string): string =>
    `${cfg}pub fn open(by: &${by} str) -> u32 {\n    1\n}\n`;
  const file = (first: string, second: string): string =>
    `pub struct S;\n\n${first}\npub fn rest() {}\n\npub fn more() {}\n\n${second}`;
  test.each<[string, string, string, string[]]>([
    ["under two conditions", "#[cfg(unix)]\n", "#[cfg(windows)]\n", []],
    ["without a condition", "", "", ["duplicate_definition open"]],
  ])("%s", async (_what, unix, windows, found) => {
    const verdict = await merge(
      { "src/lib.rs": file("", "") },
      { "src/lib.rs": file(item(unix, "'a"), "") },
      { "src/lib.rs": file("", item(windows, "'b")) },
    );
    expect(verdict.found).toEqual(found);
  });
});

describe("a Rust path from the root of a crate", () => {
  test.each<[string, string, string[]]>([
    ["that imports all names of another crate", "pub use core_of::*;\n\n", []],
    ["that imports none", "", ["stale_reference Load"]],
  ])("%s", async (_what, glob, found) => {
    const user = "use crate::de::Load;\n\npub fn open(l: &dyn Load) {}\n";
    const base = {
      "Cargo.toml": '[package]\nname = "d"\nedition = "2021"\n',
      "src/lib.rs": `${glob}pub mod de;\npub mod user;\n`,
      "src/de.rs": "pub trait Load {}\n\npub trait Rest {}\n",
      "src/user.rs": "pub fn none() {}\n",
    };
    const ours = { "src/de.rs": "pub trait Rest {}\n" };
    const verdict = await merge(base, ours, { "src/user.rs": user });
    expect(verdict.found).toEqual(found);
  });
});
