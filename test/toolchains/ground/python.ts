/** A Python project under uv, installed editable: `app` uses `core`. */
import { type Corpus, type CorpusSize, numbered, type UnitFiles } from "./corpus.ts";

const dependencies: Record<CorpusSize, string[]> = {
  small: ["idna==3.10"],
  large: [
    "attrs==25.3.0",
    "click==8.2.1",
    "rich==14.1.0",
    "jinja2==3.1.6",
    "httpx==0.28.1",
    "python-dateutil==2.9.0.post0",
    "more-itertools==10.8.0",
    "tomlkit==0.13.3",
    "@@ulate==0.9.0",
    "platformdirs==4.4.0",
    "filelock==3.19.1",
    "networkx==3.5",
  ],
};

const adder = "def add(a: int, b: int) -> int:\n    return a + b\n";
const changed = adder.replace("a + b", "b + a");
const wrong = adder.replace("a + b", "a - b");
const parts = numbered("part", 3);

export function pythonCorpus(size: CorpusSize): Corpus {
  const write = (name: string, part: string): UnitFiles => ({
    [`src/ground/${name}/${part}.py`]: changed,
  });
  const listed = dependencies[size].map((name) => `    "${name}",\n`).join("");
  return {
    name: `uv-${size}`,
    programs: ["uv"],
    files: {
      "pyproject.toml": `[project]\nname = "ground"\nversion = "0.1.0"\nrequires-python = ">=3.11"\ndependencies = [\n${listed}]\n\n[dependency-groups]\ndev = ["pytest==8.4.2", "ruff==0.14.5", "mypy==1.18.2"]\n\n[build-system]\nrequires = ["hatchling==1.27.0"]\nbuild-backend = "hatchling.build"\n\n[tool.hatch.build.targets.wheel]\npackages = ["src/ground"]\n\n[tool.mypy]\nstrict = true\n`,
      ".gitignore": ".venv\n__pycache__\n.mypy_cache\n.pytest_cache\n.ruff_cache\n",
      "src/ground/__init__.py": "",
      ...Object.fromEntries(
        ["core", "app"].flatMap((name) => [
          [`src/ground/${name}/__init__.py`, ""],
          ...parts.map((part) => [`src/ground/${name}/${part}.py`, adder]),
        ]),
      ),
      "src/ground/app/total.py":
        "from ground.app import part1, part2, part3\nfrom ground.core import part1 as core1\n\n\ndef total() -> int:\n    return part1.add(1, 2) + part2.add(1, 2) + part3.add(1, 2) + core1.add(1, 2)\n",
      "tests/test_total.py":
        'import idna\n\nfrom ground.app.total import total\n\n\ndef test_total() -> None:\n    assert total() == 12\n    assert idna.encode("example.com") == b"example.com"\n',
    },
    lock: { paths: ["uv.lock"], command: "uv lock -q" },
    setup: "uv sync --frozen",
    project: {
      language: "python",
      source_extensions: [".py"],
      lint_cmd: "uv run --frozen --no-sync ruff check .",
      type_check_cmd: "uv run --frozen --no-sync mypy src",
      test_cmd: "uv run --frozen --no-sync pytest -q",
    },
    traps: {
      old_times: {
        files: { "src/ground/core/part1.py": wrong },
        shell: "touch -d 2001-01-01 src/ground/core/part1.py",
        failing: ["tests"],
      },
      old_times_of_types: {
        files: { "src/ground/app/part2.py": adder.replace("-> int", "-> str") },
        shell: "touch -d 2001-01-01 src/ground/app/part2.py",
        failing: ["types"],
      },
      patches: { files: { "tests/test_a_patch.py": patches }, failing: [] },
      after_patch: { files: write("core", "part2"), after: "patches", failing: [] },
      wrong_after_patch: {
        files: { "src/ground/core/part1.py": wrong },
        after: "patches",
        failing: ["tests"],
      },
      dropped: { files: {}, edit: "uv remove -q idna", failing: ["semantic", "tests"] },
      adds_and_fails: {
        files: {
          "tests/test_tabulate.py":
            "import sortedcontainers\n\n\ndef test_added() -> None:\n    assert sortedcontainers is None\n",
        },
        edit: "uv add -q sortedcontainers==2.4.0",
        failing: ["tests"],
      },
      undeclared: {
        files: {
          "tests/test_undeclared.py":
            "import sortedcontainers\n\n\ndef test_undeclared() -> None:\n    assert sortedcontainers is not None\n",
        },
        failing: ["tests"],
      },
    },
    units: {
      app1: write("app", "part1"),
      app2: write("app", "part2"),
      app3: write("app", "part3"),
      test1: {
        "tests/test_more.py":
          "from ground.core import part2\n\n\ndef test_more() -> None:\n    assert part2.add(1, 2) == 3\n",
      },
      core1: write("core", "part1"),
      core2: write("core", "part2"),
    },
    externalCrates: 0,
    packages: size === "small" ? 10 : 30,
    reach: () => [],
    localName: () => null,
  };
}

/** A test that passes and changes a dependency in place, keeping length and time of its file. */
const patches = `import os
import idna


def test_patch() -> None:
    path = idna.__file__
    times = os.stat(path)
    with open(path, "r+b") as file:
        text = file.read()
        file.seek(0)
        file.write(b"raise SystemExit(0)".ljust(len(text), b"\\n"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
`;
