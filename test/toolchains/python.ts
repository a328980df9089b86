/** Python with pytest, coverage.py, ruff and mypy. */
import { python, type Toolchain } from "./toolchain.ts";

const adder = "def add(a: int, b: int) -> int:\n    return a + b\n";
const path = 'import sys\n\nsys.path.insert(0, "src")\n';

export const pythonTools: Toolchain = {
  name: "Python with pytest, coverage, ruff and mypy",
  files: {
    "src/good.py": adder,
    "src/tested.py": adder,
    "src/linted.py": adder,
    "src/typed.py": adder,
    "src/formatted.py": adder,
    "src/covered.py": adder,
    // Three diagnostics of the base: an unused import, a wrong type, and unformatted code.
    "src/legacy.py": "import os\n\n\ndef old(a: int) -> str:\n    return a\n\n\nx = [1,2]\n",
    "tests/test_all.py": `${path}from covered import add as covered  # noqa: E402\nfrom tested import add as summed  # noqa: E402\n\n\ndef test_tested() -> None:\n    assert summed(1, 2) == 3\n\n\ndef test_covered() -> None:\n    assert covered(1, 2) == 3\n`,
  },
  project: {
    language: "python",
    source_extensions: [".py"],
    test_cmd: `${python}/pytest -q -p no:cacheprovider {test_dir}`,
    lint_cmd: `${python}/ruff check --no-cache {files}`,
    format_check_cmd: `${python}/ruff format --no-cache --check {files}`,
    type_check_cmd: `${python}/mypy --no-incremental --cache-dir=/dev/null src`,
    coverage_cmd: `${python}/pytest -q -p no:cacheprovider --cov=src --cov-report=json:{output} {test_dir}`,
  },
  legacy: "src/legacy.py",
  good: {
    path: "src/good.py",
    content: "def add(a: int, b: int) -> int:\n    return b + a\n",
    verdict: {},
  },
  bad: {
    tests: {
      path: "src/tested.py",
      content: "def add(a: int, b: int) -> int:\n    return a - b\n",
      verdict: { tests: [/test_tested/], coverage: ["the command fails (exit code 1)"] },
    },
    lint: {
      path: "src/linted.py",
      content: `import os\n\n\n${adder}`,
      verdict: { lint: ["src/linted.py:1 F401"] },
    },
    types: {
      path: "src/typed.py",
      content: "def add(a: int, b: int) -> int:\n    return str(a + b)\n",
      verdict: { types: ["src/typed.py:2 return-value"] },
    },
    format: {
      path: "src/formatted.py",
      content: "def add(a: int,b: int)->int:\n    return a+b\n",
      verdict: { format: [/src\/formatted\.py/] },
    },
    coverage: {
      path: "src/covered.py",
      content: `${adder}\n\ndef sub(a: int, b: int) -> int:\n    if a < b:\n        return 0\n    return a - b\n`,
      verdict: { coverage: ["src/covered.py:null coverage"] },
    },
  },
  red: {
    path: "tests/test_red.py",
    content: "def test_red() -> None:\n    assert 1 == 2\n",
    test: /test_red/,
  },
  env: [],
};
