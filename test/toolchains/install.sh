#!/bin/sh
# Installs the tools of the toolchain suite into the given folder: a Python environment with pytest,
# coverage, ruff and mypy, and the LiteLLM proxy. Rust and Go are taken from the machine, TypeScript
# and Biome from node_modules, zsh and fish from the system if they can be installed.
set -eu
to=$1
mkdir -p "$to"
python3 -m venv "$to/python"
"$to/python/bin/pip" install --quiet --disable-pip-version-check pytest==8.4.2 pytest-cov==7.0.0 \
  coverage==7.11.3 ruff==0.14.5 mypy==1.18.2
sh "$(dirname "$0")/install-litellm.sh" "$to"
for program in cargo go; do
  command -v "$program" > /dev/null || { echo "$program is not installed" >&2; exit 1; }
done
# Shells for the completion tests; the tests of a missing shell are skipped.
for shell in zsh fish; do
  command -v "$shell" > /dev/null && continue
  apt-get install -y -q --no-install-recommends "$shell" > /dev/null 2>&1 \
    || echo "$shell is not installed: its completions are not tested" >&2
done
