/** Warnings about imports between independent tasks, in each supported language. */
import { expect, test } from "bun:test";
import { dgov } from "../harness/bin.ts";
import { testRepo } from "../harness/repo.ts";

const task = (key: string, file: string): string => `[tasks.${key}]
summary = "Do ${key}"
prompt = "Orient\\nEdit\\nVerify\\n"
commit_message = "feat: ${key}"
files.edit = ["${file}"]

`;

test.concurrent.each([
  ["TypeScript", "lib/b.ts", 'import { x } from "./a.ts";\n', "lib/a.ts"],
  ["Python", "src/pkg/b.py", "from pkg.a import x\n", "src/pkg/a.py"],
  ["Rust", "src/b.rs", "use crate::a::x;\n", "src/a.rs"],
])(
  "compile warns about an import of an independent task's file in %s, in a project below the repository's root",
  async (_, importer, text, imported) => {
    const at = (path: string): string => `app/${path}`;
    await using repo = await testRepo({
      [at(".dgov/project.toml")]: "",
      [at(".dgov/plans/p/_root.toml")]: '[plan]\nname = "p"\nsections = ["s"]\n',
      [at(".dgov/plans/p/s/main.toml")]: task("one", importer) + task("two", imported),
      [at("Cargo.toml")]: '[package]\nname = "app"\n',
      [at("src/lib.rs")]: "mod a;\nmod b;\n",
      [at("src/pkg/__init__.py")]: "",
      [at(importer)]: text,
      [at(imported)]: "\n",
    });
    const root = `${repo.path}/app`;
    const run = await dgov(["compile", "p", "--dry-run", "--json"], { cwd: root, env: repo.env });
    const { warnings } = JSON.parse(run.stdout) as {
      warnings: { code: string; message: string }[];
    };
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      [
        "independent-import",
        `\`${importer}\` imports \`${imported}\`, which s/main.two may change at the same time`,
      ],
    ]);
  },
);
