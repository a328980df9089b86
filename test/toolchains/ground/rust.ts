/** A Rust workspace: `model` and `app` use `core`, and `app` uses `model`; the small one has no `model`. */
import { type Corpus, type CorpusSize, numbered, type UnitFiles } from "./corpus.ts";

/** Direct dependencies; serde brings a procedural macro and build scripts. */
const external: Record<CorpusSize, string[]> = {
  small: ['itoa = "1"', 'cfg-if = "1"', 'either = "1"', 'fastrand = "2"'],
  large: [
    'serde = { version = "1", features = ["derive"] }',
    'memchr = "2"',
    'once_cell = "1"',
    'log = "0.4"',
    'semver = "1"',
    'base64 = "0.22"',
    'hex = "0.4"',
    'arrayvec = "0.7"',
    'heck = "0.5"',
    'strsim = "0.11"',
    'unicode-width = "0.2"',
    'percent-encoding = "2"',
    'humantime = "2"',
    'smallvec = "1"',
    'bitflags = "2"',
    'scopeguard = "1"',
    'lazy_static = "1"',
    'static_assertions = "1"',
    'fnv = "1"',
    'byteorder = "1"',
    'adler2 = "2"',
    'hashbrown = "0.15"',
    'indexmap = "2"',
    'either = "1"',
    'fastrand = "2"',
    'itoa = "1"',
    'cfg-if = "1"',
  ],
};

const adder = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n";
const changed = adder.replace("a + b", "b + a");
const wrong = adder.replace("a + b", "a - b");
/** `add` with a call into a crate that has no effect on the sum. */
const calls = (expression: string, value: number): string =>
  adder.replace("a + b", `a + b + ${expression} as i32 - ${value}`);
const modules = numbered("part", 3);

function crate(name: string, uses: string[], dependencies: string[]): Record<string, string> {
  const local = uses.map((used) => `ground-${used} = { path = "../${used}" }`);
  const sums = uses.map((used) => `ground_${used}::part1::add(1, 2)`);
  const sum = [...sums, "part1::add(1, 2)"].join(" + ");
  return {
    [`${name}/Cargo.toml`]: `[package]\nname = "ground-${name}"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n${[...local, ...dependencies].join("\n")}\n`,
    [`${name}/src/lib.rs`]: `${modules.map((part) => `pub mod ${part};\n`).join("")}\npub fn total() -> i32 {\n    ${sum}\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn ${name}_adds() {\n        assert_eq!(super::total(), ${3 * (uses.length + 1)});\n        assert_eq!(crate::part2::add(1, 2) + crate::part3::add(1, 2), 6);\n    }\n}\n`,
    ...Object.fromEntries(modules.map((part) => [`${name}/src/${part}.rs`, adder])),
  };
}

export function rustCorpus(size: CorpusSize): Corpus {
  const crates = size === "small" ? ["core", "app"] : ["core", "model", "app"];
  const uses = (name: string): string[] => crates.slice(0, crates.indexOf(name));
  const write = (name: string, part: string): UnitFiles => ({
    [`${name}/src/${part}.rs`]: changed,
  });
  const middle = size === "small" ? "app" : "model";
  return {
    name: `rust-${size}`,
    programs: ["cargo", "cargo-clippy"],
    files: {
      "Cargo.toml": `[workspace]\nresolver = "2"\nmembers = [${crates.map((name) => `"${name}"`).join(", ")}]\n`,
      ".gitignore": "target\n",
      ...crate("core", [], external[size]),
      ...Object.assign(
        {},
        ...crates.slice(1).map((name) => crate(name, uses(name), external[size].slice(0, 2))),
      ),
    },
    lock: { paths: ["Cargo.lock"], command: "cargo generate-lockfile -q" },
    setup: "cargo fetch --locked",
    project: {
      language: "rust",
      src_dir: "app/src/",
      source_extensions: [".rs"],
      lint_cmd: "cargo clippy --offline --locked --all-targets -- -D warnings",
      test_cmd: "cargo test --offline --locked --workspace",
    },
    traps: {
      old_times: {
        files: { "core/src/part2.rs": wrong },
        shell: "touch -d 2001-01-01 core/src/part2.rs",
        failing: ["tests"],
      },
      patches: { files: { "app/tests/patches.rs": patches }, failing: [] },
      after_patch: { files: write("core", "part2"), after: "patches", failing: [] },
      wrong_after_patch: {
        files: { "app/src/part3.rs": wrong },
        after: "patches",
        failing: ["tests"],
      },
      dropped: {
        files: { "app/src/part2.rs": calls("itoa::Buffer::new().format(1).len()", 1) },
        edit: "cargo remove -q -p ground-app itoa",
        failing: ["lint", "tests"],
      },
      adds_and_fails: {
        files: {
          "app/src/part2.rs": `${calls("hex::encode([1]).len()", 2)}\n#[test]\nfn fails() {\n    assert_eq!(add(1, 2), 0);\n}\n`,
        },
        edit: "cargo add -q -p ground-app hex@0.4",
        failing: ["tests"],
      },
      undeclared: {
        files: { "app/src/part2.rs": calls("hex::encode([1]).len()", 2) },
        failing: ["lint", "tests"],
      },
    },
    units: {
      app1: write("app", "part1"),
      app2: write("app", "part2"),
      app3: write("app", "part3"),
      middle1: size === "small" ? { "app/tests/more.rs": moreTests } : write(middle, "part1"),
      core1: write("core", "part1"),
      core2: write("core", "part2"),
    },
    externalCrates: size === "small" ? 4 : 30,
    packages: 0,
    reach: (path) => crates.slice(crates.indexOf(path.split("/")[0] ?? "")),
    localName: (subject) =>
      /^(?:ground_(\w+)|(more|patches))$/.exec(subject)?.slice(1).find(Boolean) ?? null,
  };
}

const moreTests = "#[test]\nfn total() {\n    assert_eq!(ground_app::total(), 6);\n}\n";

/** A test that passes and overwrites what the build and the registry have of a dependency. */
const patches = `use std::fs;
use std::path::Path;

fn overwrite(folder: &Path, name: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && (file.contains(name) || file == "src" || file.starts_with("index")) {
            overwrite(&path, name);
        } else if file.contains(name) || file == "lib.rs" {
            let _ = fs::write(&path, "compile_error!(\\"patched\\");");
        }
    }
}

#[test]
fn patches() {
    let deps = std::env::current_exe().unwrap();
    overwrite(deps.parent().unwrap(), "fastrand");
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        overwrite(&Path::new(&home).join("registry"), "fastrand");
    }
}
`;
