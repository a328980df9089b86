/** Members that one side makes required, and implementations that the other side adds. */
import { describe, expect, test } from "bun:test";
import { blockingIn as merge, type Texts } from "./check-case.ts";

const go = { "go.mod": "module example.org/app\n\ngo 1.21\n" };
const goInterface = (more: string): string => `package s\n\ntype S interface {\n\tA()\n${more}}\n`;
const goType = (more: string): string =>
  `package t\n\nimport "example.org/app/s"\n\ntype T struct{}\n\nvar _ s.S = (*T)(nil)\n\nfunc (t *T) A() {}\n${more}`;
const cargo = {
  "Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\n',
  "src/lib.rs": "pub mod s;\npub mod t;\n",
  "src/t.rs": "// empty\n",
};
const rust = (more: string): string => `pub trait S {\n    fn a(&self);\n${more}}\n`;
const rustType = (more: string): string =>
  `use crate::s::S;\n\npub struct T;\n\nimpl S for T {\n    fn a(&self) {}\n${more}}\n`;
const ts = (more: string): string => `export interface S {\n  a(): void;\n${more}}\n`;
const tsType = (heading: string, more: string): string =>
  `import { S, B } from "./s";\n\nexport class T ${heading} {\n  a(): void {}\n${more}}\n`;
const tsBase = (more: string): string =>
  `export abstract class B {\n  abstract a(): void;\n${more}}\n`;
const java = (more: string): string =>
  `package p;\n\npublic interface S {\n    void a();\n${more}}\n`;
const javaType = (heading: string, more: string): string =>
  `package p;\n\n${heading} {\n    public void a() {}\n${more}}\n`;
const python = (more: string): string =>
  `from abc import ABC, abstractmethod\n\n\nclass S(ABC):\n    @abstractmethod\n    def a(self): ...\n${more}`;
const pythonType = (more: string): string =>
  `from s import S\n\n\nclass T(S):\n    def a(self):\n        return 1\n${more}\n\nmade = T()\n`;
const abstract = "\n    @abstractmethod\n    def b(self): ...\n";

describe("A25 (5): a new required member and a new implementation of the other side", () => {
  test.each<[string, Texts, Texts, Texts, string[]]>([
    [
      "a Go interface",
      { ...go, "s/s.go": goInterface("") },
      { "s/s.go": goInterface("\tB()\n") },
      { "t/t.go": goType("") },
      ["signature_drift T.B"],
    ],
    [
      "a Go interface, implemented",
      { ...go, "s/s.go": goInterface("") },
      { "s/s.go": goInterface("\tB()\n") },
      { "t/t.go": goType(""), "t/b.go": "package t\n\nfunc (t *T) B() {}\n" },
      [],
    ],
    [
      "a Go type that embeds another",
      { ...go, "s/s.go": goInterface("") },
      { "s/s.go": goInterface("\tB()\n") },
      { "t/t.go": goType("").replace("struct{}", "struct{ *U }") },
      [],
    ],
    [
      "a Rust trait",
      { ...cargo, "src/s.rs": rust("") },
      { "src/s.rs": rust("    fn b(&self) -> u8;\n") },
      { "src/t.rs": rustType("") },
      ["signature_drift T.b"],
    ],
    [
      "a Rust trait, implemented",
      { ...cargo, "src/s.rs": rust("") },
      { "src/s.rs": rust("    fn b(&self) -> u8;\n") },
      { "src/t.rs": rustType("    fn b(&self) -> u8 {\n        1\n    }\n") },
      [],
    ],
    [
      "a Rust trait with a default",
      { ...cargo, "src/s.rs": rust("") },
      { "src/s.rs": rust("    fn b(&self) -> u8 {\n        1\n    }\n") },
      { "src/t.rs": rustType("") },
      [],
    ],
    [
      "a Rust trait, its member made by a macro",
      { ...cargo, "src/s.rs": rust("") },
      { "src/s.rs": rust("    fn b(&self) -> u8;\n") },
      { "src/t.rs": rustType("    forward!(b);\n") },
      [],
    ],
    [
      "a TypeScript interface",
      { "s.ts": ts("") },
      { "s.ts": ts("  b(): void;\n") },
      { "t.ts": tsType("implements S", "") },
      ["signature_drift T.b"],
    ],
    [
      "a TypeScript interface, an optional member",
      { "s.ts": ts("") },
      { "s.ts": ts("  b?(): void;\n") },
      { "t.ts": tsType("implements S", "") },
      [],
    ],
    [
      "a TypeScript interface, a field",
      { "s.ts": ts("") },
      { "s.ts": ts("  b: string;\n") },
      { "t.ts": tsType("implements S", '  b = "";\n') },
      [],
    ],
    [
      "a TypeScript interface, another base class",
      { "s.ts": ts("") },
      { "s.ts": ts("  b(): void;\n") },
      { "t.ts": tsType("extends B implements S", "") },
      [],
    ],
    [
      "a TypeScript abstract class",
      { "s.ts": tsBase("") },
      { "s.ts": tsBase("  protected abstract b(): void;\n") },
      { "t.ts": tsType("extends B", "") },
      ["signature_drift T.b"],
    ],
    [
      "a TypeScript abstract class, a plain member",
      { "s.ts": tsBase("") },
      { "s.ts": tsBase("  b(): void {}\n") },
      { "t.ts": tsType("extends B", "") },
      [],
    ],
    [
      "a Java interface",
      { "p/S.java": java("") },
      { "p/S.java": java("    int b(int x);\n") },
      { "p/T.java": javaType("class T implements S", "") },
      ["signature_drift T.b"],
    ],
    [
      "a Java interface, a default method",
      { "p/S.java": java("") },
      { "p/S.java": java("    default int b(int x) { return x; }\n") },
      { "p/T.java": javaType("class T implements S", "") },
      [],
    ],
    [
      "a Java interface, an abstract implementation",
      { "p/S.java": java("") },
      { "p/S.java": java("    int b(int x);\n") },
      { "p/T.java": javaType("abstract class T implements S", "") },
      [],
    ],
    [
      "a Java interface, an annotated implementation",
      { "p/S.java": java("") },
      { "p/S.java": java("    int getB();\n") },
      { "p/T.java": javaType("@Data class T implements S", "") },
      [],
    ],
    [
      "a Python class",
      { "s.py": python("") },
      { "s.py": python(abstract) },
      { "t.py": pythonType("") },
      ["signature_drift T.b"],
    ],
    [
      "a Python class, implemented",
      { "s.py": python("") },
      { "s.py": python(abstract) },
      { "t.py": pythonType("\n    def b(self):\n        return 2\n") },
      [],
    ],
    [
      "a Python class without an instance",
      { "s.py": python("") },
      { "s.py": python(abstract) },
      { "t.py": pythonType("").replace("made = T()", "made = T") },
      [],
    ],
  ])("%s", async (_name, base, requiring, adding, expected) => {
    expect(await merge(base, requiring, adding)).toEqual(expected);
    expect(await merge(base, adding, requiring)).toEqual(expected);
  });
});
